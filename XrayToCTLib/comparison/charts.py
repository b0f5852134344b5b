"""Charts: the curves and points of a comparison as numbers, for a program that draws its own plots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..fidelity.bland_altman import bland_altman
from ..fidelity.candidate_table import candidate_names
from ..fidelity.comparison_plots import REFERENCE, alike, central_profile, compared_region, region_words
from ..fidelity.fidelity_report import FidelityReport
from ..fidelity.histograms import histograms, joint_histogram
from ..fidelity.line_profile import line_profile

_POINTS = 2000
_BINS = 64  # an axis of the joint histogram: a bin is some 5 pixels of a plot


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One curve (``line``) or cloud of points: x and y, float64, of one length."""

    name: str
    x: np.ndarray
    y: np.ndarray
    line: bool = True


@dataclass(frozen=True, slots=True)
class Chart:
    """One plot: its kind ("histogram", "joint histogram", "line profile", "Bland-Altman"), axes and series."""

    kind: str
    title: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]


def charts(
    reports: Sequence[FidelityReport],
    *,
    line: tuple[tuple[float, float], tuple[float, float]] | None = None,
    slab: int | None = None,
) -> list[Chart]:
    """Histogram and line profile of all candidates together, joint histogram and Bland-Altman of each.

    Beside an MRI, which shares no scale with the result, there is no Bland-Altman, nor a line where both are equal.

    Args:
        reports: with their images; those without have no charts.
        line: ends of the profile, (row, column) as shares 0..1 of the field; the middle of the body by default.
        slab: of the profile; the central one by default.
    """
    names = candidate_names(reports)
    made: list[Chart] = []
    for group in alike(reports):
        first = reports[group[0]]
        images = {names[index]: reports[index].result_image for index in group}
        given = {name: image for name, image in images.items() if image is not None}
        made += [_histogram(first, given), _profile(first, given, line, slab)]
    for report, name in zip(reports, names, strict=True):
        if report.result_image is not None and report.reference_image is not None:
            made.append(_joint(report, name))
            if report.has_difference:
                made.append(_bland_altman(report, name))
    return made


def _unit(report: FidelityReport) -> str:
    return report.unit or "grey value"


def _histogram(report: FidelityReport, images: dict[str, np.ndarray]) -> Chart:
    assert report.reference_image is not None
    made = histograms({REFERENCE: report.reference_image, **images}, compared_region(report))
    series = tuple(Series(name, made.centres, 100 * shares) for name, shares in made.shares.items())
    return Chart("histogram", f"Histogram, {region_words(report)}", _unit(report), "voxels, %", series)


def _profile(
    report: FidelityReport,
    images: dict[str, np.ndarray],
    line: tuple[tuple[float, float], tuple[float, float]] | None,
    slab: int | None,
) -> Chart:
    if line is None:
        made, where = central_profile(report, images)
    else:
        assert report.reference_image is not None
        slabs, rows, cols = report.difference.shape
        index = slabs // 2 if slab is None else min(max(slab, 0), slabs - 1)
        start, end = ((row * (rows - 1), col * (cols - 1)) for row, col in line)
        chosen = {REFERENCE: report.reference_image[index]} | {name: image[index] for name, image in images.items()}
        made = line_profile(chosen, report.spacing, start=start, end=end)
        where = f"the drawn line, slab {index + 1} of {slabs}"
    series = tuple(Series(name, made.distance_mm, values) for name, values in made.values.items())
    return Chart("line profile", f"Line profile, {where}", "mm", _unit(report), series)


def _joint(report: FidelityReport, name: str) -> Chart:
    assert report.result_image is not None and report.reference_image is not None
    made = joint_histogram(report.result_image, report.reference_image, compared_region(report), bins=_BINS)
    centres, ends = (made.edges[:-1] + made.edges[1:]) / 2, made.edges[[0, -1]]
    series = []
    # A plot of curves and points has no colour scale: each power of ten is a series, and so the scale is logarithmic.
    for power in range(len(str(made.counts.max()))):
        low, high = 10**power, 10 ** (power + 1) - 1
        result, reference = np.nonzero((made.counts >= low) & (made.counts <= high))
        if result.size:
            series.append(Series(f"{low} to {high} voxels a bin", centres[reference], centres[result], line=False))
    title, unit = f"Joint histogram, {name}", _unit(report)
    if report.has_difference:
        series.append(Series("equal", ends, ends))
    return Chart("joint histogram", title, f"reference, {unit}", f"result, {unit}", tuple(series))


def _bland_altman(report: FidelityReport, name: str) -> Chart:
    assert report.result_image is not None and report.reference_image is not None
    made = bland_altman(report.result_image, report.reference_image, compared_region(report), points=_POINTS)
    ends = np.array([made.mean.min(), made.mean.max()])
    series = (
        Series(f"voxels of {name}", made.mean, made.difference, line=False),
        *(
            Series(f"{words} {value:.3g}", ends, np.full(2, value))
            for words, value in (("mean", made.bias), ("-1.96 SD", made.low), ("+1.96 SD", made.high))
        ),
    )
    unit = _unit(report)
    return Chart(
        "Bland-Altman", f"Bland-Altman, {name}", f"mean of both, {unit}", f"result - reference, {unit}", series
    )
