"""Tiles: neighbourhood filters piece by piece, so that the pieces stay in the processor's cache."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

_SIDE = 256


def in_tiles(function: Callable[[np.ndarray], np.ndarray], image: np.ndarray, reach: int) -> np.ndarray:
    """``function`` of the whole image, exactly, if no output pixel depends on inputs further away than ``reach``.

    Args:
        function: (rows, cols) -> (rows, cols).
        image: float32 (rows, cols).
        reach: pixels.
    """
    rows, cols = image.shape
    result = np.empty_like(image)
    for top in range(0, rows, _SIDE):
        for left in range(0, cols, _SIDE):
            bottom, right = min(top + _SIDE, rows), min(left + _SIDE, cols)
            above, before = max(top - reach, 0), max(left - reach, 0)
            part = image[above : min(bottom + reach, rows), before : min(right + reach, cols)]
            done = function(np.ascontiguousarray(part))
            result[top:bottom, left:right] = done[top - above : bottom - above, left - before : right - before]
    return result
