"""Scatter suppression."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .context import FilterContext
from .guard import guarded
from .parameters import FilterParameters, parameter
from .smoothing import mask_weight, masked_gaussian

# Primary radiation never falls below this share of what was measured: noise would drown it.
_LEAST_PRIMARY = 0.4


@dataclass(frozen=True)
class ScatterSuppressionParameters(FilterParameters):
    """Strength 0 changes nothing."""

    fraction: float = parameter(
        0.5,
        "Scatter's share of the exposure behind the patient: about 0.5 with a grid, up to 0.9 without.",
        minimum=0.0,
        maximum=0.95,
    )
    kernel: float = parameter(
        30.0, "Standard deviation of the scatter that one ray makes.", unit="mm", minimum=1.0, maximum=500.0
    )
    latitude: float = parameter(
        3.0, "Line integrals from the low to the high end of the value range.", minimum=0.1, maximum=20.0
    )
    strength: float = parameter(0.5, "Share of the scatter that is taken out.", minimum=0.0, maximum=1.0)


@guarded
def scatter_suppression(
    image: np.ndarray, parameters: ScatterSuppressionParameters, context: FilterContext
) -> np.ndarray:
    """Contrast that scatter took away, given back: exposure minus its smoothed share, in the logarithm.

    Convolution model of scatter (Love and Kruger, Med. Phys. 14, 1987) whose source is integral * exposure, the forward
    scatter of Ohnesorge, Flohr and Klingenbeck-Regn (Eur. Radiol. 9, 1999).
    Values are taken for a logarithm of the exposure, bone bright, with ``latitude`` line integrals over the range.
    The mean under the mask is kept. Not clipped.

    Args:
        image: (rows, cols).
    """
    if parameters.strength == 0.0 or parameters.fraction == 0.0:
        return image
    slope = context.span / parameters.latitude
    integrals = (image - np.float32(context.value_range[0])) * np.float32(1.0 / slope)
    exposure = np.exp(-integrals)
    # What scatters is what was attenuated: air next to the skin makes none.
    source = exposure * np.maximum(integrals, np.float32(0.0), out=integrals)
    # The fraction holds where scatter is made: weighted by the source, so that air beside the patient does not count.
    scattering = context.inside(source)
    total = float(np.square(scattering).mean(dtype=np.float64))
    if total <= 0.0:
        return image
    level = parameters.fraction * float((context.inside(exposure) * scattering).mean(dtype=np.float64)) / total
    share = masked_gaussian(source, parameters.kernel, context)
    share /= exposure
    share *= np.float32(-level * parameters.strength)
    share += np.float32(1.0)
    # A soft floor, so that thick parts keep their order: near x for large x, and never below the least primary.
    share = _soft_floor(share)
    change = np.log(share, out=share)
    change *= np.float32(-slope)
    mean = float(context.inside(change).mean(dtype=np.float64))
    change -= np.float32(mean)
    change *= mask_weight(image.shape, context)
    change += image
    return change


def _soft_floor(share: np.ndarray) -> np.ndarray:
    """(x + sqrt(x^2 + 4 floor^2)) / 2: smooth, increasing, positive."""
    root = np.square(share)
    root += np.float32(4.0 * _LEAST_PRIMARY**2)
    np.sqrt(root, out=root)
    root += share
    root *= np.float32(0.5)
    return root
