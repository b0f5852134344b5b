"""Published variants: the metrics as two much-cited evaluations define them, to be read beside THEIR tables.

They differ from the project's own protocol in range, window, kernel and averaging, so that the same result reads
differently; each carries its label and is never mixed with the others. Both are of a whole volume.
"""

from __future__ import annotations

import math

import numpy as np

from ..errors import XrayToCTError
from .metrics import SSIM_K1, SSIM_K2, check_comparable, mae, psnr

# SynthRAD2023 (Thummerer et al., Medical Physics 50(7), 2023; github.com/SynthRAD2023/metrics): HU clipped to this.
SYNTHRAD_WINDOW = (-1024.0, 3000.0)
SYNTHRAD = "SynthRAD2023-style"
# X2CT-GAN (Ying et al., CVPR 2019; github.com/kylekma/X2CT): HU + 1024 clipped to 0..2500, PSNR at 4095, SSIM of 0..1.
X2CT_WINDOW = (-1024.0, 1476.0)
X2CT_PEAK = 4095.0
X2CT = "X2CT-GAN-style"
UNIFORM_TAPS = 7  # scikit-image's default window, which both use
_RIM = UNIFORM_TAPS // 2
_WITHIN = (slice(_RIM, -_RIM),) * 3


def synthrad_mae(a: np.ndarray, b: np.ndarray, mask: np.ndarray) -> float:
    """Mean absolute error in the body, HU, unclipped; (slabs, rows, cols)."""
    return mae(a, b, mask)


def synthrad_psnr(a: np.ndarray, b: np.ndarray, mask: np.ndarray) -> float:
    """PSNR in the body, dB: both clipped to [-1024, 3000] HU, range 4024."""
    low, high = SYNTHRAD_WINDOW
    return psnr(np.clip(a, low, high), np.clip(b, low, high), mask, data_range=high - low)


def synthrad_ssim(a: np.ndarray, b: np.ndarray, mask: np.ndarray) -> float:
    """SSIM in the body: clipped, -1024 HU outside of the mask, + 1024; 7 x 7 x 7 uniform window, sample covariance,
    range 4024; mean of the map over the mask, 3 voxels at each face left out.

    Raises:
        XrayToCTError: fewer than 7 voxels along an axis, or a mask that lies on the faces.
    """
    check_comparable(a, b, mask)
    _check_volume(a)
    low, high = SYNTHRAD_WINDOW
    inside = np.asarray(mask, bool)
    a, b = (np.where(inside, np.clip(np.asarray(image, np.float64), low, high), low) - low for image in (a, b))
    chosen = uniform_ssim_map(a, b, high - low)[_WITHIN][inside[_WITHIN]]
    if chosen.size == 0:
        raise XrayToCTError("SSIM has no voxel to average: the mask lies on the faces.", hint="Use a larger mask.")
    return float(chosen.mean())


def voxels_within(reference: np.ndarray, mask: np.ndarray | None) -> int:
    """How many voxels ``synthrad_ssim`` averages."""
    return int(reference[_WITHIN].size if mask is None else np.asarray(mask)[_WITHIN].sum())


def x2ct_mae(a: np.ndarray, b: np.ndarray) -> float:
    """Mean absolute error over the whole field, HU, both clipped to [-1024, 1476]."""
    return mae(np.clip(a, *X2CT_WINDOW), np.clip(b, *X2CT_WINDOW))


def x2ct_psnr(a: np.ndarray, b: np.ndarray) -> float:
    """PSNR over the whole field, dB, at a peak of 4095 although the values span 2500: 4.3 dB more than at 2500.

    Values are cut to whole numbers as the original does; equal volumes have 100 dB.
    """
    made, true = (np.trunc(np.clip(np.asarray(image, np.float64), *X2CT_WINDOW) - X2CT_WINDOW[0]) for image in (a, b))
    value = psnr(made, true, data_range=X2CT_PEAK)
    return 100.0 if math.isinf(value) else value


def x2ct_ssim(a: np.ndarray, b: np.ndarray) -> float:
    """SSIM over the whole field: of the slices along each of the three axes, 7 x 7 uniform window, sample covariance,
    values scaled to 0..1, 3 pixels at each edge left out; mean over slices, then over axes.

    Raises:
        XrayToCTError: fewer than 7 voxels along an axis.
    """
    check_comparable(a, b, None)
    _check_volume(a)
    low, high = X2CT_WINDOW
    made, true = ((np.clip(np.asarray(image, np.float64), low, high) - low) / (high - low) for image in (a, b))
    values = []
    for axis in range(3):
        slices = zip(np.moveaxis(made, axis, 0), np.moveaxis(true, axis, 0), strict=True)
        values.append(np.mean([uniform_ssim_map(x, y, 1.0)[_RIM:-_RIM, _RIM:-_RIM].mean() for x, y in slices]))
    return float(np.mean(values))


def uniform_ssim_map(a: np.ndarray, b: np.ndarray, data_range: float) -> np.ndarray:
    """SSIM of each voxel in 2D or 3D with a uniform window of 7 taps an axis and sample covariance, float64; the three
    voxels nearest to a face see a mirrored image."""
    samples = UNIFORM_TAPS**a.ndim
    unbiased = samples / (samples - 1)
    mean_a, mean_b = _uniform(a), _uniform(b)
    var_a = unbiased * (_uniform(a * a) - mean_a * mean_a)
    var_b = unbiased * (_uniform(b * b) - mean_b * mean_b)
    both = unbiased * (_uniform(a * b) - mean_a * mean_b)
    c1, c2 = (SSIM_K1 * data_range) ** 2, (SSIM_K2 * data_range) ** 2
    top = (2 * mean_a * mean_b + c1) * (2 * both + c2)
    return np.asarray(top / ((mean_a * mean_a + mean_b * mean_b + c1) * (var_a + var_b + c2)))


def _uniform(image: np.ndarray) -> np.ndarray:
    """Mean over a window of 7 taps an axis, mirrored at the faces (the edge voxel twice), as a running sum."""
    for axis in range(image.ndim):
        padded = np.concatenate(
            (
                np.flip(np.take(image, range(_RIM), axis), axis),
                image,
                np.flip(np.take(image, range(-_RIM, 0), axis), axis),
            ),
            axis,
        )
        count = image.shape[axis]
        image = sum(np.take(padded, range(at, at + count), axis) for at in range(UNIFORM_TAPS)) / UNIFORM_TAPS  # type: ignore[assignment]
    return image


def _check_volume(image: np.ndarray) -> None:
    if np.ndim(image) != 3 or min(np.shape(image)) < UNIFORM_TAPS:
        raise XrayToCTError(
            f"The published variants of SSIM need at least {UNIFORM_TAPS} voxels along each of three axes, not "
            f"{np.shape(image)}.",
            hint="Compare whole stacks, or use the project's own SSIM.",
        )
