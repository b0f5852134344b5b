"""Bland-Altman analysis: how two measurements of the same thing disagree, and whether that depends on its size.

J. M. Bland, D. G. Altman: Statistical methods for assessing agreement between two methods of clinical measurement,
Lancet 327, 1986. The differences of neighbouring voxels are not independent, so the limits describe the spread of
voxels; no confidence interval of the bias follows from their number.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .illustration import quantity
from .metrics import check_comparable

_LIMITS = 1.96  # standard deviations: 95 of 100 differences when they are normal


@dataclass(frozen=True, slots=True, eq=False)
class BlandAltman:
    """Agreement of a result with its reference.

    Attributes:
        bias: mean of result - reference, in the images' unit.
        low, high: limits of agreement, bias -/+ 1.96 standard deviations (n - 1).
        within: share of the voxels between the limits, 0..1.
        n: voxels that went into the numbers above.
        mean, difference: (points,) of a random sample of the voxels, for a plot.
    """

    bias: float
    low: float
    high: float
    within: float
    n: int
    mean: np.ndarray
    difference: np.ndarray

    def sentence(self, unit: str) -> str:
        """ "Mean difference -3.2 HU, limits of agreement -210 to 204 HU, 94.8 % of 51200 voxels within." """
        return (
            f"Mean difference {quantity(self.bias, unit)}, limits of agreement {self.low:.3g} to "
            f"{quantity(self.high, unit)}, {100 * self.within:.1f} % of {self.n} voxels within."
        )


def bland_altman(
    result: np.ndarray,
    reference: np.ndarray,
    mask: np.ndarray | None = None,
    *,
    points: int = 2000,
    seed: int = 0,
) -> BlandAltman:
    """Analyse the voxels of two images of one shape, those of ``mask`` alone when it is given.

    Args:
        result, reference: (rows, cols) or (slabs, rows, cols), one unit.
        mask: bool, same shape.
        points: size of the sample for the plot, at most.
        seed: of the sample, so that a page can be made again.

    Raises:
        XrayToCTError: shapes that differ, or a mask without a voxel.
    """
    check_comparable(result, reference, mask)
    chosen = np.ones(np.shape(result), bool) if mask is None else np.asarray(mask, bool)
    a, b = (np.asarray(image)[chosen].astype(np.float64) for image in (result, reference))
    difference = a - b
    bias = float(difference.mean())
    spread = float(difference.std(ddof=1)) if difference.size > 1 else 0.0
    low, high = bias - _LIMITS * spread, bias + _LIMITS * spread
    drawn = (
        np.arange(difference.size)
        if difference.size <= points
        else np.sort(np.random.default_rng(seed).choice(difference.size, points, replace=False))
    )
    return BlandAltman(
        bias=bias,
        low=low,
        high=high,
        within=float(((difference >= low) & (difference <= high)).mean()),
        n=difference.size,
        mean=((a + b) / 2)[drawn],
        difference=difference[drawn],
    )
