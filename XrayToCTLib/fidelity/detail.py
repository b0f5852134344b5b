"""Detail: gradients, fine structure and information that an observer could draw from them.

Arrays and masks as in ``metrics``; every metric is taken in the plane of a slab. What needs neighbours from outside of
the image is left out at its rim.
"""

from __future__ import annotations

import math

import numpy as np

from ..errors import XrayToCTError
from .metrics import HU_RANGE, HU_WINDOW, check_comparable

GMSD_CONSTANT = 170.0  # of the paper, for images from 0 to 255
HFEN_SIGMA, HFEN_RADIUS = 1.5, 7
VIF_NOISE = 2.0  # variance of the observer's own noise, for images from 0 to 255
VIF_SMALLEST = 41  # pixels an axis: the valid part of four scales with windows of 17, 9, 5 and 3


def gmsd(a: np.ndarray, b: np.ndarray, mask: np.ndarray | None = None, *, data_range: float = HU_RANGE) -> float:
    """Gradient magnitude similarity deviation (Xue, Zhang, Mou, Bovik, IEEE TIP 23(2), 2014): 0 for equal images,
    higher is worse.

    2 x 2 means and every second pixel, Prewitt gradients / 3, T = 170 at a range of 255, standard deviation of the
    similarity of the magnitudes over all pixels; of each slab, then the mean over slabs. With a mask, over the pixels
    whose block has at least half of its pixels inside; slabs without any are left out.
    """
    import cv2

    a, b, inside = _slabs(a, b, mask)
    if min(a.shape[1:]) < 6:
        raise XrayToCTError(f"GMSD needs at least 6 x 6 pixels, not {a.shape[1:]}.", hint="Compare on a finer grid.")
    kernel = np.array(((1.0, 0.0, -1.0),) * 3) / 3
    constant = GMSD_CONSTANT * (data_range / 255) ** 2
    values = []
    for slabs in zip(a, b, inside, strict=True):
        x, y, share = (_blocks(slab.astype(np.float64)) for slab in slabs)
        gradients = [
            np.hypot(*(cv2.filter2D(image, cv2.CV_64F, k, borderType=cv2.BORDER_REPLICATE) for k in (kernel, kernel.T)))
            for image in (x, y)
        ]
        similarity = (2 * gradients[0] * gradients[1] + constant) / (gradients[0] ** 2 + gradients[1] ** 2 + constant)
        chosen = similarity[1:-1, 1:-1][share[1:-1, 1:-1] >= 0.5]
        if chosen.size:
            values.append(float(chosen.std()))
    if not values:
        raise _nothing("GMSD")
    return float(np.mean(values))


def hfen(a: np.ndarray, b: np.ndarray, mask: np.ndarray | None = None) -> float:
    """High-frequency error norm (Ravishankar, Bresler, IEEE TMI 30(5), 2011): |LoG(a) - LoG(b)| / |LoG(b)|, 0 for equal
    images, 1 for one without detail.

    Rotationally symmetric Laplacian of gaussian, 15 x 15, sigma 1.5 pixels; norms over all voxels of the mask together,
    7 edge pixels left out. NaN where the reference has no detail at all.
    """
    import cv2

    a, b, inside = _slabs(a, b, mask)
    if min(a.shape[1:]) <= 2 * HFEN_RADIUS:
        size = 2 * HFEN_RADIUS + 1
        raise XrayToCTError(
            f"HFEN needs at least {size} x {size} pixels, not {a.shape[1:]}.", hint="Compare on a finer grid."
        )
    rim = (..., slice(HFEN_RADIUS, -HFEN_RADIUS), slice(HFEN_RADIUS, -HFEN_RADIUS))
    kept = inside[rim]
    if not kept.any():
        raise _nothing("HFEN")
    kernel = laplacian_of_gaussian()
    # float64: in float32 the sum of 225 products of HU would already cost the fifth digit.
    edges = [
        np.stack([cv2.filter2D(slab.astype(np.float64), cv2.CV_64F, kernel) for slab in image])[rim][kept]
        for image in (a, b)
    ]
    scale = float(np.linalg.norm(edges[1]))
    return float(np.linalg.norm(edges[0] - edges[1])) / scale if scale > 0 else float("nan")


def laplacian_of_gaussian() -> np.ndarray:
    """The 15 x 15 kernel of ``hfen``: of zero sum, the gaussian within of unit sum."""
    at = np.arange(-HFEN_RADIUS, HFEN_RADIUS + 1)
    square = at[:, None] ** 2 + at[None] ** 2
    gaussian = np.exp(-square / (2 * HFEN_SIGMA**2))
    gaussian /= gaussian.sum()
    kernel = gaussian * (square - 2 * HFEN_SIGMA**2) / HFEN_SIGMA**4
    return np.asarray(kernel - kernel.mean())


def vif(a: np.ndarray, b: np.ndarray, *, window: tuple[float, float] = HU_WINDOW) -> float:
    """Visual information fidelity in the pixel domain (VIFp; Sheikh, Bovik, IEEE TIP 15(2), 2006): what of the
    reference's information is still in the image; 1 for equal ones, 0 for none, above 1 for added contrast.

    The window is scaled to 0..255, where the observer's noise has variance 2; four scales, gaussian windows of 17, 9, 5
    and 3 pixels; of each slab, then the mean over the slabs in which the reference holds anything (NaN if none does).
    It is a property of a whole image, so there is no mask.

    Raises:
        XrayToCTError: fewer than 41 x 41 pixels.
    """
    a, b, _ = _slabs(a, b, None)
    if min(a.shape[1:]) < VIF_SMALLEST:
        raise XrayToCTError(
            f"VIF of four scales needs at least {VIF_SMALLEST} x {VIF_SMALLEST} pixels, not {a.shape[1:]}.",
            hint="Compare images on a finer grid.",
        )
    gain = 255 / (window[1] - window[0])
    values = [
        _vif_of_slab((slab_a - window[0]) * gain, (slab_b - window[0]) * gain)
        for slab_a, slab_b in zip(a.astype(np.float64), b.astype(np.float64), strict=True)
    ]
    held = [value for value in values if not math.isnan(value)]
    return float(np.mean(held)) if held else math.nan


def _vif_of_slab(made: np.ndarray, reference: np.ndarray) -> float:
    tiny = 1e-10
    kept = held = 0.0
    for scale in range(4):
        size = 2 ** (4 - scale) + 1
        if scale:
            reference, made = (_smoothed(image, size)[::2, ::2] for image in (reference, made))
        mean_r, mean_m = _smoothed(reference, size), _smoothed(made, size)
        var_r = np.maximum(_smoothed(reference * reference, size) - mean_r * mean_r, 0.0)
        var_m = np.maximum(_smoothed(made * made, size) - mean_m * mean_m, 0.0)
        both = _smoothed(reference * made, size) - mean_r * mean_m
        gain = both / (var_r + tiny)
        rest = var_m - gain * both
        flat_r, flat_m = var_r < tiny, var_m < tiny
        gain[flat_r], rest[flat_r] = 0.0, var_m[flat_r]
        var_r[flat_r] = 0.0
        gain[flat_m], rest[flat_m] = 0.0, 0.0
        negative = gain < 0
        rest[negative], gain[negative] = var_m[negative], 0.0
        rest = np.maximum(rest, tiny)
        kept += float(np.log10(1 + gain * gain * var_r / (rest + VIF_NOISE)).sum())
        held += float(np.log10(1 + var_r / VIF_NOISE).sum())
    return kept / held if held > 0 else math.nan


def _smoothed(image: np.ndarray, size: int) -> np.ndarray:
    """Gaussian of ``size`` taps, sigma size / 5, of the pixels whose window lies within the image."""
    import cv2

    taps = np.exp(-(np.arange(-(size // 2), size // 2 + 1) ** 2) / (2 * (size / 5) ** 2))
    taps /= taps.sum()
    rim = size // 2
    return np.asarray(cv2.sepFilter2D(image, cv2.CV_64F, taps, taps))[rim:-rim, rim:-rim]


def _blocks(image: np.ndarray) -> np.ndarray:
    """2 x 2 means; an odd last row or column is dropped."""
    rows, cols = image.shape[0] // 2, image.shape[1] // 2
    return np.asarray(image[: 2 * rows, : 2 * cols].reshape(rows, 2, cols, 2).mean((1, 3)))


def _slabs(a: np.ndarray, b: np.ndarray, mask: np.ndarray | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Both images and the mask as (slabs, rows, cols)."""
    check_comparable(a, b, mask)
    inside = np.ones(np.shape(a), bool) if mask is None else np.asarray(mask, bool)
    a, b, inside = (array if array.ndim == 3 else array[None] for array in (np.asarray(a), np.asarray(b), inside))
    return a, b, inside


def _nothing(metric: str) -> XrayToCTError:
    return XrayToCTError(
        f"{metric} has no voxel to average: the mask lies on the edge.", hint="Use a mask that reaches into the image."
    )
