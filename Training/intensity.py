"""Intensity: what a detector, a console and a file format do to line integrals on their way to the network."""

from __future__ import annotations

import cv2
import numpy as np

from XrayToCTLib.models.card import ReferenceQuantiles
from XrayToCTLib.radiograph import IntensityScale
from XrayToCTLib.translation.harmonise import to_line_integrals

# How often a sample stays calibrated; the others go the way of a display-processed file, whose values are mapped onto
# the reference quantiles by the same function that the engine uses.
_CALIBRATED = 0.4


def detector_image(
    integrals: np.ndarray, valid: np.ndarray, reference: ReferenceQuantiles, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """One random look of a simulated radiograph.

    Args:
        integrals: (rows, cols), dimensionless.
        valid: bool (rows, cols), where the target is real.

    Returns:
        Line integrals as the network will be fed them, float32, and ``valid`` without what a collimator hides.
    """
    image = integrals.astype(np.float32)
    calibrated = rng.random() < _CALIBRATED
    transmitted = np.exp(-image)
    if not calibrated and rng.random() < 0.6:
        # Scatter: a wide, smooth veil whose share of the primary grows with the patient.
        veil = cv2.GaussianBlur(transmitted, (0, 0), rng.uniform(15.0, 40.0))
        transmitted = transmitted + rng.uniform(0.05, 0.5) * veil
    if rng.random() < 0.5:
        transmitted = cv2.GaussianBlur(transmitted, (0, 0), rng.uniform(0.3, 0.9))
    quanta = 10.0 ** rng.uniform(3.8, 6.0)  # a pixel of the network's grid, unattenuated
    noise = rng.standard_normal(image.shape).astype(np.float32) * np.sqrt(transmitted / quanta)
    image = -np.log(np.maximum(transmitted + noise, 1e-5)).astype(np.float32)
    if calibrated:
        return image * np.float32(rng.uniform(0.95, 1.05)), valid
    if rng.random() < 0.25:
        _add_marker(image, rng)
    if rng.random() < 0.2:
        valid = _collimate(image, valid, rng)
    if rng.random() < 0.3:
        image = _quantised(image)
    mapped, _ = to_line_integrals(image, IntensityScale.DISPLAY, reference)
    return mapped, valid


def _add_marker(image: np.ndarray, rng: np.random.Generator) -> None:
    """A lead side marker: a bright letter near an upper corner."""
    rows, cols = image.shape
    letter = "R" if rng.random() < 0.5 else "L"
    at = (int(cols * (0.06 if letter == "R" else 0.86)), int(rows * rng.uniform(0.1, 0.3)))
    lead = np.zeros(image.shape, np.uint8)
    cv2.putText(lead, letter, at, cv2.FONT_HERSHEY_SIMPLEX, rng.uniform(0.4, 0.9), 255, 2)
    image[lead > 127] = image.max() + 0.3


def _collimate(image: np.ndarray, valid: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blacken the borders as an electronic shutter does, or leave them white as lead does."""
    rows, cols = image.shape
    top, bottom = (int(rows * rng.uniform(0.0, 0.12)) for _ in range(2))
    left, right = (int(cols * rng.uniform(0.0, 0.12)) for _ in range(2))
    seen = np.zeros(image.shape, bool)
    seen[top : rows - bottom, left : cols - right] = True
    image[~seen] = image.max() if rng.random() < 0.4 else image.min()
    return valid & seen


def _quantised(image: np.ndarray) -> np.ndarray:
    """Eight bits between the 0.5th and 99.5th percentile, as an exported PNG or JPEG has."""
    low, high = np.quantile(image, (0.005, 0.995))
    return np.round(np.clip((image - low) / max(high - low, 1e-3), 0.0, 1.0) * 255.0).astype(np.float32)
