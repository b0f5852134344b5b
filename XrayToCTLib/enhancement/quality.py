"""Figures of an image without a reference: what a filter did to noise, contrast and edges, each by a known estimator.

They tell filters apart on one image. They do not say which image a reader would choose, and compare nothing between
radiographs of different patients.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .context import FilterContext

_LEVELS = 256
_MAD_OF_NORMAL = 0.6745  # median |x| of the standard normal distribution
_EDGE_SCALE_MM = 0.5
_TAIL = 0.005


@dataclass(frozen=True, slots=True)
class QualityFigures:
    """Taken where the mask is True.

    Attributes:
        contrast_to_noise: difference of the means of the two classes that Otsu's threshold makes (on a chest: lung, and
            all else), in standard deviations of the noise.
        noise: standard deviation in per cent of the value range, by the median absolute deviation of the finest
            diagonal Haar coefficients (Donoho and Johnstone 1994).
        entropy: Shannon's, in bits, of the histogram with 256 bins over the value range; at most 8.
        edge_strength: root mean square gradient (Tenengrad, Krotkov 1988) after a Gaussian of 0.5 mm, so that it is
            edges and not noise, in per cent of the value range per mm.
        range_used: per cent of the value range between the 0.5 and 99.5 percentiles.
    """

    contrast_to_noise: float
    noise: float
    entropy: float
    edge_strength: float
    range_used: float


def quality_figures(image: np.ndarray, context: FilterContext) -> QualityFigures:
    """Measure an image.

    Args:
        image: (rows, cols), finite.
        context: spacing, mask and value range; the input's, for the images before and after a filter alike.
    """
    span = context.span or 1.0
    share = ((image - np.float32(context.value_range[0])) / np.float32(span)).astype(np.float32)
    inside = context.inside(share)
    noise = _noise(share, context)
    counts, _ = np.histogram(inside, _LEVELS, (0.0, 1.0))
    low, high = np.quantile(inside, [_TAIL, 1 - _TAIL])
    contrast = _class_distance(counts)
    return QualityFigures(
        contrast_to_noise=contrast / noise if noise > 0 else float("inf") if contrast > 0 else 0.0,
        noise=100 * noise,
        entropy=_entropy(counts),
        edge_strength=100 * _edge_strength(share, context),
        range_used=100 * float(high - low),
    )


def _noise(image: np.ndarray, context: FilterContext) -> float:
    rows, cols = (count // 2 * 2 for count in image.shape)
    if rows < 2 or cols < 2:
        return 0.0
    block = image[:rows, :cols]
    diagonal = (block[::2, ::2] - block[1::2, ::2] - block[::2, 1::2] + block[1::2, 1::2]) / 2
    if context.mask is not None:
        whole = context.mask[:rows:2, :cols:2] & context.mask[1:rows:2, 1:cols:2]
        diagonal = diagonal[whole] if whole.any() else diagonal
    return float(np.median(np.abs(diagonal))) / _MAD_OF_NORMAL


def _class_distance(counts: np.ndarray) -> float:
    """Distance of the class means at Otsu's threshold (1979), as a share of the range."""
    centres = (np.arange(counts.size) + 0.5) / counts.size
    below = np.cumsum(counts)[:-1].astype(np.float64)
    above = counts.sum() - below
    both = (below > 0) & (above > 0)
    if not both.any():
        return 0.0
    moment = np.cumsum(counts * centres)
    mean_below = moment[:-1] / np.maximum(below, 1)
    mean_above = (moment[-1] - moment[:-1]) / np.maximum(above, 1)
    between = np.where(both, below * above * (mean_above - mean_below) ** 2, -1.0)
    best = int(np.argmax(between))
    return float(mean_above[best] - mean_below[best])


def _entropy(counts: np.ndarray) -> float:
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log2(shares)).sum()) + 0.0  # a single level: 0, not -0


def _edge_strength(image: np.ndarray, context: FilterContext) -> float:
    import cv2

    rows, cols = context.pixels(_EDGE_SCALE_MM)
    smooth = cv2.GaussianBlur(image, (0, 0), sigmaX=max(cols, 0.3), sigmaY=max(rows, 0.3))
    across = np.asarray(cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=1 / 8)).reshape(image.shape) / context.spacing[1]
    down = np.asarray(cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=1 / 8)).reshape(image.shape) / context.spacing[0]
    return float(np.sqrt(np.mean(context.inside(across * across + down * down), dtype=np.float64)))
