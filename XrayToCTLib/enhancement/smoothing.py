"""Gaussian smoothing in mm, as fast for a width of 50 mm as for one of 1 mm."""

from __future__ import annotations

import numpy as np

from .context import FilterContext

# Pixels of a standard deviation beyond which the image is reduced before it is smoothed.
_WIDEST = 8.0
_EMPTY = 1e-4
_RAMP_MM = 3.0


def gaussian(image: np.ndarray, sigma_mm: float, context: FilterContext) -> np.ndarray:
    """Smoothed float32 (rows, cols); borders are mirrored.

    Widths above 8 pixels are smoothed on a reduced grid: within 1 % of the image's range of the exact result.
    """
    import cv2

    shape, steps, reduced = _reduced(image, sigma_mm, context)
    rows, cols = (max(sigma_mm / step, 1e-3) for step in steps)
    smooth = cv2.GaussianBlur(reduced, (0, 0), sigmaX=cols, sigmaY=rows).reshape(shape)
    if shape == image.shape:
        return np.asarray(smooth)
    return np.asarray(cv2.resize(smooth, image.shape[::-1], interpolation=cv2.INTER_LINEAR)).reshape(image.shape)


def masked_gaussian(image: np.ndarray, sigma_mm: float, context: FilterContext) -> np.ndarray:
    """As ``gaussian``, of the pixels under the mask alone (normalised convolution, Knutsson and Westin 1993).

    Far from the mask the image's own values stand.
    """
    if context.mask is None or context.mask.all() or not context.mask.any():
        return gaussian(image, sigma_mm, context)
    weight = context.mask.astype(np.float32)
    share = gaussian(weight, sigma_mm, context)
    smooth = gaussian(image * weight, sigma_mm, context)
    return np.where(share > _EMPTY, smooth / np.maximum(share, _EMPTY), image)


def mask_weight(shape: tuple[int, ...], context: FilterContext) -> np.ndarray:
    """float32 (rows, cols), 1 on anatomy and 0 well outside the mask: what keeps collimation black or white.

    The ramp is soft (standard deviation 3 mm), so that the border of the mask does not show in a result.
    """
    if context.mask is None or not context.mask.any():
        return np.ones(shape, np.float32)
    return gaussian(context.mask.astype(np.float32), _RAMP_MM, context)


def _reduced(
    image: np.ndarray, sigma_mm: float, context: FilterContext
) -> tuple[tuple[int, int], tuple[float, float], np.ndarray]:
    """(shape, spacing, pixels) on the grid on which to smooth; means over blocks, so that flips stay flips."""
    import cv2

    sizes, steps = [], []
    for count, step in zip(image.shape, context.spacing, strict=True):
        size = max(1, round(count / max(1.0, sigma_mm / step / _WIDEST)))
        sizes.append(size)
        steps.append(step * count / size)
    shape = (sizes[0], sizes[1])
    if shape == image.shape:
        return shape, (steps[0], steps[1]), image
    reduced = cv2.resize(image, shape[::-1], interpolation=cv2.INTER_AREA)
    return shape, (steps[0], steps[1]), np.asarray(reduced).reshape(shape)
