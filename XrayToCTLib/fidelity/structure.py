"""Structure: multi-scale SSIM and gradient correlation, which see blur where a mean error does not.

Arrays and masks as in ``metrics``: HU, (rows, cols) or (slabs, rows, cols); everything is taken in the plane of a slab.
"""

from __future__ import annotations

import numpy as np

from ..errors import XrayToCTError
from .metrics import HU_RANGE, SSIM_RADIUS, check_comparable, ssim_maps

# Exponents of the five scales (Wang, Simoncelli, Bovik: Multiscale structural similarity, Asilomar 2003).
MS_SSIM_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
MS_SSIM_SMALLEST = (2 * SSIM_RADIUS + 1) * 2 ** (len(MS_SSIM_WEIGHTS) - 1)  # pixels an axis: 176


def ms_ssim(a: np.ndarray, b: np.ndarray, mask: np.ndarray | None = None, *, data_range: float = HU_RANGE) -> float:
    """Multi-scale structural similarity of HU + 1024: of each slab, then the mean over slabs.

    Five scales, each half of the one before (2 x 2 means); contrast times structure at all of them, luminance at the
    coarsest; gaussian 11/1.5 and population covariance as in ``ssim``, 5 edge pixels of each scale left out. With a
    mask, a scale's mean is taken over the pixels of which at least half are inside, and a slab counts by the number of
    its voxels in the mask; a slab with nothing inside at the coarsest scale is left out.

    Raises:
        XrayToCTError: fewer than 176 x 176 pixels, shapes that differ, or a mask without a voxel to average.
    """
    a, b, inside = _stacks(a, b, mask)
    if min(a.shape[-2:]) < MS_SSIM_SMALLEST:
        raise XrayToCTError(
            f"MS-SSIM of {len(MS_SSIM_WEIGHTS)} scales needs at least {MS_SSIM_SMALLEST} x {MS_SSIM_SMALLEST} pixels, "
            f"not {a.shape[-2:]}.",
            hint="Compare images on a finer grid, or use SSIM.",
        )
    return ms_ssim_of_scales(ms_ssim_scales(a, b, data_range=data_range), inside)


def ms_ssim_scales(
    a: np.ndarray, b: np.ndarray, *, data_range: float = HU_RANGE
) -> list[tuple[np.ndarray, np.ndarray]]:
    """(luminance, contrast times structure) maps of (slabs, rows, cols) at each scale, edges left out, finest first."""
    scales = []
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    edge = (..., slice(SSIM_RADIUS, -SSIM_RADIUS), slice(SSIM_RADIUS, -SSIM_RADIUS))
    for scale in range(len(MS_SSIM_WEIGHTS)):
        if scale:
            a, b = _halved(a), _halved(b)
        luminance, structure = ssim_maps(a, b, data_range=data_range)
        scales.append((luminance[edge], structure[edge]))
    return scales


def ms_ssim_of_scales(scales: list[tuple[np.ndarray, np.ndarray]], mask: np.ndarray) -> float:
    """The number that maps of ``ms_ssim_scales`` make over a mask (slabs, rows, cols)."""
    share = mask.astype(np.float64)
    edge = (..., slice(SSIM_RADIUS, -SSIM_RADIUS), slice(SSIM_RADIUS, -SSIM_RADIUS))
    value = np.ones(len(mask))
    whole = np.ones(len(mask), bool)
    for number, (luminance, structure) in enumerate(scales):
        if number:
            share = _halved(share)
        inside = (share >= 0.5)[edge]
        count = inside.sum((1, 2))
        whole &= count > 0
        last = number == len(scales) - 1
        mean = ((luminance * structure if last else structure) * inside).sum((1, 2)) / np.maximum(count, 1)
        # A negative mean has no real power; it stands for no similarity at all.
        value *= np.maximum(mean, 0.0) ** MS_SSIM_WEIGHTS[number]
    weight = mask.sum((1, 2)) * whole
    if not weight.any():
        raise XrayToCTError(
            "MS-SSIM has no voxel to average at its coarsest scale: the mask is too small or lies on the edge.",
            hint="Use a larger mask, or SSIM.",
        )
    return float((value * weight).sum() / weight.sum())


def gradient_correlation(a: np.ndarray, b: np.ndarray, mask: np.ndarray | None = None) -> float:
    """Gradient correlation: are the edges in their place? 1 for equal edges, 0 for unrelated ones.

    The mean of the normalised cross-correlations of the horizontal and of the vertical Sobel gradients, over all
    voxels of the mask together (Penney et al., IEEE TMI 17(4), 1998). The pixels of the rim, whose gradient would need
    neighbours from outside, are left out. Unlike the mean error, it falls with blur and does not see an offset or gain.

    Raises:
        XrayToCTError: shapes that differ or a mask without a voxel. NaN where one of the two has no edge at all.
    """
    import cv2

    a, b, inside = _stacks(a, b, mask)
    rim = (..., slice(1, -1), slice(1, -1))
    if min(a.shape[-2:]) < 3 or not inside[rim].any():
        raise XrayToCTError(
            "There is no voxel whose gradient could be taken: the mask lies on the edge.", hint="Use a larger mask."
        )
    correlations = []
    for order in ((1, 0), (0, 1)):
        edges = [
            np.stack([cv2.Sobel(slab, cv2.CV_64F, *order, ksize=3) for slab in image.astype(np.float64)])[rim]
            for image in (a, b)
        ]
        x, y = (edge[inside[rim]] for edge in edges)
        x, y = x - x.mean(), y - y.mean()
        scale = float(np.sqrt((x * x).sum() * (y * y).sum()))
        correlations.append(float((x * y).sum()) / scale if scale > 0 else float("nan"))
    return float(np.mean(correlations))


def _stacks(a: np.ndarray, b: np.ndarray, mask: np.ndarray | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Both images and the mask as (slabs, rows, cols)."""
    check_comparable(a, b, mask)
    inside = np.ones(np.shape(a), bool) if mask is None else np.asarray(mask, bool)
    a, b, inside = (array if array.ndim == 3 else array[None] for array in (np.asarray(a), np.asarray(b), inside))
    return a, b, inside


def _halved(stack: np.ndarray) -> np.ndarray:
    """2 x 2 means; an odd last row or column is dropped."""
    slabs, rows, cols = stack.shape
    even = stack[:, : rows // 2 * 2, : cols // 2 * 2]
    return np.asarray(even.reshape(slabs, rows // 2, 2, cols // 2, 2).mean((2, 4)))
