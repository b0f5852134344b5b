"""Local contrast: what two images of one body share when nobody knows how their grey levels relate.

Each pixel is taken relative to its neighbourhood: minus the local mean, over the local standard deviation. Two images
that differ by a gain and an offset, which may vary slowly over the field (display curves, scatter, exposure), become
equal by that, and half their mean squared difference is one minus their local normalised cross-correlation (LNCC).
"""

from __future__ import annotations

import numpy as np

_FLOOR = 0.02  # of the whole image's standard deviation: keeps noise in empty air from being blown up


def local_contrast(image: np.ndarray, sigma: float) -> np.ndarray:
    """(image - local mean) / local standard deviation, float32 (rows, cols).

    Args:
        image: (rows, cols), any grey levels.
        sigma: of the gaussian neighbourhood, in pixels.
    """
    import cv2

    image = np.asarray(image, np.float32)
    spread = float(image.std())
    image = (image - np.float32(image.mean())) / np.float32(spread if spread > 0 else 1.0)
    mean = cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    square = cv2.GaussianBlur(image * image, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    variance = np.maximum(square - mean * mean, 0.0)
    return np.asarray((image - mean) / np.sqrt(variance + np.float32(_FLOOR**2)), np.float32)


def similarity(a: np.ndarray, b: np.ndarray, weight: np.ndarray) -> float:
    """LNCC of two images of ``local_contrast``: 1 for equal ones, 0 for unrelated ones; weight (rows, cols) >= 0."""
    up = float((weight * a * b).sum(dtype=np.float64))
    down = float((weight * a * a).sum(dtype=np.float64)) * float((weight * b * b).sum(dtype=np.float64))
    return up / float(np.sqrt(down)) if down > 0 else 0.0
