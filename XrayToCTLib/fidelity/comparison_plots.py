"""Comparison plots: histograms, joint histogram, line profile and Bland-Altman of reports, each with its words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from . import plots
from .bland_altman import bland_altman
from .candidate_table import candidate_names
from .fidelity_report import FidelityReport
from .histograms import histograms, joint_histogram
from .illustration import Illustration, quantity
from .line_profile import LineProfile, line_profile

REFERENCE = "reference"
_WIDTH, _HEIGHT = 6.2, 4.4  # inches
_PLACE = (0.75, 0.72, 6.0, 3.95)
_SQUARE, _SQUARE_PLACE = (5.4, 4.9), (0.75, 0.72, 4.4, 4.37)


def comparison_plots(reports: Sequence[FidelityReport]) -> list[Illustration]:
    """Histogram and line profile of all candidates together, joint histogram and Bland-Altman of each.

    Beside an MRI, which shares no scale with the result, there is no Bland-Altman, nor anything about equal values.
    Reports that were read without their images have no plots. Candidates whose grid or region is not that of the first
    one get a histogram and a profile of their own.
    """
    names = candidate_names(reports)
    made: list[Illustration] = []
    for group in alike(reports):
        images = {names[index]: reports[index].result_image for index in group}
        given: dict[str, np.ndarray] = {name: image for name, image in images.items() if image is not None}
        made += [_histograms(reports[group[0]], given), _profile(reports[group[0]], given)]
    for report, name in zip(reports, names, strict=True):
        if report.result_image is not None and report.reference_image is not None:
            made.append(_joint(report, name))
            if report.has_difference:
                made.append(_bland_altman(report, name))
    return made


def compared_region(report: FidelityReport) -> np.ndarray | None:
    """The voxels that count in plots: the body or the caller's mask, or None for the whole field."""
    return report.region if report.region is not None and report.region.any() else None


def region_words(report: FidelityReport) -> str:
    """ "body, all slabs" """
    if compared_region(report) is None:
        return "whole field"
    name = next((row.region for row in report.rows if row.region != "whole field"), "mask")
    return f"{name}, all slabs" if len(report.difference) > 1 else name


def central_profile(report: FidelityReport, images: Mapping[str, np.ndarray]) -> tuple[LineProfile, str]:
    """The row of the central slab through the middle of the region, of the reference and of ``images``, and the words
    for where it is."""
    assert report.reference_image is not None
    slab = len(report.difference) // 2
    region = compared_region(report)
    rows = np.flatnonzero(region[slab].any(1)) if region is not None and region[slab].any() else np.array([])
    row = int(rows[len(rows) // 2]) if len(rows) else report.difference.shape[1] // 2
    cols = report.difference.shape[2]
    chosen = {REFERENCE: report.reference_image[slab]} | {name: image[slab] for name, image in images.items()}
    profile = line_profile(chosen, report.spacing, start=(row, 0.0), end=(row, cols - 1.0))
    return profile, f"row {row + 1} of {report.difference.shape[1]}, slab {slab + 1} of {len(report.difference)}"


def alike(reports: Sequence[FidelityReport]) -> list[list[int]]:
    """Indices of reports with images, in groups that share reference and region."""
    groups: list[list[int]] = []
    for index, report in enumerate(reports):
        if report.result_image is None or report.reference_image is None:
            continue
        for group in groups:
            first = reports[group[0]]
            if (
                np.array_equal(first.reference_image, report.reference_image)  # type: ignore[arg-type]
                and (first.region is None) == (report.region is None)
                and (first.region is None or np.array_equal(first.region, report.region))  # type: ignore[arg-type]
                and first.spacing == report.spacing
            ):
                group.append(index)
                break
        else:
            groups.append([index])
    return groups


def _unit(report: FidelityReport) -> str:
    return report.unit or "grey value"


def _histograms(report: FidelityReport, images: Mapping[str, np.ndarray]) -> Illustration:
    assert report.reference_image is not None
    region = compared_region(report)
    made = histograms({REFERENCE: report.reference_image, **images}, region)
    figure = plots.sheet(_WIDTH, _HEIGHT, f"Histogram, {region_words(report)}")
    drawn = plots.axes(figure, _PLACE, xlabel=_unit(report), ylabel="voxels, %")
    for colour, (name, shares) in zip(_colours(), made.shares.items(), strict=False):
        drawn.stairs(100 * shares, made.edges, color=colour, linewidth=1.4, label=_short(name), fill=name == REFERENCE)
    drawn.set_xlim(made.edges[0], made.edges[-1])
    _reference_pale(drawn)
    plots.legend(drawn, loc="upper right")
    chosen = {REFERENCE: report.reference_image, **images}
    words = "; ".join(
        f"{name}: mean {values.mean():.4g}, standard deviation {values.std():.3g}"
        for name, values in ((name, _inside(image, region)) for name, image in chosen.items())
    )
    return Illustration(
        plots.png(figure),
        f"How often each value occurs, {region_words(report)}; the filled area is the reference.",
        f"Histograms in {_unit(report)}. {words}.",
    )


def _profile(report: FidelityReport, images: Mapping[str, np.ndarray]) -> Illustration:
    profile, where = central_profile(report, images)
    figure = plots.sheet(_WIDTH, _HEIGHT, f"Line profile, {where}")
    drawn = plots.axes(figure, _PLACE, xlabel="mm from the image's left edge", ylabel=_unit(report))
    for colour, (name, values) in zip(_colours(), profile.values.items(), strict=False):
        drawn.plot(profile.distance_mm, values, color=colour, linewidth=1.4, label=_short(name))
    drawn.set_xlim(0, profile.distance_mm[-1])
    plots.legend(drawn, loc="best")
    over = f"Line profile over {profile.distance_mm[-1]:.0f} mm."
    reference = profile.values[REFERENCE]
    words = "; ".join(
        f"{name} differs by {quantity(np.abs(values - reference).mean(), report.unit)} on average"
        for name, values in profile.values.items()
        if name != REFERENCE
    )
    return Illustration(
        plots.png(figure),
        f"Values along {where}, which crosses the middle of the region.",
        f"{over} Along the line, {words}." if report.has_difference else over,
    )


def _joint(report: FidelityReport, name: str) -> Illustration:
    assert report.result_image is not None and report.reference_image is not None
    from matplotlib.colors import LogNorm

    region = compared_region(report)
    made = joint_histogram(report.result_image, report.reference_image, region)
    figure = plots.sheet(*_SQUARE, f"Joint histogram, {_short(name)}")
    drawn = plots.axes(figure, _SQUARE_PLACE, xlabel=f"reference, {_unit(report)}", ylabel=f"result, {_unit(report)}")
    drawn.grid(visible=False)
    low, high = made.edges[0], made.edges[-1]
    counts = np.ma.masked_equal(made.counts, 0)
    shown = drawn.imshow(
        counts, origin="lower", extent=(low, high, low, high), aspect="auto", cmap="viridis",
        norm=LogNorm(1, max(2, int(made.counts.max()))), interpolation="nearest",
    )  # fmt: skip
    if report.has_difference:
        drawn.plot((low, high), (low, high), color=plots.INK, linewidth=0.9, linestyle="--")
    bar = plots.axes(figure, (4.55, 0.72, 4.7, 4.37))
    bar.grid(visible=False)
    figure.colorbar(shown, cax=bar).set_label("voxels", color=plots.INK, fontsize=8.5)
    a, b = _inside(report.result_image, region), _inside(report.reference_image, region)
    flat = a.std() == 0 or b.std() == 0
    correlation = "no correlation, since one is constant" if flat else f"correlation {np.corrcoef(a, b)[0, 1]:.3f}"
    return Illustration(
        plots.png(figure),
        f"How often a value of the reference becomes a value of {name}, {region_words(report)}"
        + ("; on the dashed line both are equal." if report.has_difference else "."),
        f"Joint histogram of {name} against the reference, {low:.4g} to {high:.4g} {_unit(report)}: {correlation}.",
    )


def _bland_altman(report: FidelityReport, name: str) -> Illustration:
    assert report.result_image is not None and report.reference_image is not None
    made = bland_altman(report.result_image, report.reference_image, compared_region(report))
    figure = plots.sheet(_WIDTH, _HEIGHT, f"Bland-Altman, {_short(name)}")
    unit = _unit(report)
    drawn = plots.axes(figure, _PLACE, xlabel=f"mean of both, {unit}", ylabel=f"result - reference, {unit}")
    drawn.plot(made.mean, made.difference, ".", color=plots.COLOURS[0], markersize=2.2, alpha=0.55)
    for value, words, style in (
        (made.bias, "mean", "-"),
        (made.low, "-1.96 SD", "--"),
        (made.high, "+1.96 SD", "--"),
    ):
        drawn.axhline(value, color=plots.FLAG, linewidth=1.2, linestyle=style)
        drawn.annotate(
            f"{words} {value:.3g}", (1.0, value), xycoords=("axes fraction", "data"), xytext=(-2, 2),
            textcoords="offset points", ha="right", va="bottom", color=plots.FLAG, fontsize=7.5,
        )  # fmt: skip
    return Illustration(
        plots.png(figure),
        f"Does the error of {name} depend on the value? {made.mean.size} voxels of {made.n}, {region_words(report)}; "
        "lines: mean difference and limits of agreement (Bland and Altman 1986).",
        f"Bland-Altman plot of {name}. {made.sentence(report.unit)}",
    )


def _inside(image: np.ndarray, region: np.ndarray | None) -> np.ndarray:
    return image.ravel() if region is None else image[region]


def _colours() -> tuple[str, ...]:
    return (plots.FAINT, *plots.COLOURS)


def _reference_pale(drawn: Any) -> None:
    """The filled reference must not hide the candidates' lines."""
    drawn.patches[0].set_alpha(0.55)


def _short(name: str) -> str:
    return name if len(name) <= 32 else f"{name[:31]}…"
