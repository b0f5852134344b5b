"""Grey-level histograms and curves with 65,536 bins over the value range."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .context import FilterContext

BINS = 65536


def histogram(image: np.ndarray, context: FilterContext) -> np.ndarray:
    """Counts (65536,) float64 of an image's values under the mask; values beyond the range count at its ends.

    One level is one bin for integers of up to 16 bits that fill their range.
    """
    levels = to_levels(image, context)
    return np.bincount(context.inside(levels), minlength=BINS).astype(np.float64)


def to_levels(image: np.ndarray, context: FilterContext) -> np.ndarray:
    """uint16 (rows, cols): the value range stretched over 0..65535, rounded."""
    import cv2

    scale = (BINS - 1) / context.span
    levels = cv2.addWeighted(image, scale, image, 0.0, -context.value_range[0] * scale, dtype=cv2.CV_16U)
    return np.asarray(levels).reshape(image.shape)


def from_levels(levels: np.ndarray, context: FilterContext) -> np.ndarray:
    """The inverse of ``to_levels``: float32 (rows, cols)."""
    import cv2

    values = cv2.addWeighted(levels, context.span / (BINS - 1), levels, 0.0, context.value_range[0], dtype=cv2.CV_32F)
    return np.asarray(values).reshape(levels.shape)


@dataclass(frozen=True, slots=True, eq=False)
class GreyCurve:
    """A curve given at the 65,536 bins, continued linearly between them.

    Attributes:
        values: (65536,), output at each bin, in the image's own unit.
    """

    values: np.ndarray

    def __call__(self, image: np.ndarray, context: FilterContext) -> np.ndarray:
        """float32 (rows, cols); ends of the curve hold beyond the range."""
        levels = to_levels(image, context)
        table = self.values.astype(np.float32)
        return np.asarray(table[levels])


def quantiles(image: np.ndarray, shares: np.ndarray, context: FilterContext) -> np.ndarray:
    """Values below which the given shares (0..1) of the pixels under the mask lie, to one bin of 65,536.

    A share of 0 gives the darkest value that is there.
    """
    cumulative = np.cumsum(histogram(image, context))
    # Half a pixel at least, so that a share of 0 is the darkest level that is there.
    bins = np.searchsorted(cumulative, np.maximum(np.asarray(shares) * cumulative[-1], 0.5), side="left")
    low = context.value_range[0]
    return low + np.minimum(bins, BINS - 1) * (context.span / (BINS - 1))
