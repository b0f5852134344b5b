"""MetricSpec: one metric: what it is, what it may be taken of, and in which words its protocol says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

HU, GREY, MR = "HU", "grey", "MR"  # kinds of pairs: two CTs, two radiographs, a CT-like image and an MRI
Function = Callable[[np.ndarray, np.ndarray, "np.ndarray | None"], float]
ONLY_HU, ONLY_MR, EVERY_KIND = frozenset((HU,)), frozenset((MR,)), frozenset((HU, GREY, MR))


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """One metric.

    Attributes:
        name: as the report shows it.
        function: of (result, reference, mask).
        text: what it is, for the protocol.
        unit: "value" for the pair's own unit, "dB" or "".
        better: "lower", "higher", "zero" or "".
        kinds: of pairs that it makes sense for.
        basic: whether it is among the few of the choice "basic"; of an MRI, all are.
        scaled: taken of values scaled so that the window reads as [-1024, 1476], whatever its unit.
        ranged: whether its value depends on the stated range.
        clipped: taken of values within the window; False for variants that bring their own.
        kernel, variant: as in MetricRow.
        rim: pixels at the edge of the field that do not count.
        whole_only, body_only, volume_only: the scopes in which it makes sense.
        masked: whether it looks at the mask; False for what is a property of whole images.
        voxels: how many of (reference, mask) go into it, where it is not all of the mask within the rim.
        pooling: how slabs are put together, where it is not "all voxels pooled".
    """

    name: str
    function: Function
    text: str
    unit: str = ""
    better: str = "higher"
    kinds: frozenset[str] = field(default_factory=lambda: EVERY_KIND - ONLY_MR)
    basic: bool = False
    scaled: bool = False
    ranged: bool = False
    clipped: bool = True
    kernel: str = ""
    variant: str = ""
    rim: int = 0
    whole_only: bool = False
    body_only: bool = False
    volume_only: bool = False
    masked: bool = True
    voxels: Callable[[np.ndarray, np.ndarray | None], int] | None = None
    pooling: str = ""
    data_range: str = ""


def without_mask(function: Callable[[np.ndarray, np.ndarray], float]) -> Function:
    """A metric of whole images as one that takes a mask and does not look at it."""
    return lambda a, b, mask: function(a, b)


def with_mask(function: Callable[[np.ndarray, np.ndarray, np.ndarray], float]) -> Function:
    """A metric that needs a mask as one that takes everything where there is none."""
    return lambda a, b, mask: function(a, b, np.ones(a.shape, bool) if mask is None else mask)
