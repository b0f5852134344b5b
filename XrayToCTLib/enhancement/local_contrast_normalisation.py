"""Local-contrast normalisation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .context import FilterContext
from .guard import guarded
from .parameters import FilterParameters, parameter
from .smoothing import mask_weight, masked_gaussian


@dataclass(frozen=True)
class LocalContrastNormalisationParameters(FilterParameters):
    """Strength 0 changes nothing."""

    radius: float = parameter(20.0, "Standard deviation of the surroundings.", unit="mm", minimum=0.1, maximum=500.0)
    strength: float = parameter(0.5, "Share of the normalised image in the result.", minimum=0.0, maximum=1.0)
    floor: float = parameter(
        0.25,
        "Local contrast below this share of the image's own is not lifted to the full: it is noise.",
        minimum=0.01,
        maximum=10.0,
    )


@guarded
def local_contrast_normalisation(
    image: np.ndarray, parameters: LocalContrastNormalisationParameters, context: FilterContext
) -> np.ndarray:
    """(value - local mean) / (local standard deviation + floor), given the mean and deviation of the whole image.

    Jarrett et al., ICCV 2009, with Gaussian surroundings under the mask. Not clipped.

    Args:
        image: (rows, cols).
    """
    if parameters.strength == 0.0:
        return image
    inside = context.inside(image)
    mean, deviation = float(inside.mean(dtype=np.float64)), float(inside.std(dtype=np.float64))
    if deviation == 0.0:
        return image
    # Centred first: the variance is a difference of squares, and float32 has but seven digits.
    centred = image - np.float32(mean)
    local = masked_gaussian(centred, parameters.radius, context)
    centred -= local
    variance = masked_gaussian(np.square(centred), parameters.radius, context)
    spread = np.sqrt(np.maximum(variance, 0.0, out=variance), out=variance)
    spread += np.float32(parameters.floor * deviation)
    centred *= np.float32(deviation * (1.0 + parameters.floor))
    centred /= spread
    centred += np.float32(mean)
    centred -= image
    centred *= np.float32(parameters.strength)
    centred *= mask_weight(image.shape, context)
    centred += image
    return centred
