"""The generalised Anscombe transform for Poisson-Gaussian noise, and the noise model that it needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .context import FilterContext
from .noise import noise_residual

_SQRT_3_2 = 1.224744871391589
_GROUPS = 32
# Side of the blocks in which noise is measured.
_BLOCK = 8


@dataclass(frozen=True, slots=True)
class PoissonGaussian:
    """Noise whose variance is ``gain * value + variance``; a negative gain is noise that grows as the value falls.

    Attributes:
        gain: value units per quantum.
        variance: value units squared, at value 0.
    """

    gain: float
    variance: float

    @property
    def zero(self) -> float:
        """The value at which the variance would be 0: there are no quanta."""
        return -self.variance / self.gain


def forward(image: np.ndarray, gain: float, sigma: float) -> np.ndarray:
    """Values with noise of standard deviation about 1 (Murtagh, Starck and Bijaoui 1995).

    Args:
        image: (rows, cols), gain times a Poisson number plus Gaussian noise.
        gain: positive.
        sigma: standard deviation of the Gaussian part, in the image's unit.
    """
    scaled = image * np.float32(1.0 / gain)
    scaled += np.float32(0.375 + (sigma / gain) ** 2)
    np.maximum(scaled, 0.0, out=scaled)
    np.sqrt(scaled, out=scaled)
    scaled *= np.float32(2.0)
    return scaled


def exact_unbiased_inverse(transformed: np.ndarray, gain: float, sigma: float) -> np.ndarray:
    """The expected value of the image of which ``transformed`` is the expected transform.

    Closed form of Makitalo and Foi (IEEE Trans. Image Processing 22, 2013), held from below at no quanta.
    """
    value = np.maximum(transformed, np.float32(2.0 * np.sqrt(0.375 + (sigma / gain) ** 2)))
    inverse = 1.0 / value
    result = inverse * np.float32(0.625 * _SQRT_3_2)
    result -= np.float32(1.375)
    result *= inverse
    result += np.float32(0.25 * _SQRT_3_2)
    result *= inverse
    np.square(value, out=value)
    value *= np.float32(0.25)
    result += value
    result -= np.float32(0.125 + (sigma / gain) ** 2)
    np.maximum(result, 0.0, out=result)
    result *= np.float32(gain)
    return result


def estimate_noise(image: np.ndarray, context: FilterContext) -> PoissonGaussian:
    """The line through noise variance against value (Foi et al., IEEE Trans. Image Processing 17, 2008, in short).

    Blocks of 8 x 8 pixels under the mask are sorted into 32 groups by their mean; a group's variance comes from the
    quieter half of its blocks, corrected for that choice, so that edges count little; groups are weighted by the
    certainty of their variance.
    """
    means, powers = _blocks(image, context)
    if means.size < 2 * _GROUPS:
        return PoissonGaussian(0.0, float(powers.mean()) if powers.size else 0.0)
    order = np.argsort(means, kind="stable")
    values, variances = [], []
    for group in np.array_split(order, _GROUPS):
        chosen = powers[group]
        values.append(float(means[group].mean()))
        variances.append(float(np.median(chosen)))
    value, variance = np.array(values), np.array(variances)
    if not variance.any():
        return PoissonGaussian(0.0, 0.0)
    weight = 1.0 / np.maximum(variance, variance.max() * 1e-3)
    for _ in range(8):  # reweighted against groups that hold structure
        gain, offset = np.polyfit(value, variance, 1, w=weight)
        fit = np.maximum(gain * value + offset, variance.max() * 1e-3)
        weight = 1.0 / (fit * (1.0 + (np.maximum(variance - fit, 0.0) / (0.2 * fit)) ** 2))
    return PoissonGaussian(float(gain), float(offset))


def _blocks(image: np.ndarray, context: FilterContext) -> tuple[np.ndarray, np.ndarray]:
    """(mean, noise variance) of each block that lies under the mask."""
    rows, cols = (count // _BLOCK for count in image.shape)
    shape = (rows, _BLOCK, cols, _BLOCK)
    whole = np.s_[: rows * _BLOCK, : cols * _BLOCK]
    if rows == 0 or cols == 0:
        return np.array([]), np.array([])
    means = image[whole].reshape(shape).mean(axis=(1, 3))
    powers = np.square(noise_residual(image)[whole]).reshape(shape).mean(axis=(1, 3))
    if context.mask is None:
        return means.ravel(), powers.ravel()
    inside = context.mask[whole].reshape(shape).all(axis=(1, 3))
    return means[inside], powers[inside]
