"""Resample: between the radiograph's grid and the network's, with the outer edges of both kept in one place.

Both grids cover the same rectangle: pixel EDGES align, not centres, so nothing shifts however the sizes differ.
"""

from __future__ import annotations

from typing import Any

import numpy as np

SMALLEST = 32  # pixels an axis: below, the network has nothing left at its coarsest level


def network_shape(shape: tuple[int, int], spacing: tuple[float, float], grid: tuple[float, float]) -> tuple[int, int]:
    """(rows, cols) at which an image of ``shape`` and ``spacing`` (mm) has about the network's grid spacing (mm)."""
    rows, cols = (max(SMALLEST, round(n * mm / step)) for n, mm, step in zip(shape, spacing, grid, strict=True))
    return rows, cols


def resample(image: np.ndarray, shape: tuple[int, int], out: np.ndarray | None = None) -> np.ndarray:
    """Resample one image onto ``shape``, each axis by its own factor.

    An axis that shrinks is averaged over areas (no aliasing), one that grows is interpolated linearly.

    Args:
        image: float32 (rows, cols).
        shape: (rows, cols) wanted.
        out: float32 of ``shape``, C-contiguous, to write into; made when None.

    Returns:
        ``out``.
    """
    import cv2

    if out is None:
        out = np.empty(shape, np.float32)
    # cv2's INTER_AREA turns into another interpolation when either axis grows, so the axes that shrink go first.
    smaller = (min(shape[0], image.shape[0]), min(shape[1], image.shape[1]))
    if smaller == shape:
        _resize(cv2, image, shape, cv2.INTER_AREA, out)
        return out
    if smaller != image.shape:
        image = cv2.resize(image, (smaller[1], smaller[0]), interpolation=cv2.INTER_AREA)
    _resize(cv2, image, shape, cv2.INTER_LINEAR, out)
    return out


def pad_to_multiple(image: np.ndarray, multiple: int) -> np.ndarray:
    """Replicate the bottom and right edges until rows and cols are multiples of ``multiple``; (rows, cols) in, out."""
    rows, cols = image.shape
    return np.pad(image, ((0, -rows % multiple), (0, -cols % multiple)), mode="edge")


def _resize(cv2: Any, image: np.ndarray, shape: tuple[int, int], interpolation: int, out: np.ndarray) -> None:
    result = cv2.resize(image, (shape[1], shape[0]), dst=out, interpolation=interpolation)
    if result is not out:  # cv2 makes an array of its own when it cannot write into the one given
        out[...] = result
