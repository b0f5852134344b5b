"""Harmonise: pixel values of any scale to line integrals, which is what networks are fed."""

from __future__ import annotations

import numpy as np

from ..models.card import ReferenceQuantiles
from ..radiograph import IntensityScale


def to_line_integrals(
    pixels: np.ndarray, scale: IntensityScale, reference: ReferenceQuantiles
) -> tuple[np.ndarray, str]:
    """Line integrals from the pixel values of one image.

    Calibrated line integrals stay as they are. Everything else is an unknown monotone function of them (gain, offset,
    display curve), so only the order of the values carries information: they are mapped, quantile by quantile, onto
    the distribution that the model was trained on (histogram specification; Gonzalez and Woods, Digital Image
    Processing, 3.3).

    Args:
        pixels: float32 (rows, cols), bone bright.
        scale: what the values mean.
        reference: the model's, from its card.

    Returns:
        float32 (rows, cols), dimensionless, and one sentence that says what was done.
    """
    if scale is IntensityScale.LINE_INTEGRAL:
        return pixels.astype(np.float32, copy=False), "Line integrals, used as they are."
    targets = np.asarray(reference.line_integrals)
    values, which = np.unique(np.quantile(pixels, reference.probabilities), return_inverse=True)
    # A value that many pixels share (a collimated border, a saturated background) spans several probabilities: it
    # goes to the mean of their line integrals, or the map would not be a function.
    mapped = np.bincount(which.ravel(), weights=targets[: which.size]) / np.bincount(which.ravel())
    integrals = np.interp(pixels, values, mapped).astype(np.float32)
    return integrals, f"{len(values)} quantiles mapped onto the model's reference line integrals."
