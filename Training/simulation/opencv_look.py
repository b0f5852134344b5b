"""Looks on the CPU: what a detector, a console and a file format do to line integrals on their way to the network."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from XrayToCTLib.models.card import ReferenceQuantiles
from XrayToCTLib.radiograph import IntensityScale
from XrayToCTLib.readers.polarity import decide_polarity
from XrayToCTLib.translation.harmonise import to_line_integrals

from .look_draws import LUT_KNOTS, Collimation, LookDraw
from .noise import normal_noise
from .overlays import line_integrals_of, marker_mask

# No detector sees less than this share of the quanta.
DARKEST = 1e-5
# A lead letter exceeds the patient's largest line integral by this.
LEAD = 0.3
# Between these quantiles a console spreads the grey levels.
WINDOW = (0.005, 0.995)
POINT_SPREAD_TAPS = 7


def apply_look(
    integrals: np.ndarray, valid: np.ndarray, look: LookDraw, reference: ReferenceQuantiles
) -> tuple[np.ndarray, np.ndarray]:
    """One look of a simulated radiograph.

    Args:
        integrals: float32 (rows, cols), dimensionless.
        valid: bool (rows, cols), where the target is real.
        look: the record.
        reference: the model's distribution, onto which the engine maps display-processed files.

    Returns:
        Line integrals as the network will be fed them, float32, and ``valid`` without what a collimator hides.
    """
    image = detected(integrals, look)
    if look.calibrated:
        return image * np.float32(look.gain), valid
    if look.marker is not None:
        image[marker_mask(look.marker, image.shape)] = image.max() + np.float32(LEAD)
    if look.detail_gain > 0:
        image += np.float32(look.detail_gain) * (image - blurred(image, look.detail_px))
    if look.collimation is not None:
        seen = open_field(look.collimation, image.shape)
        image[~seen] = image.max() if look.collimation.white else image.min()
        valid = valid & seen
    if look.eight_bit:
        image = _grey_levels(image, look.look_up_table)
    if look.inverted is not None:
        image = as_read(image, look.inverted)
    mapped, _ = to_line_integrals(image, IntensityScale.DISPLAY, reference)
    return mapped, valid


def detected(integrals: np.ndarray, look: LookDraw) -> np.ndarray:
    """Line integrals after scatter, point spread and quantum noise."""
    if look.lines:
        integrals = integrals + line_integrals_of(look.lines, integrals.shape)
    transmitted = np.exp(-integrals.astype(np.float32))
    if look.scatter_share > 0:
        # A wide, smooth veil whose share of the primary grows with the patient.
        transmitted += np.float32(look.scatter_share) * blurred(transmitted, look.scatter_px)
    if look.point_spread_px > 0:
        kernel = point_spread_kernel(look.point_spread_px)
        transmitted = cv2.sepFilter2D(transmitted, -1, kernel, kernel, borderType=cv2.BORDER_REFLECT_101)
    noise = normal_noise(look.noise_seed, integrals.shape)
    noise *= np.sqrt(transmitted * np.float32(1.0 / look.quanta))
    transmitted += noise
    np.maximum(transmitted, np.float32(DARKEST), out=transmitted)
    np.log(transmitted, out=transmitted)
    return np.negative(transmitted, out=transmitted)


def blurred(image: np.ndarray, deviation: float) -> np.ndarray:
    """A Gaussian blur of large deviation (pixels), its weights normalised at the border: two matrix products."""
    rows, cols = image.shape
    return np.asarray(blur_matrix(rows, deviation) @ image @ blur_matrix(cols, deviation).T)


def blur_matrix(count: int, deviation: float) -> np.ndarray:
    """Row-normalised Gaussian weights between ``count`` pixels, float32 (count, count)."""
    weights = np.exp(_squares(count) * np.float32(-0.5 / deviation**2))
    weights /= weights.sum(axis=1, keepdims=True)
    return weights


@lru_cache(maxsize=4)
def _squares(count: int) -> np.ndarray:
    index = np.arange(count, dtype=np.float32)
    return (index[:, None] - index[None]) ** 2


def point_spread_kernel(deviation: float) -> np.ndarray:
    """Gaussian taps, float32 (7,), sum 1."""
    offset = np.arange(POINT_SPREAD_TAPS) - POINT_SPREAD_TAPS // 2
    taps = np.exp(-0.5 * (offset / deviation) ** 2)
    return (taps / taps.sum()).astype(np.float32)


def open_field(collimation: Collimation, shape: tuple[int, int]) -> np.ndarray:
    """What the collimator leaves, bool (rows, cols)."""
    top, bottom, left, right = (
        int(share * n) for share, n in zip(collimation.shares, (shape[0], shape[0], shape[1], shape[1]), strict=True)
    )
    seen = np.zeros(shape, bool)
    seen[top : shape[0] - bottom, left : shape[1] - right] = True
    return seen


def as_read(image: np.ndarray, inverted: bool) -> np.ndarray:
    """An image from a file that does not say its polarity, after the engine's reader has decided."""
    stored = -image if inverted else image
    return -stored if decide_polarity(stored, "auto").invert else stored


def _grey_levels(image: np.ndarray, table: tuple[float, ...] | None) -> np.ndarray:
    """256 levels between two quantiles, after the console's curve, as an exported PNG or JPEG has."""
    low, high = np.quantile(image, WINDOW)
    share = np.clip((image - np.float32(low)) * np.float32(1.0 / max(float(high - low), 1e-3)), 0.0, 1.0)
    if table is not None:
        share = np.interp(share, np.linspace(0.0, 1.0, LUT_KNOTS), table).astype(np.float32)
    return np.round(share * np.float32(255.0))
