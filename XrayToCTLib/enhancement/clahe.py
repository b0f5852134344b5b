"""CLAHE: contrast-limited adaptive histogram equalisation, 16 bit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .clahe_curves import bins_for, equalise_tiles
from .context import FilterContext
from .grey_curve import BINS, from_levels, to_levels
from .guard import guarded
from .parameters import FilterParameters, parameter

# OpenCV's implementation needs this share of the levels present, and this many pixels a bin at the clip limit.
_DENSE = 0.5
_LEAST_COUNTS = 2.0
_LEAST_SIDE = 8
# Pixels that are enough to see whether levels are left out: four for each.
_SAMPLE = 1 << 18


@dataclass(frozen=True)
class ClaheParameters(FilterParameters):
    """Strength 0 changes nothing."""

    clip_limit: float = parameter(
        2.0,
        "Height at which a tile's histogram is cut, in multiples of a flat histogram: the steepest slope of a curve.",
        minimum=1.0,
        maximum=100.0,
    )
    tile: float = parameter(50.0, "Side of a tile.", unit="mm", minimum=1.0, maximum=1000.0)
    strength: float = parameter(1.0, "Share of the equalised image in the result.", minimum=0.0, maximum=1.0)


@guarded
def clahe(image: np.ndarray, parameters: ClaheParameters, context: FilterContext) -> np.ndarray:
    """Each tile's equalising curve, its slope limited, blended bilinearly between tiles (Zuiderveld 1994).

    OpenCV's 16-bit implementation where tiles and levels are enough for a bin a level (its limit is then rounded to
    whole pixels), ``clahe_curves`` elsewhere: small images, and those of 8, 10 or 12 bits. It works on the box about
    the mask; what lies outside that box (collimation) keeps its values, so that it lends no histogram to the tiles at
    the border. Monotone within a neighbourhood only.

    Args:
        image: (rows, cols).
    """
    import cv2

    if parameters.strength == 0.0:
        return image
    box = _box(context)
    part = np.ascontiguousarray(image[box])
    across = _tiles(part.shape, context.spacing, parameters.tile)
    levels = to_levels(part, context)
    density = _density(levels)
    pixels = part.size / (across[0] * across[1])
    if density > _DENSE and parameters.clip_limit * pixels >= _LEAST_COUNTS * BINS:
        # tileGridSize is (columns, rows)
        equaliser = cv2.createCLAHE(parameters.clip_limit, (across[1], across[0]))
        # In place: each pixel is read before it is written, and fresh memory costs as much as a pass over it.
        equaliser.apply(levels, levels)
        equalised = from_levels(levels, context)
    else:
        bins = bins_for(parameters.clip_limit, pixels, density * BINS)
        equalised = from_levels(equalise_tiles(levels, across, parameters.clip_limit, bins), context)
    if parameters.strength < 1.0:
        equalised += np.float32(1.0 - parameters.strength) * (part - equalised)
    if part.shape == image.shape:
        return equalised
    result = image.copy()
    result[box] = equalised
    return result


def _tiles(shape: tuple[int, ...], spacing: tuple[float, float], side: float) -> tuple[int, int]:
    """How many tiles (down, across), each at least 8 pixels wide where the image is."""
    down, across = (
        min(max(1, count // _LEAST_SIDE), max(1, round(count * step / side)))
        for count, step in zip(shape, spacing, strict=True)
    )
    return down, across


def _density(levels: np.ndarray) -> float:
    """Share of the levels between the darkest and the brightest that the image holds: 1/16 of 12 bits in 16."""
    seen = np.zeros(BINS, bool)
    seen[levels[:: max(1, levels.size // _SAMPLE)].ravel()] = True
    held = np.flatnonzero(seen)
    return float(held.size) / max(float(held[-1] - held[0] + 1), 1.0) if held.size > 1 else 1.0


def _box(context: FilterContext) -> tuple[slice, slice]:
    """The smallest box about the mask; everything where it is empty or absent."""
    if context.mask is None or not context.mask.any():
        return np.s_[:, :]
    rows = np.flatnonzero(context.mask.any(axis=1))
    cols = np.flatnonzero(context.mask.any(axis=0))
    return np.s_[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
