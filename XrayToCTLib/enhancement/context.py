"""What a filter may know of an image besides its pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..errors import XrayToCTError


@dataclass(frozen=True, slots=True, eq=False)
class FilterContext:
    """Geometry, mask and range of the image that a filter is given.

    Attributes:
        spacing: (row, column) distance between pixel centres in mm.
        mask: bool (rows, cols), True where statistics are taken; None for the whole image.
        value_range: (low, high) that the input's type or stored bits can hold; for floating-point images, the
            smallest and largest value.

    Raises:
        XrayToCTError: spacing not positive, mask not a bool image, or range not finite or descending.
    """

    spacing: tuple[float, float]
    mask: np.ndarray | None
    value_range: tuple[float, float]

    def __post_init__(self) -> None:
        if not all(math.isfinite(step) and step > 0 for step in self.spacing):
            raise XrayToCTError(
                f"A pixel spacing of {self.spacing} mm is impossible.", hint="Give (row, column) in mm, both positive."
            )
        low, high = self.value_range
        if not (math.isfinite(low) and math.isfinite(high) and low <= high):
            raise XrayToCTError(
                f"A value range of {self.value_range} is impossible.", hint="Give (low, high), finite, low first."
            )
        if self.mask is not None and (self.mask.ndim != 2 or self.mask.dtype != np.bool_):
            raise XrayToCTError(
                f"A mask must be bool (rows, cols), not {self.mask.dtype} {self.mask.shape}.",
                hint="Make it with XrayToCTLib.enhancement.mask.anatomy_mask, or pass None.",
            )

    @property
    def span(self) -> float:
        """high - low of the value range."""
        return self.value_range[1] - self.value_range[0]

    def pixels(self, mm: float) -> tuple[float, float]:
        """A length in mm as (row, column) pixels."""
        return mm / self.spacing[0], mm / self.spacing[1]

    def inside(self, image: np.ndarray) -> np.ndarray:
        """The values of ``image`` under the mask, one-dimensional; all of them where the mask is empty or absent."""
        if self.mask is None:
            return image.ravel()
        values = image[self.mask]
        return values if values.size else image.ravel()
