"""Wavelet denoising."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .context import FilterContext
from .guard import guarded
from .noise import noise_standard_deviation
from .parameters import FilterParameters, parameter

_SPLINE = np.array([1, 4, 6, 4, 1], np.float32) / 16.0


@dataclass(frozen=True)
class WaveletParameters(FilterParameters):
    """Strength 0 changes nothing."""

    strength: float = parameter(
        1.0, "Noise that is taken out.", unit="noise standard deviations", minimum=0.0, maximum=10.0
    )
    levels: int = parameter(
        4, "Scales, each twice as coarse as the one before; the first is one pixel.", minimum=1, maximum=6
    )


@guarded
def wavelet(image: np.ndarray, parameters: WaveletParameters, context: FilterContext) -> np.ndarray:
    """Each coefficient shrunk by the share of noise in its surroundings (Mihçak, Kozintsev and Ramchandran 1999).

    Isotropic undecimated wavelets of the cubic spline, the starlet (Starck and Murtagh 2006): no blocks, no preferred
    direction, the same for a mirrored image. The noise is estimated from the image under the mask.

    Args:
        image: (rows, cols).
    """
    noise = parameters.strength * noise_standard_deviation(image, context) if parameters.strength > 0 else 0.0
    if noise == 0.0:
        return image
    return shrink(image, noise, parameters.levels)


def shrink(image: np.ndarray, noise: float, levels: int) -> np.ndarray:
    """float32 (rows, cols) without white noise of the given standard deviation."""
    import cv2

    result, coarse = np.zeros_like(image), image
    for kernel, gain in zip(_kernels(levels), noise_gains(levels), strict=True):
        smooth = np.asarray(cv2.sepFilter2D(coarse, cv2.CV_32F, kernel, kernel)).reshape(image.shape)
        detail = coarse - smooth
        side = min(2 * len(kernel) // 4 * 2 + 1, 15)
        power = np.asarray(cv2.sqrBoxFilter(detail, cv2.CV_32F, (side, side))).reshape(image.shape)
        floor = np.float32((gain * noise) ** 2)
        # Wiener: signal power over all power, where signal is what the surroundings hold beyond the noise.
        np.maximum(power, floor, out=power)
        np.divide(floor, power, out=power)
        np.subtract(np.float32(1.0), power, out=power)
        result += power * detail
        coarse = smooth
    result += coarse
    return result


def noise_gains(levels: int) -> list[float]:
    """Standard deviation of each scale's coefficients of white noise with standard deviation 1."""
    import cv2

    side = 8 * 2**levels + 1
    coarse = np.zeros((side, side), np.float32)
    coarse[side // 2, side // 2] = 1.0
    gains = []
    for kernel in _kernels(levels):
        smooth = cv2.sepFilter2D(coarse, cv2.CV_32F, kernel, kernel)
        gains.append(float(np.sqrt(np.square(coarse - smooth).sum())))
        coarse = np.asarray(smooth)
    return gains


def _kernels(levels: int) -> list[np.ndarray]:
    """The spline's kernel with holes: its taps 1, 2, 4... pixels apart."""
    kernels = []
    for level in range(levels):
        kernel = np.zeros(4 * 2**level + 1, np.float32)
        kernel[:: 2**level] = _SPLINE
        kernels.append(kernel)
    return kernels
