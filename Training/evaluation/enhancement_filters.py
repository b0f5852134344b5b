"""Enhancement filters on a radiograph's line integrals: what classical image processing has to offer.

Each takes and gives float32 (rows, cols). Filters that need grey levels work on 0..65535 for line integrals 0..8, a
fixed scale, so that two patients stay comparable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import cv2
import numpy as np

Filter = Callable[[np.ndarray], np.ndarray]
_LARGEST_INTEGRAL = 8.0  # a lateral view of a large patient


def unchanged(image: np.ndarray) -> np.ndarray:
    """The radiograph as it is."""
    return image


def equalised(image: np.ndarray) -> np.ndarray:
    """Histogram equalisation: each value becomes its rank, 0 to 1 (Gonzalez and Woods, 3.3.1)."""
    values, counts = np.unique(np.round(image, 3), return_counts=True)
    return np.interp(image, values, np.cumsum(counts) / image.size).astype(np.float32)


def clahe(image: np.ndarray) -> np.ndarray:
    """Contrast-limited adaptive histogram equalisation, 8 x 8 tiles, clip limit 2 (Zuiderveld, Graphics Gems IV)."""
    levels = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(8, 8)).apply(_levels(image))
    return levels.astype(np.float32) * (_LARGEST_INTEGRAL / 65535.0)


def denoised(image: np.ndarray) -> np.ndarray:
    """Edge-preserving smoothing: bilateral, 4 pixels and 0.15 in line integrals (Tomasi and Manduchi, ICCV 1998)."""
    return np.asarray(cv2.bilateralFilter(image.astype(np.float32), 0, 0.15, 2.0), np.float32)


def sharpened(image: np.ndarray) -> np.ndarray:
    """Edge enhancement: unsharp mask, gaussian of 4 pixels, once the difference added."""
    blurred = cv2.GaussianBlur(image, (0, 0), 4.0)
    return np.asarray(2.0 * image - blurred, np.float32)


def _levels(image: np.ndarray) -> np.ndarray:
    return np.round(np.clip(image / _LARGEST_INTEGRAL, 0.0, 1.0) * 65535.0).astype(np.uint16)


def _then(*filters: Filter) -> Filter:
    def chained(image: np.ndarray) -> np.ndarray:
        for one in filters:
            image = one(image)
        return image

    return chained


FILTERS: Mapping[str, Filter] = MappingProxyType(
    {
        "histogram equalisation": equalised,
        "CLAHE": clahe,
        "denoising": denoised,
        "edge enhancement": sharpened,
        "denoising + CLAHE": _then(denoised, clahe),
        "CLAHE + edge enhancement": _then(clahe, sharpened),
        "denoising + edge enhancement": _then(denoised, sharpened),
        "denoising + CLAHE + edge enhancement": _then(denoised, clahe, sharpened),
    }
)
