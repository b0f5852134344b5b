"""CLAHE: contrast-limited adaptive histogram equalisation, 16 bit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .context import FilterContext
from .grey_curve import from_levels, to_levels
from .guard import guarded
from .parameters import FilterParameters, parameter


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

    OpenCV's 16-bit implementation on the box about the mask; what lies outside that box (collimation) keeps its
    values, so that it lends no histogram to the tiles at the border. Monotone within a neighbourhood only.

    Args:
        image: (rows, cols).
    """
    import cv2

    if parameters.strength == 0.0:
        return image
    box = _box(context)
    part = np.ascontiguousarray(image[box])
    across = tuple(
        min(count, max(1, round(count * step / parameters.tile)))
        for count, step in zip(part.shape, context.spacing, strict=True)
    )
    # tileGridSize is (columns, rows)
    equaliser = cv2.createCLAHE(parameters.clip_limit, (across[1], across[0]))
    levels = np.asarray(equaliser.apply(to_levels(part, context))).reshape(part.shape)
    equalised = from_levels(levels, context)
    if parameters.strength < 1.0:
        equalised += np.float32(1.0 - parameters.strength) * (part - equalised)
    if part.shape == image.shape:
        return equalised
    result = image.copy()
    result[box] = equalised
    return result


def _box(context: FilterContext) -> tuple[slice, slice]:
    """The smallest box about the mask; everything where it is empty or absent."""
    if context.mask is None or not context.mask.any():
        return np.s_[:, :]
    rows = np.flatnonzero(context.mask.any(axis=1))
    cols = np.flatnonzero(context.mask.any(axis=0))
    return np.s_[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
