"""Background compression: dynamic-range compression of what varies slowly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .context import FilterContext
from .guard import guarded
from .parameters import FilterParameters, parameter
from .smoothing import mask_weight, masked_gaussian


@dataclass(frozen=True)
class BackgroundCompressionParameters(FilterParameters):
    """Strength 0 changes nothing."""

    scale: float = parameter(
        25.0,
        "Standard deviation of the background: larger structures are compressed.",
        unit="mm",
        minimum=0.1,
        maximum=500.0,
    )
    strength: float = parameter(0.4, "Share of the background's variation that is taken out.", minimum=0.0, maximum=1.0)


@guarded
def background_compression(
    image: np.ndarray, parameters: BackgroundCompressionParameters, context: FilterContext
) -> np.ndarray:
    """image - strength * (background - its mean), the background being smoothed under the mask. Not clipped.

    Dynamic-range control with an unsharp mask of large size (Kobayashi et al., SPIE 1652, 1992): mediastinum and lungs
    fit one window, and small contrasts stay as they are.

    Args:
        image: (rows, cols).
    """
    if parameters.strength == 0.0:
        return image
    background = masked_gaussian(image, parameters.scale, context)
    mean = float(context.inside(background).mean(dtype=np.float64))
    background -= np.float32(mean)
    background *= mask_weight(image.shape, context)  # collimation stays black or white
    background *= np.float32(parameters.strength)
    return image - background
