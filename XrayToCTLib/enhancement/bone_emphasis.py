"""Bone and soft-tissue emphasis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .context import FilterContext
from .guard import guarded
from .parameters import FilterParameters, parameter
from .smoothing import gaussian, mask_weight, masked_gaussian


@dataclass(frozen=True)
class BoneEmphasisParameters(FilterParameters):
    """Strength 0 changes nothing."""

    strength: float = parameter(
        0.8,
        "How much bone-like contrast is added; below 0 taken away, which shows soft tissue.",
        minimum=-1.0,
        maximum=4.0,
    )
    fine: float = parameter(
        0.3, "Standard deviation of the finest bone structures, trabeculae.", unit="mm", minimum=0.01, maximum=20.0
    )
    coarse: float = parameter(
        6.0, "Standard deviation of the surroundings that bone stands out from.", unit="mm", minimum=0.1, maximum=100.0
    )


@guarded
def bone_emphasis(image: np.ndarray, parameters: BoneEmphasisParameters, context: FilterContext) -> np.ndarray:
    """What is narrower than ``coarse`` and brighter than its surroundings, added or taken away. Not clipped.

    One exposure cannot tell bone from tissue by energy; this goes by form: cortical edges, ribs and trabeculae are
    bright, narrow structures. The band between both widths is weighted from 0 where it is dark to 1 where it is
    bright, by its own spread, so that nothing is switched.

    Args:
        image: (rows, cols).
    """
    if parameters.strength == 0.0:
        return image
    band = gaussian(image, parameters.fine, context)
    band -= masked_gaussian(image, max(parameters.coarse, 1.01 * parameters.fine), context)
    spread = float(context.inside(band).std(dtype=np.float64))
    if spread == 0.0:
        return image
    # 1 / (1 + exp(-x)) of the band in units of half its spread: a soft half-wave.
    weight = band * np.float32(-2.0 / spread)
    np.exp(np.minimum(weight, 60.0, out=weight), out=weight)
    weight += np.float32(1.0)
    band /= weight
    band *= mask_weight(image.shape, context)
    band *= np.float32(parameters.strength)
    band += image
    return band
