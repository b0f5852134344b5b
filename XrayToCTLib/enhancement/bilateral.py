"""Bilateral filter."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .context import FilterContext
from .guard import guarded
from .noise import noise_standard_deviation
from .parameters import FilterParameters, parameter

# Pixels on each side beyond which the window is cut, for time.
_LARGEST_RADIUS = 6


@dataclass(frozen=True)
class BilateralParameters(FilterParameters):
    """Strength 0 changes nothing."""

    strength: float = parameter(
        3.0,
        "Grey-level difference that still counts as the same tissue.",
        unit="noise standard deviations",
        minimum=0.0,
        maximum=20.0,
    )
    radius: float = parameter(0.5, "Standard deviation of the spatial weight.", unit="mm", minimum=0.01, maximum=10.0)


@guarded
def bilateral(image: np.ndarray, parameters: BilateralParameters, context: FilterContext) -> np.ndarray:
    """Mean of the neighbours, weighted by nearness and by likeness (Tomasi and Manduchi 1998); OpenCV's.

    The noise is estimated from the image under the mask. Pixels count as square, with the mean of both spacings.

    Args:
        image: (rows, cols).
    """
    import cv2

    noise = noise_standard_deviation(image, context) if parameters.strength > 0 else 0.0
    if noise == 0.0:
        return image
    sigma = parameters.radius / math.sqrt(context.spacing[0] * context.spacing[1])
    radius = min(max(1, round(2.0 * sigma)), _LARGEST_RADIUS)
    # OpenCV scales its table to the span of the values, so no scaling is needed here.
    filtered = cv2.bilateralFilter(image, 2 * radius + 1, parameters.strength * noise, sigma)
    return np.asarray(filtered).reshape(image.shape)
