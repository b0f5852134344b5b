"""Noise of an image, estimated from the image itself."""

from __future__ import annotations

import numpy as np

from .context import FilterContext

# Second differences along both axes: blind to ramps, noise gain 6 (Immerkær, Comput. Vis. Image Underst. 1996).
_KERNEL = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32) / 6.0
_MAD_OF_NORMAL = 0.6744898
_MEAN_OF_NORMAL = 0.7978846
_BINS = 16384


def noise_residual(image: np.ndarray) -> np.ndarray:
    """float32 (rows, cols): where the image is smooth, noise of the same standard deviation as the image's."""
    import cv2

    return np.asarray(cv2.filter2D(image, cv2.CV_32F, _KERNEL)).reshape(image.shape)


def noise_standard_deviation(image: np.ndarray, context: FilterContext) -> float:
    """Standard deviation of white noise, from the median absolute residual under the mask, in the image's own unit.

    Right where noise is white; where the scanner or a resampling has smoothed it, what is found is too small.
    """
    residual = np.abs(noise_residual(image))
    largest = float(residual.max())
    if largest == 0.0:
        return 0.0
    mean = float(context.inside(residual).mean(dtype=np.float64))
    # A histogram up to eight times the mean holds the median of anything (Markov) and costs less than sorting.
    levels = np.minimum(residual * np.float32((_BINS - 1) / (8.0 * mean)), _BINS - 1).astype(np.uint16)
    counts = np.cumsum(np.bincount(context.inside(levels), minlength=_BINS))
    middle = int(np.searchsorted(counts, counts[-1] / 2))
    if middle == 0:  # most residuals are nought, as in coarsely quantised images
        return mean / _MEAN_OF_NORMAL
    return (middle + 0.5) * 8.0 * mean / (_BINS - 1) / _MAD_OF_NORMAL
