"""Window, level and gamma: the grey-level transform of every viewer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .context import FilterContext
from .guard import guarded
from .parameters import FilterParameters, parameter


@dataclass(frozen=True)
class WindowLevelParameters(FilterParameters):
    """The whole range with gamma 1 changes nothing."""

    level: float = parameter(0.5, "Centre of the window.", unit="share of the value range", minimum=-1.0, maximum=2.0)
    window: float = parameter(1.0, "Width of the window.", unit="share of the value range", minimum=1e-4, maximum=4.0)
    gamma: float = parameter(
        1.0, "Exponent within the window: above 1 darkens, below 1 brightens the middle.", minimum=0.1, maximum=10.0
    )


@guarded
def window_level(image: np.ndarray, parameters: WindowLevelParameters, context: FilterContext) -> np.ndarray:
    """The window stretched over the value range, clipped beyond it, then raised to gamma.

    Monotone. The linear part is DICOM's LINEAR_EXACT VOI function (PS3.3 C.11.2.1.3.2).

    Args:
        image: (rows, cols).
    """
    if parameters == WindowLevelParameters():
        return image
    low, span = context.value_range[0], context.span
    start = low + (parameters.level - parameters.window / 2) * span
    share = image - np.float32(start)
    share *= np.float32(1.0 / (parameters.window * span))
    np.clip(share, 0.0, 1.0, out=share)
    if parameters.gamma != 1.0:
        import cv2

        share = np.asarray(cv2.pow(share, parameters.gamma), np.float32).reshape(image.shape)
    share *= np.float32(span)
    share += np.float32(low)
    return share
