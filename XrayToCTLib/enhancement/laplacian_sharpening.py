"""Laplacian sharpening."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .context import FilterContext
from .guard import guarded
from .parameters import FilterParameters, parameter
from .smoothing import gaussian


@dataclass(frozen=True)
class LaplacianSharpeningParameters(FilterParameters):
    """Amount 0 changes nothing."""

    scale: float = parameter(
        0.3, "Standard deviation of the smoothing before the second derivative.", unit="mm", minimum=0.01, maximum=20.0
    )
    amount: float = parameter(1.0, "How many times the edges are added.", minimum=0.0, maximum=10.0)


@guarded
def laplacian_sharpening(
    image: np.ndarray, parameters: LaplacianSharpeningParameters, context: FilterContext
) -> np.ndarray:
    """image - amount * scale^2 * Laplacian of the smoothed image, not clipped; the second derivatives are per mm.

    The factor scale^2 makes the amount mean the same at every scale (Lindeberg 1998).

    Args:
        image: (rows, cols).
    """
    import cv2

    if parameters.amount == 0.0:
        return image
    smooth = gaussian(image, parameters.scale, context)
    rows, cols = (np.float32((parameters.scale / step) ** 2 * parameters.amount) for step in context.spacing)
    # Both second differences in one 3 x 3 kernel.
    kernel = np.array([[0, -rows, 0], [-cols, 2 * (rows + cols), -cols], [0, -rows, 0]], np.float32)
    edges = np.asarray(cv2.filter2D(smooth, cv2.CV_32F, kernel)).reshape(image.shape)
    edges += image
    return edges
