"""Fidelity metrics on plain arrays in HU: pure functions, shared by the comparison and by training's evaluation.

Every function takes ``a`` (the result) and ``b`` (the reference), shape (rows, cols) or (slabs, rows, cols), and an
optional boolean ``mask`` of the same shape; only voxels where the mask is true count. Nothing is clipped here: call
``to_window`` first, on both, where the protocol says so. Errors are XrayToCTError, with a sentence.
"""

from __future__ import annotations

import math

import numpy as np

from ..errors import XrayToCTError

# The window of the models' targets. A PSNR or SSIM without its range cannot be compared with another: the same result
# reads 4 dB better at range 4095 than at 2500.
HU_WINDOW = (-1024.0, 1476.0)
HU_RANGE = HU_WINDOW[1] - HU_WINDOW[0]

# The window of Wang et al. 2004 (IEEE TIP 13(4)): gaussian, sigma 1.5, 11 taps.
SSIM_SIGMA = 1.5
SSIM_RADIUS = 5
SSIM_K1, SSIM_K2 = 0.01, 0.03
_STRIP_ROWS = 64

BODY_THRESHOLD_HU = -500.0


def to_window(hu: np.ndarray, window: tuple[float, float] = HU_WINDOW) -> np.ndarray:
    """HU clipped to the window, float64, same shape."""
    return np.clip(np.asarray(hu, np.float64), *window)


def mae(a: np.ndarray, b: np.ndarray, mask: np.ndarray | None = None) -> float:
    """Mean absolute error, HU."""
    return float(np.abs(_difference(a, b, mask)).mean())


def me(a: np.ndarray, b: np.ndarray, mask: np.ndarray | None = None) -> float:
    """Mean error a - b (bias), HU: positive where the result is denser than the reference."""
    return float(_difference(a, b, mask).mean())


def mse(a: np.ndarray, b: np.ndarray, mask: np.ndarray | None = None) -> float:
    """Mean squared error, HU squared."""
    return float(np.square(_difference(a, b, mask)).mean())


def rmse(a: np.ndarray, b: np.ndarray, mask: np.ndarray | None = None) -> float:
    """Root of the mean squared error, HU."""
    return math.sqrt(mse(a, b, mask))


def psnr(a: np.ndarray, b: np.ndarray, mask: np.ndarray | None = None, *, data_range: float = HU_RANGE) -> float:
    """Peak signal-to-noise ratio, dB: 10 log10(range^2 / MSE), from ONE MSE over all voxels; inf when a equals b.

    A mean of per-slice values would come out higher for the same result, so it is not what this returns.
    """
    error = mse(a, b, mask)
    return math.inf if error == 0 else 10 * math.log10(data_range**2 / error)


def ssim(a: np.ndarray, b: np.ndarray, mask: np.ndarray | None = None, *, data_range: float = HU_RANGE) -> float:
    """Structural similarity of HU + 1024: the 2D map of each slab, averaged over its voxels (those of the mask).

    Voxels nearer than 5 pixels to the edge of the field are left out, because their window would leave the image;
    this is what scikit-image does without a mask.
    """
    check_comparable(a, b, mask)
    values = ssim_map(a, b, data_range=data_range)
    inside = (..., slice(SSIM_RADIUS, -SSIM_RADIUS), slice(SSIM_RADIUS, -SSIM_RADIUS))
    if mask is None:
        return float(values[inside].mean())
    chosen = values[inside][np.asarray(mask, bool)[inside]]
    if chosen.size == 0:
        raise XrayToCTError(
            "SSIM has no voxel to average: the mask lies within 5 pixels of the edge.",
            hint="Use a mask that reaches into the image.",
        )
    return float(chosen.mean())


def ssim_map(a: np.ndarray, b: np.ndarray, *, data_range: float = HU_RANGE) -> np.ndarray:
    """SSIM of each pixel (Wang et al. 2004): gaussian 11 taps, sigma 1.5, population covariance; shape of ``a``.

    Taken of HU + 1024, so that the window's lower end is zero, as in the papers that scale CT to 0..2500: the luminance
    term compares magnitudes of intensities, and on signed HU an offset of 25 HU in soft tissue would read as a ruin.
    OpenCV's separable filter: equal to scikit-image's ``structural_similarity(gaussian_weights=True, sigma=1.5,
    use_sample_covariance=False)`` and several times faster.
    """
    luminance, structure = ssim_maps(a, b, data_range=data_range)
    return np.asarray(luminance * structure)


def ssim_maps(a: np.ndarray, b: np.ndarray, *, data_range: float = HU_RANGE) -> tuple[np.ndarray, np.ndarray]:
    """The two factors of ``ssim_map``: luminance, and contrast times structure; each of the shape of ``a``."""
    a, b = np.asarray(a, np.float64) - HU_WINDOW[0], np.asarray(b, np.float64) - HU_WINDOW[0]
    check_comparable(a, b, None)
    if min(a.shape[-2:]) < 2 * SSIM_RADIUS + 1:
        raise XrayToCTError(
            f"SSIM needs at least {2 * SSIM_RADIUS + 1} x {2 * SSIM_RADIUS + 1} pixels, not {a.shape[-2:]}.",
            hint="Compare images on a finer grid.",
        )
    if a.ndim == 2:
        return _ssim_maps_2d(a, b, data_range)
    maps = [_ssim_maps_2d(slab_a, slab_b, data_range) for slab_a, slab_b in zip(a, b, strict=True)]
    return np.stack([luminance for luminance, _ in maps]), np.stack([structure for _, structure in maps])


def body_mask(hu: np.ndarray) -> np.ndarray:
    """Where the body is, slab by slab: bool, shape of ``hu`` ((rows, cols) or (slabs, rows, cols)).

    HU > -500, the largest 8-connected component of the slab, and everything that this component encloses, so that
    the lungs count as body. "Encloses" means: body to the left, to the right, and above or below. Filling closed holes
    alone loses whole lungs, because the trachea and a field cut at the apices open them to the outside air.
    A slab of air gives an empty mask.
    """
    hu = np.asarray(hu)
    if hu.ndim == 3:
        return np.stack([body_mask(slab) for slab in hu])
    import cv2

    count, labels, statistics, _ = cv2.connectedComponentsWithStats((hu > BODY_THRESHOLD_HU).astype(np.uint8))
    if count < 2:
        return np.zeros(hu.shape, bool)
    body = labels == 1 + int(np.argmax(statistics[1:, cv2.CC_STAT_AREA]))
    left, right = np.logical_or.accumulate(body, 1), np.logical_or.accumulate(body[:, ::-1], 1)[:, ::-1]
    above, below = np.logical_or.accumulate(body, 0), np.logical_or.accumulate(body[::-1], 0)[::-1]
    return np.asarray(left & right & (above | below))


def _difference(a: np.ndarray, b: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    """a - b in float64, the voxels of the mask in one row."""
    check_comparable(a, b, mask)
    difference = np.asarray(a, np.float64) - np.asarray(b, np.float64)
    return difference.ravel() if mask is None else difference[np.asarray(mask, bool)]


def check_comparable(a: np.ndarray, b: np.ndarray, mask: np.ndarray | None) -> None:
    """Raise an XrayToCTError unless two images and a mask have one shape and the mask is not empty."""
    shape = np.shape(a)
    if shape != np.shape(b) or len(shape) not in (2, 3):
        raise XrayToCTError(
            f"Arrays of shape {shape} and {np.shape(b)} cannot be compared voxel by voxel.",
            hint="Resample one to the grid of the other; XrayToCTLib.compare does.",
        )
    if mask is not None and np.shape(mask) != shape:
        raise XrayToCTError(
            f"The mask has shape {np.shape(mask)}, the images {shape}.", hint="Give a mask on the grid of the images."
        )
    if 0 in shape or (mask is not None and not np.any(mask)):
        raise XrayToCTError("There is no voxel to compare: the mask is empty.", hint="Give a mask that covers anatomy.")


def _ssim_maps_2d(a: np.ndarray, b: np.ndarray, data_range: float) -> tuple[np.ndarray, np.ndarray]:
    luminance, structure = np.empty(a.shape), np.empty(a.shape)
    # Strip by strip: the images between the steps then stay in the processor's cache, which is half of the time.
    for start in range(0, len(a), _STRIP_ROWS):
        stop = min(start + _STRIP_ROWS, len(a))
        above, below = max(0, start - SSIM_RADIUS), min(len(a), stop + SSIM_RADIUS)
        own = slice(start - above, stop - above)
        factors = _ssim_strip(a[above:below], b[above:below], data_range, own)
        luminance[start:stop], structure[start:stop] = factors
    return luminance, structure


def _ssim_strip(a: np.ndarray, b: np.ndarray, data_range: float, own: slice) -> tuple[np.ndarray, np.ndarray]:
    """The factors of the rows ``own``. Only the SUM of the two variances enters, so four filterings do for five."""
    mean_a, mean_b = local_mean(a)[own], local_mean(b)[own]
    squares, product = a * a, a * b
    squares += b * b
    squares, product = local_mean(squares)[own], local_mean(product)[own]
    c1, c2 = (SSIM_K1 * data_range) ** 2, (SSIM_K2 * data_range) ** 2
    of_means = mean_a * mean_b
    mean_a *= mean_a
    mean_b *= mean_b
    mean_a += mean_b  # the sum of the squared means
    squares -= mean_a
    squares += c2
    product -= of_means
    product *= 2
    product += c2
    product /= squares
    of_means *= 2
    of_means += c1
    mean_a += c1
    of_means /= mean_a
    return of_means, product


def local_mean(image: np.ndarray) -> np.ndarray:
    """Gaussian mean of SSIM: 11 taps, sigma 1.5, mirrored at the edges (the edge pixel twice); float64 (rows, cols)."""
    try:
        import cv2
    except ImportError:  # Slicer before its packages are installed: the same numbers, more slowly
        from scipy.ndimage import gaussian_filter

        return np.asarray(gaussian_filter(image, SSIM_SIGMA, radius=SSIM_RADIUS, mode="reflect"))
    kernel = cv2.getGaussianKernel(2 * SSIM_RADIUS + 1, SSIM_SIGMA, cv2.CV_64F)
    return np.asarray(cv2.sepFilter2D(image, cv2.CV_64F, kernel, kernel, borderType=cv2.BORDER_REFLECT))
