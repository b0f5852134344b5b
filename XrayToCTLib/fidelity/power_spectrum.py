"""Power spectrum: how much detail of which size an image holds; a blurred one lacks it at the fine end."""

from __future__ import annotations

import numpy as np

from ..errors import XrayToCTError


def radial_power(image: np.ndarray, spacing: float, bins: int = 48) -> tuple[np.ndarray, np.ndarray]:
    """Radially averaged power spectral density of one image or the mean over slabs.

    The mean is taken off, a two-dimensional Hann window tapers the edges (Harris, Proc. IEEE 66, 1978), and the squared
    Fourier magnitude is averaged over rings of equal width up to the Nyquist frequency.

    Args:
        image: HU, (rows, cols) or (slabs, rows, cols).
        spacing: of the pixels in mm, the same along both axes.
        bins: rings.

    Returns:
        frequency: (bins,), middle of each ring in cycles per mm; power: (bins,), HU^2 mm^2, NaN for an empty ring.

    Raises:
        XrayToCTError: no image, or a spacing that is not positive.
    """
    image = np.asarray(image, np.float64)
    if image.ndim not in (2, 3) or min(image.shape) < 1 or not spacing > 0:
        raise XrayToCTError(
            f"An image of shape {image.shape} at {spacing} mm has no power spectrum.",
            hint="Give (rows, cols) or (slabs, rows, cols) and the pixel spacing in mm.",
        )
    stack = image if image.ndim == 3 else image[None]
    rows, cols = stack.shape[1:]
    window = np.hanning(rows + 2)[1:-1, None] * np.hanning(cols + 2)[None, 1:-1]
    tapered = (stack - stack.mean((1, 2), keepdims=True)) * window
    power = (np.abs(np.fft.fft2(tapered)) ** 2).mean(0) * spacing**2 / (window**2).sum()
    radius = np.hypot(np.fft.fftfreq(rows, spacing)[:, None], np.fft.fftfreq(cols, spacing)[None])
    edges = np.linspace(0.0, 0.5 / spacing, bins + 1)
    ring = np.digitize(radius.ravel(), edges) - 1
    inside = (ring < bins) & (radius.ravel() > 0)  # the constant was taken off
    count = np.bincount(ring[inside], minlength=bins)
    total = np.bincount(ring[inside], weights=power.ravel()[inside], minlength=bins)
    return (edges[:-1] + edges[1:]) / 2, np.where(count > 0, total / np.maximum(count, 1), np.nan)


def power_ratio(result: np.ndarray, reference: np.ndarray, spacing: float, band: tuple[float, float]) -> float:
    """Power of the result over that of the reference within a band (low, high) of cycles per mm; 1 is faithful, below
    1 blurred, above 1 noise or lattices. NaN where the reference has no power there."""
    frequency, made = radial_power(result, spacing)
    _, true = radial_power(reference, spacing)
    return ratio_in_band(frequency, made, true, band)


def ratio_in_band(frequency: np.ndarray, made: np.ndarray, true: np.ndarray, band: tuple[float, float]) -> float:
    """As ``power_ratio``, of two spectra of ``radial_power`` that are there already."""
    chosen = (frequency >= band[0]) & (frequency < band[1]) & np.isfinite(true)
    # A ring's area grows with its radius: the sum over the band weighs each ring by it.
    wanted = float((true * frequency)[chosen].sum())
    return float((made * frequency)[chosen].sum()) / wanted if wanted > 0 else float("nan")
