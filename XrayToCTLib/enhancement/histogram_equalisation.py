"""Histogram equalisation with every level of 16 bits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .context import FilterContext
from .grey_curve import BINS, GreyCurve, histogram
from .guard import guarded
from .parameters import FilterParameters, parameter


@dataclass(frozen=True)
class HistogramEqualisationParameters(FilterParameters):
    """Strength 0 changes nothing."""

    strength: float = parameter(1.0, "Share of the equalised image in the result.", minimum=0.0, maximum=1.0)


@guarded
def histogram_equalisation(
    image: np.ndarray, parameters: HistogramEqualisationParameters, context: FilterContext
) -> np.ndarray:
    """Grey levels spread so that as many pixels under the mask lie on each (Gonzalez and Woods, section 3.3).

    Monotone. The darkest level present goes to the range's low end and the brightest to its high end.

    Args:
        image: (rows, cols).
    """
    if parameters.strength == 0.0:
        return image
    return equalising_curve(image, parameters, context)(image, context)


def equalising_curve(
    image: np.ndarray, parameters: HistogramEqualisationParameters, context: FilterContext
) -> GreyCurve:
    """The curve that the filter applies, to be drawn over the histogram."""
    low, span = context.value_range[0], context.span
    cumulative = np.cumsum(histogram(image, context))
    identity = low + np.arange(BINS) * (span / (BINS - 1))
    darkest = cumulative[cumulative > 0][0]
    if darkest == cumulative[-1]:  # one level only: nothing to spread
        return GreyCurve(identity)
    equalised = low + span * np.maximum(cumulative - darkest, 0.0) / (cumulative[-1] - darkest)
    return GreyCurve(identity + parameters.strength * (equalised - identity))
