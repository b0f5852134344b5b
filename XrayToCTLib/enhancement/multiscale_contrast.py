"""Multi-scale contrast: faint structures of every size are lifted, strong ones kept, as radiography consoles do."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .context import FilterContext
from .guard import guarded
from .noise import noise_standard_deviation
from .parameters import FilterParameters, parameter
from .pyramid import compose, decompose
from .smoothing import mask_weight, masked_gaussian


@dataclass(frozen=True)
class MultiscaleContrastParameters(FilterParameters):
    """Strength 0 without latitude changes nothing."""

    strength: float = parameter(
        0.25, "How far faint contrasts are lifted towards strong ones: 1 minus the exponent.", minimum=0.0, maximum=0.9
    )
    coarsest: float = parameter(
        40.0, "Size of the largest structures that are lifted.", unit="mm", minimum=0.1, maximum=500.0
    )
    latitude: float = parameter(
        0.3, "Share by which the coarse rest (thick against thin) is compressed.", minimum=0.0, maximum=1.0
    )
    noise_protection: float = parameter(
        3.0,
        "Contrasts below this are lifted less: they are noise.",
        unit="noise standard deviations",
        minimum=0.0,
        maximum=20.0,
    )


@guarded
def multiscale_contrast(
    image: np.ndarray, parameters: MultiscaleContrastParameters, context: FilterContext
) -> np.ndarray:
    """Coefficients c of a Laplacian pyramid become c * (|c| / M)^-strength (Vuylsteke and Schoeters, SPIE 2167, 1994).

    M is the 99.9th percentile of |c| over all levels under the mask; contrasts below M / 30 share the gain of M / 30,
    and those at the level of the noise (which falls by half from one level to the next) are lifted less. Not clipped.

    Args:
        image: (rows, cols).
    """
    if parameters.strength == 0.0 and parameters.latitude == 0.0:
        return image
    step = math.sqrt(context.spacing[0] * context.spacing[1])
    levels = max(1, round(math.log2(max(2.0, parameters.coarsest / step))))
    filled = _without_collimation(image, parameters.coarsest / 4.0, context)
    details, rest = decompose(filled, levels)
    if parameters.strength > 0.0 and details:
        largest = _largest(details, context)
        noise = noise_standard_deviation(image, context) * parameters.noise_protection
        for level, detail in enumerate(details):
            _lift(detail, parameters.strength, largest, noise / 2.0**level)
    if parameters.latitude > 0.0:
        middle = float(context.inside(image).mean(dtype=np.float64))
        rest = rest + np.float32(parameters.latitude) * (np.float32(middle) - rest)
    change = compose(details, rest)
    change -= filled
    change *= mask_weight(image.shape, context)
    change += image
    return change


def _without_collimation(image: np.ndarray, sigma_mm: float, context: FilterContext) -> np.ndarray:
    """The image continued smoothly beyond the mask, so that the border of the collimation is no contrast."""
    if context.mask is None or context.mask.all() or not context.mask.any():
        return image
    mean = np.float32(context.inside(image).mean(dtype=np.float64))
    centred = np.where(context.mask, image - mean, np.float32(0.0))
    wide = masked_gaussian(centred, sigma_mm, context)
    return np.where(context.mask, image, wide + mean)


def _lift(detail: np.ndarray, strength: float, largest: float, noise: float) -> None:
    """Multiplies the coefficients by their gain, in place."""
    import cv2

    if largest == 0.0:
        return
    size = np.abs(detail)
    gain = np.clip(size, np.float32(largest / 30.0), np.float32(largest))
    gain *= np.float32(1.0 / largest)
    gain = np.asarray(cv2.pow(gain, -strength), np.float32).reshape(detail.shape)
    if noise > 0.0:
        np.square(size, out=size)
        gain -= np.float32(1.0)
        gain *= size
        size += np.float32(noise * noise)
        gain /= size
        gain += np.float32(1.0)
    detail *= gain


def _largest(details: list[np.ndarray], context: FilterContext) -> float:
    """The 99.9th percentile of the coefficients' size under the mask, of the level where it is largest."""
    import cv2

    largest = 0.0
    for detail in details[1:] or details:  # the finest level is noise and four times as large as all the others
        size = np.abs(detail)
        if context.mask is not None:
            share = cv2.resize(context.mask.astype(np.float32), detail.shape[::-1], interpolation=cv2.INTER_AREA)
            mask = np.asarray(share).reshape(detail.shape) > 0.99
            size = size[mask] if mask.any() else size
        largest = max(largest, float(np.quantile(size, 0.999)))
    return largest
