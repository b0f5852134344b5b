"""Guard: what happens before and after every filter, the same for all."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import numpy as np

from ..errors import XrayToCTError
from .context import FilterContext
from .parameters import FilterParameters

P = TypeVar("P", bound=FilterParameters)
Filter = Callable[[np.ndarray, P, FilterContext], np.ndarray]


def guarded(function: Filter[P]) -> Filter[P]:
    """A filter that takes any real image (rows, cols) and gives float32 of the same shape.

    Invalid pixels (NaN, infinite) are filled with the nearest valid value, left out of the statistics, and put back.
    An image without valid pixels, and one whose value range is a single value, come back as they are.

    Raises:
        XrayToCTError: the image is not two-dimensional and real, is empty, or differs in shape from the mask.
    """

    @functools.wraps(function)
    def run(image: np.ndarray, parameters: P, context: FilterContext) -> np.ndarray:
        image = _checked(image, context)
        # One invalid pixel makes the sum invalid; float32 values cannot overflow its double.
        if np.isfinite(_sum(image)):
            result = image if context.span == 0 else function(image, parameters, context)
            return np.asarray(result, np.float32)
        invalid = ~np.isfinite(image)
        if invalid.all() or context.span == 0:
            return image
        valid = ~invalid if context.mask is None else context.mask & ~invalid
        filled = nearest_valid(image, invalid)
        result = np.array(function(filled, parameters, replace(context, mask=valid)), np.float32)
        result[invalid] = image[invalid]
        return result

    return run


def _checked(image: np.ndarray, context: FilterContext) -> np.ndarray:
    if image.ndim != 2 or image.size == 0 or image.dtype.kind not in "buif":
        raise XrayToCTError(
            f"A filter takes a grey-scale image (rows, cols), not {image.dtype} {image.shape}.",
            hint="Choose one frame of a radiograph.",
        )
    if context.mask is not None and context.mask.shape != image.shape:
        raise XrayToCTError(
            f"The mask {context.mask.shape} and the image {image.shape} differ in shape.",
            hint="Make the mask from this image, or pass None.",
        )
    return np.ascontiguousarray(image, np.float32)


def _sum(image: np.ndarray) -> float:
    import cv2

    return float(cv2.sumElems(image)[0])


def nearest_valid(image: np.ndarray, invalid: np.ndarray) -> np.ndarray:
    """The image (rows, cols) with each invalid pixel as the nearest valid one; at least one must be valid."""
    import cv2

    _, labels = cv2.distanceTransformWithLabels(
        invalid.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    values = np.zeros(int(labels.max()) + 1, np.float32)
    values[labels[~invalid]] = image[~invalid]
    return np.asarray(values[labels])
