"""Laplacian pyramid whose levels mirror with the image."""

from __future__ import annotations

import numpy as np


def decompose(image: np.ndarray, levels: int) -> tuple[list[np.ndarray], np.ndarray]:
    """(details from fine to coarse, coarse rest): ``compose`` of both is the image (Burt and Adelson 1983).

    Each level halves the rows and columns (rounded up) by means over blocks rather than by every second sample: a
    mirrored image has the mirrored pyramid.

    Args:
        image: float32 (rows, cols).
    """
    details = []
    for _ in range(levels):
        if max(image.shape) < 2:
            break
        coarse = _reduce(image)
        details.append(image - expand(coarse, image.shape))
        image = coarse
    return details, image


def compose(details: list[np.ndarray], rest: np.ndarray) -> np.ndarray:
    """float32 (rows, cols), the sum of all levels."""
    for detail in reversed(details):
        rest = expand(rest, detail.shape)
        rest += detail
    return rest


def expand(coarse: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A level on the grid of the finer one, smooth."""
    import cv2

    finer = cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.array(cv2.GaussianBlur(finer, (5, 5), 1.0), np.float32).reshape(shape)


def _reduce(image: np.ndarray) -> np.ndarray:
    import cv2

    shape = ((image.shape[0] + 1) // 2, (image.shape[1] + 1) // 2)
    smooth = cv2.GaussianBlur(image, (5, 5), 0.8)
    return np.asarray(cv2.resize(smooth, shape[::-1], interpolation=cv2.INTER_AREA)).reshape(shape)
