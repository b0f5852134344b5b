"""Histogram matching to a reference radiograph."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import XrayToCTError
from .context import FilterContext
from .grey_curve import BINS, GreyCurve, histogram, quantiles
from .guard import guarded
from .parameters import FilterParameters, parameter

# Quantiles at 1/200, 1/16, 2/16 ... 15/16, 199/200 of the pixels under the mask, mean over 240 frontal chests of NIH
# ChestX-ray14: the look of an ordinary display-processed chest. The ends stand for 0 and 1, without markers.
ORDINARY_CHEST = (
    0.073,
    0.242,
    0.335,
    0.4,
    0.452,
    0.494,
    0.532,
    0.566,
    0.597,
    0.627,
    0.657,
    0.688,
    0.72,
    0.754,
    0.789,
    0.826,
    0.874,
)


@dataclass(frozen=True)
class HistogramMatchingParameters(FilterParameters):
    """Strength 0 changes nothing."""

    reference: tuple[float, ...] = parameter(
        ORDINARY_CHEST,
        "The reference's quantiles at equal steps of probability from 0 to 1; the default is an ordinary chest.",
        unit="share of the value range",
        minimum=0.0,
        maximum=1.0,
    )
    strength: float = parameter(1.0, "Share of the matched image in the result.", minimum=0.0, maximum=1.0)

    def __post_init__(self) -> None:
        FilterParameters.__post_init__(self)
        if len(self.reference) < 2 or np.any(np.diff(self.reference) < 0):
            raise XrayToCTError(
                "The reference of a histogram matching must be two or more quantiles that never descend.",
                hint="Make it with histogram_matching.reference_quantiles(image, context).",
            )


def reference_quantiles(image: np.ndarray, context: FilterContext, count: int = 257) -> tuple[float, ...]:
    """What ``HistogramMatchingParameters.reference`` takes, of an image (rows, cols) to be matched."""
    shares = np.linspace(0.0, 1.0, count)
    values = quantiles(np.ascontiguousarray(image, np.float32), shares, context)
    if context.span == 0:
        return (0.0,) * count
    return tuple(float(value) for value in np.clip((values - context.value_range[0]) / context.span, 0.0, 1.0))


@guarded
def histogram_matching(
    image: np.ndarray, parameters: HistogramMatchingParameters, context: FilterContext
) -> np.ndarray:
    """Each value becomes the reference's value of the same rank (Gonzalez and Woods, section 3.3). Monotone.

    Args:
        image: (rows, cols).
    """
    if parameters.strength == 0.0:
        return image
    return matching_curve(image, parameters, context)(image, context)


def matching_curve(image: np.ndarray, parameters: HistogramMatchingParameters, context: FilterContext) -> GreyCurve:
    """The curve that the filter applies, to be drawn over the histogram."""
    low, span = context.value_range[0], context.span
    counts = histogram(image, context)
    # The middle of a level's ranks, so that an image matched to itself keeps its values.
    ranks = (np.cumsum(counts) - counts / 2) / counts.sum()
    shares = np.linspace(0.0, 1.0, len(parameters.reference))
    matched = low + span * np.interp(ranks, shares, parameters.reference)
    identity = low + np.arange(BINS) * (span / (BINS - 1))
    return GreyCurve(identity + parameters.strength * (matched - identity))
