"""Contrast stretch between two percentiles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import XrayToCTError
from .context import FilterContext
from .grey_curve import quantiles
from .guard import guarded
from .parameters import FilterParameters, parameter


@dataclass(frozen=True)
class ContrastStretchParameters(FilterParameters):
    """Strength 0 changes nothing."""

    low_percentile: float = parameter(
        0.5, "Share of the pixels that becomes black.", unit="%", minimum=0.0, maximum=100.0
    )
    high_percentile: float = parameter(
        99.5, "Share of the pixels below the value that becomes white.", unit="%", minimum=0.0, maximum=100.0
    )
    strength: float = parameter(1.0, "Share of the stretched image in the result.", minimum=0.0, maximum=1.0)

    def __post_init__(self) -> None:
        FilterParameters.__post_init__(self)
        if self.low_percentile >= self.high_percentile:
            raise XrayToCTError(
                f"The low percentile {self.low_percentile:g} is not below the high one {self.high_percentile:g}.",
                hint="Lower the first or raise the second.",
            )


@guarded
def contrast_stretch(image: np.ndarray, parameters: ContrastStretchParameters, context: FilterContext) -> np.ndarray:
    """Linear from two percentiles of the pixels under the mask to the ends of the value range, clipped. Monotone.

    Args:
        image: (rows, cols).
    """
    if parameters.strength == 0.0:
        return image
    shares = np.array([parameters.low_percentile, parameters.high_percentile]) / 100.0
    dark, bright = quantiles(image, shares, context)
    if bright <= dark:
        return image
    low, high = context.value_range
    gain = context.span / (bright - dark)
    stretched = image * np.float32(gain)
    stretched += np.float32(low - dark * gain)
    np.clip(stretched, low, high, out=stretched)
    if parameters.strength < 1.0:
        stretched += np.float32(1.0 - parameters.strength) * (image - stretched)
    return stretched
