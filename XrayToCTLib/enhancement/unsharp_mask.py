"""Unsharp mask."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .context import FilterContext
from .guard import guarded
from .parameters import FilterParameters, parameter
from .smoothing import gaussian


@dataclass(frozen=True)
class UnsharpMaskParameters(FilterParameters):
    """Amount 0 changes nothing."""

    radius: float = parameter(
        1.0, "Standard deviation of the blurred image that is subtracted.", unit="mm", minimum=0.01, maximum=100.0
    )
    amount: float = parameter(0.8, "How many times the difference is added.", minimum=0.0, maximum=10.0)


@guarded
def unsharp_mask(image: np.ndarray, parameters: UnsharpMaskParameters, context: FilterContext) -> np.ndarray:
    """image + amount * (image - blurred image), not clipped. Borders are mirrored.

    Args:
        image: (rows, cols).
    """
    if parameters.amount == 0.0:
        return image
    detail = image - gaussian(image, parameters.radius, context)
    detail *= np.float32(parameters.amount)
    detail += image
    return detail
