"""Transfer curve: which grey level a pipeline turns each grey level into, to be drawn over the histogram."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import XrayToCTError


@dataclass(frozen=True, slots=True, eq=False)
class TransferCurve:
    """Measured on an image, so it holds for pipelines of any filters.

    Attributes:
        levels: (bins,) centre of each bin of the input's range.
        counts: (bins,) how many pixels of the input lie in each bin.
        output: (bins,) median output of those pixels; NaN where there are none.
        lower, upper: (bins,) 10th and 90th percentile of their output: a band about the curve where the output
            depends on the neighbourhood, next to nothing where it does not.
        monotone: on this image no brighter pixel became darker than a darker one, so that the curve says it all.
    """

    levels: np.ndarray
    counts: np.ndarray
    output: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    monotone: bool


def transfer_curve(
    before: np.ndarray, after: np.ndarray, *, bins: int = 256, order: np.ndarray | None = None
) -> TransferCurve:
    """The curve between an image and what a pipeline made of it.

    Args:
        before, after: (rows, cols) of one shape; a preview's ``source.pixels[0]`` and the preview's.
        bins: over the input's own range.
        order: ``np.argsort(before, axis=None, kind="stable")``, where several curves are made from one image.

    Raises:
        XrayToCTError: the shapes differ, or there is no bin.
    """
    if before.shape != after.shape or before.size == 0 or bins < 1:
        raise XrayToCTError(
            f"There is no curve of {bins} bins between images of {before.shape} and {after.shape}.",
            hint="Give the image before and after the pipeline.",
        )
    if order is None:
        order = np.argsort(before, axis=None, kind="stable")
    given, made = before.ravel()[order].astype(np.float64), after.ravel()[order].astype(np.float64)
    low, high = float(given[0]), float(given[-1])
    edges = np.linspace(low, high, bins + 1)
    # Pixels of a bin stand together, as they are sorted; the last bin takes the brightest too.
    ends = np.searchsorted(given, edges, side="left")
    ends[-1] = given.size
    counts = np.diff(ends)
    found = np.full((3, bins), np.nan)
    for index in np.flatnonzero(counts):
        part = made[ends[index] : ends[index + 1]]
        places = (np.array([0.1, 0.5, 0.9]) * (part.size - 1)).astype(int)
        found[:, index] = np.partition(part, places)[places]
    # Pixels of one level must come out alike, and the levels in their order; float32 rounding is no fault.
    tolerance = 1e-5 * float(np.ptp(made))
    monotone = bool((np.diff(made) >= -tolerance).all())
    return TransferCurve(
        levels=(edges[:-1] + edges[1:]) / 2,
        counts=counts,
        output=found[1],
        lower=found[0],
        upper=found[2],
        monotone=monotone,
    )
