"""TrustMap: where, and by how much, a stack is to be doubted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .errors import XrayToCTError


@dataclass(frozen=True, slots=True, eq=False)
class TrustMap:
    """A picture over the field of a stack: its outer edges are those of the radiograph, its pixels may be coarser.

    Attributes:
        name: for programs, such as "reprojection"; keep names stable.
        title: for people.
        unit: of the values, such as "HU".
        values: float32, finite, shape (1, rows, cols) for one value a ray, or (slabs, rows, cols).
        spacing: (row, column) in mm.
        limits: the values that the colours' ends stand for.
        explanation: what the map is and what it is not, in sentences.
    """

    name: str
    title: str
    unit: str
    values: np.ndarray
    spacing: tuple[float, float]
    limits: tuple[float, float]
    explanation: str

    def __post_init__(self) -> None:
        values, (low, high) = self.values, self.limits
        usable = values.ndim == 3 and values.dtype == np.float32 and min(values.shape) > 0
        if not usable or not np.isfinite(values).all() or not low < high:
            raise XrayToCTError(
                f"The map {self.name} must be finite float32 (slabs, rows, cols) with limits that rise, not "
                f"{values.dtype} {values.shape} within {low:g} to {high:g}.",
                hint="Make the map again.",
            )

    @property
    def signed(self) -> bool:
        """Whether 0 is the middle of the colours: too little on one side, too much on the other."""
        return self.limits[0] < 0 < self.limits[1]
