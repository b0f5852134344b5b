"""Moments: weighted sums of thumbnails, from which a patient can be taken out again; the Gaussian that they give."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from XrayToCTLib.models.gate_file import Appearance

# Copies of an image are turned (standard deviation), zoomed and shifted (half widths) by so much.
_TURN_DEG, _ZOOM, _SHIFT_MM = 2.5, 0.1, 21.0
# A pixel's own noise is at least this share of the mean noise: nothing may look impossible in a pixel that happened to
# be the same in all images.
_LEAST_NOISE = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Sums over images: of weights, of weight x thumbnail (pixels,), of weight x outer product (pixels, pixels)."""

    weight: float
    first: np.ndarray
    second: np.ndarray

    @classmethod
    def of(cls, thumbnails: np.ndarray, weights: np.ndarray) -> Moments:
        """Of thumbnails (n, pixels) with weights (n,)."""
        values = thumbnails.astype(np.float64)
        weighted = values * weights[:, None]
        return cls(float(weights.sum()), weighted.sum(0), weighted.T @ values)

    def __sub__(self, other: Moments) -> Moments:
        return Moments(self.weight - other.weight, self.first - other.first, self.second - other.second)


def appearance_of(moments: Moments, components: int) -> Appearance:
    """The Gaussian of probabilistic principal components (Tipping and Bishop, J. R. Statist. Soc. B 61, 1999), with the
    variance that they leave of each pixel as its noise, so that the pixels' variances are kept."""
    mean = moments.first / moments.weight
    covariance = moments.second / moments.weight - np.outer(mean, mean)
    values, vectors = np.linalg.eigh(covariance)
    count = max(1, min(components, len(values) - 1))
    kept, rest = np.maximum(values[::-1][:count], 0.0), np.maximum(values[::-1][count:], 0.0)
    noise = max(float(rest.mean()), 1e-6 * float(np.trace(covariance)) / len(values), 1e-9)
    axes = vectors[:, ::-1][:, :count].T * np.sqrt(np.maximum(kept - noise, 0.0))[:, None]
    own = np.maximum(np.diag(covariance) - (axes**2).sum(0), _LEAST_NOISE * noise)
    return Appearance(mean.astype(np.float32), axes.astype(np.float32), own.astype(np.float32))


def moved(image: np.ndarray, spacing_mm: float, rng: np.random.Generator) -> np.ndarray:
    """An image (rows, cols) a little turned, zoomed and shifted, its rim repeated."""
    rows, cols = image.shape
    turn = cv2.getRotationMatrix2D(
        ((cols - 1) / 2, (rows - 1) / 2), float(rng.normal(0.0, _TURN_DEG)), float(rng.uniform(1 - _ZOOM, 1 + _ZOOM))
    )
    turn[:, 2] = turn[:, 2] + rng.uniform(-1.0, 1.0, 2) * (_SHIFT_MM / spacing_mm)
    source = image.astype(np.float32)
    return np.asarray(
        cv2.warpAffine(source, turn, (cols, rows), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    )
