"""Non-local means."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from .context import FilterContext
from .grey_curve import from_levels, to_levels
from .guard import guarded
from .noise import noise_standard_deviation
from .parameters import FilterParameters, parameter

_PATCH = 5
_LARGEST_SEARCH = 15


@dataclass(frozen=True)
class NonLocalMeansParameters(FilterParameters):
    """Strength 0 changes nothing."""

    strength: float = parameter(
        1.0,
        "Difference between patches that still counts as alike.",
        unit="noise standard deviations",
        minimum=0.0,
        maximum=10.0,
    )
    search: float = parameter(
        2.0, "Side of the window that is searched, at most 15 pixels.", unit="mm", minimum=0.01, maximum=100.0
    )


@guarded
def non_local_means(image: np.ndarray, parameters: NonLocalMeansParameters, context: FilterContext) -> np.ndarray:
    """Mean of the pixels whose 5 x 5 surroundings look alike (Buades, Coll and Morel 2005); OpenCV's, 16 bit, L1.

    The noise is estimated from the image under the mask.

    Args:
        image: (rows, cols).
    """
    import cv2

    noise = noise_standard_deviation(image, context) if parameters.strength > 0 else 0.0
    if noise == 0.0:
        return image
    # The values that are there, stretched over 16 bits, so that no range leaves the noise below one level.
    own = replace(context, value_range=(float(image.min()), float(image.max())))
    if own.span == 0.0:
        return image
    step = math.sqrt(context.spacing[0] * context.spacing[1])
    search = min(2 * max(1, round(parameters.search / step / 2)) + 1, _LARGEST_SEARCH)
    # Two patches of noise alone differ by 2/sqrt(pi) standard deviations in the mean.
    width = parameters.strength * noise * 65535.0 / own.span
    levels = cv2.fastNlMeansDenoising(
        to_levels(image, own), h=[width], templateWindowSize=_PATCH, searchWindowSize=search, normType=cv2.NORM_L1
    )
    return from_levels(np.asarray(levels).reshape(image.shape), own)
