"""Is bone bright? An estimate for files that do not say."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from ..errors import XrayToCTError

POLARITIES = ("auto", "bone-bright", "bone-dark")

# Side of the thumbnail on which the estimate is made.
_SIDE = 64
# Regions of a frontal chest as shares of the image's height and width: (top, bottom, left, right).
_MEDIASTINUM = ((0.25, 0.70, 0.42, 0.58),)
_LUNGS = ((0.25, 0.55, 0.18, 0.36), (0.25, 0.55, 0.64, 0.82))
_ABDOMEN = ((0.75, 0.95, 0.30, 0.70),)
_AIR = ((0.02, 0.20, 0.0, 0.12), (0.02, 0.20, 0.88, 1.0))
# All three contrasts must point the same way by this much, and their sum by that much, before an image is inverted.
# Bone-bright hips and legs within white collimation fulfil one or two of them, never all.
_EACH = 0.02
_SUM = 0.4
# Lungs are never as black as air nor as white as collimation: where more than this share of them lies within 2 % of
# an end of the grey scale, the image is none of a chest (of 240 chests, lungs reach 1.1 %; a collimated leg, 15 %).
_LUNG_AT_END = 0.05
_END = 0.02


class Polarity(Enum):
    """What the look of an image says."""

    BONE_BRIGHT = "bone-bright"
    BONE_DARK = "bone-dark"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class PolarityDecision:
    """Whether to invert, and what to tell."""

    invert: bool
    history: str
    warning: str | None = None


def checked_polarity(polarity: str) -> str:
    """Raises XrayToCTError unless ``polarity`` is "auto", "bone-bright" or "bone-dark"."""
    if polarity not in POLARITIES:
        raise XrayToCTError(f"There is no polarity {polarity!r}.", hint=f"Choose one of: {', '.join(POLARITIES)}.")
    return polarity


def decide_polarity(pixels: np.ndarray, polarity: str) -> PolarityDecision:
    """Whether ``pixels`` (rows, cols), of a file without polarity metadata, must be inverted to make bone bright."""
    if polarity == "bone-bright":
        return PolarityDecision(False, "Kept the values: the caller says that bone is bright.")
    if polarity == "bone-dark":
        return PolarityDecision(True, "Inverted the values: the caller says that bone is dark.")
    look = estimate_polarity(pixels)
    if look is Polarity.BONE_DARK:
        return PolarityDecision(
            True,
            "Inverted the values: the image looks like a chest with bone dark.",
            "The image looked like a chest with bone dark and was inverted. "
            'Pass polarity="bone-bright" if it should not have been.',
        )
    if look is Polarity.BONE_BRIGHT:
        return PolarityDecision(False, "Kept the values: the image looks like a chest with bone bright.")
    return PolarityDecision(
        False,
        "Kept the values: the look of the image does not tell whether bone is bright.",
        'It is not sure that bone is bright in this image; it was kept. Pass polarity="bone-dark" to invert it.',
    )


def estimate_polarity(pixels: np.ndarray) -> Polarity:
    """Polarity of a frontal chest radiograph by three contrasts of grey-level ranks.

    Mediastinum against lungs, abdomen against lungs, abdomen against the upper corners (direct exposure): each is
    positive when bone is bright, and changes its sign, not its size, when the image is inverted.

    Args:
        pixels: shape (rows, cols).
    """
    small = _thumbnail(pixels)
    if _lungs_at_end(small) > _LUNG_AT_END:
        return Polarity.UNSURE
    ranks = _ranks(small)
    contrasts = (
        _mean(ranks, _MEDIASTINUM) - _mean(ranks, _LUNGS),
        _mean(ranks, _ABDOMEN) - _mean(ranks, _LUNGS),
        _mean(ranks, _ABDOMEN) - _mean(ranks, _AIR),
    )
    if min(contrasts) > _EACH and sum(contrasts) > _SUM:
        return Polarity.BONE_BRIGHT
    if max(contrasts) < -_EACH and sum(contrasts) < -_SUM:
        return Polarity.BONE_DARK
    return Polarity.UNSURE


def _thumbnail(pixels: np.ndarray) -> np.ndarray:
    import cv2

    grey = _without_frame(np.asarray(pixels, dtype=np.float32))
    return cv2.resize(grey, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)


def _lungs_at_end(small: np.ndarray) -> float:
    """Share of the lung regions that is about as dark or as bright as the image ever is, whichever is more."""
    values = small.astype(np.float64)
    low, high = values.min(), values.max()
    margin = _END * (high - low)
    return max(_mean(values <= low + margin, _LUNGS), _mean(values >= high - margin, _LUNGS))


def _ranks(small: np.ndarray) -> np.ndarray:
    """(64, 64) ranks in [0, 1]: independent of the processing of grey levels; ties share their mean rank."""
    _, inverse, counts = np.unique(small.ravel(), return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(counts) - (counts + 1) / 2
    return (mean_rank[inverse] / (small.size - 1)).reshape(small.shape)


def _without_frame(pixels: np.ndarray) -> np.ndarray:
    """The image without a border of constant rows and columns, as a white or black frame is no anatomy."""
    rows = np.flatnonzero(pixels.max(axis=1) > pixels.min(axis=1))
    columns = np.flatnonzero(pixels.max(axis=0) > pixels.min(axis=0))
    if min(rows.size, columns.size) < 2:
        return pixels
    return pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _mean(thumbnail: np.ndarray, regions: tuple[tuple[float, float, float, float], ...]) -> float:
    means = [
        thumbnail[int(top * _SIDE) : int(bottom * _SIDE), int(left * _SIDE) : int(right * _SIDE)].mean()
        for top, bottom, left, right in regions
    ]
    return float(np.mean(means))
