"""Tolerance: how far the HU of two backends may lie apart for the same card, weights and image.

Measured on chest radiographs with a trained model: single precision agrees to 0.01 HU. bfloat16 keeps 8 bits, so a
slab of air, -1 in the network's unit, is itself known to 2 HU only: 1 to 2 HU in the mean, 5 to 8 HU for one pixel in a
hundred, and 10 to 20 HU at single pixels on edges.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SINGLE_LARGEST_HU = 2.0
HALF_MEAN_HU = 5.0
HALF_LARGEST_HU = 50.0  # beyond it something is broken, whatever the mean says


@dataclass(frozen=True, slots=True)
class Difference:
    """Of a stack from another one, absolute, in HU, within the card's window."""

    mean_hu: float
    largest_hu: float

    def fault(self, precision: str) -> str:
        """What is too large for this precision, as a clause; "" when nothing is."""
        if precision == "fp32":
            if not self.largest_hu <= SINGLE_LARGEST_HU:
                return f"its HU differ by up to {self.largest_hu:.1f} ({SINGLE_LARGEST_HU:g} are allowed)"
        elif not (self.mean_hu <= HALF_MEAN_HU and self.largest_hu <= HALF_LARGEST_HU):
            return (
                f"its HU differ by {self.mean_hu:.1f} in the mean and by up to {self.largest_hu:.1f} "
                f"({HALF_MEAN_HU:g} and {HALF_LARGEST_HU:g} are allowed)"
            )
        return ""


def difference(hu: np.ndarray, reference: np.ndarray) -> Difference:
    """Of two stacks in HU; infinite where one of them is not finite."""
    if not (np.isfinite(hu).all() and np.isfinite(reference).all()):
        return Difference(float("inf"), float("inf"))
    distance = np.abs(hu - reference)
    return Difference(float(distance.mean()), float(distance.max()))
