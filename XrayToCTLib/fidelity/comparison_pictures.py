"""Comparison pictures: result beside reference, their difference and their SSIM map, each with its words."""

from __future__ import annotations

import numpy as np

from .canvas import Canvas
from .fidelity_report import FidelityReport
from .illustration import Illustration, quantity
from .pictures import (
    CT_WINDOW,
    difference_canvas,
    difference_limit,
    extent_of,
    grey_limits,
    slab_index,
    slab_label,
    window_limits,
    window_text,
)

_SSIM_COLOURS = "viridis"


def comparison_pictures(report: FidelityReport, *, name: str) -> list[Illustration]:
    """Result beside reference and, where they make sense, their difference and the SSIM map, of the central slab.

    Args:
        report: of ``compare``.
        name: what the candidate is called on the page.
    """
    made = [_side_by_side(report, name)]
    if report.has_difference:
        made.append(_difference(report, name))
    if report.ssim_map is not None:
        made.append(_ssim(report, name, report.ssim_map))
    return [illustration for illustration in made if illustration is not None]


def _side_by_side(report: FidelityReport, name: str) -> Illustration | None:
    if report.result_image is None or report.reference_image is None:
        return None
    index = slab_index(len(report.result_image), None)
    result, reference = report.result_image[index], report.reference_image[index]
    limits, words = _window(report, reference)
    canvas = Canvas(f"{slab_label(report, index)}, {words}", extent_of(report), columns=2, height=4.6)
    canvas.show(0, result, report.spacing, limits, title=name)
    canvas.show(1, reference, report.spacing, limits, title=report.reference or "reference")
    where = slab_label(report, index)
    return Illustration(
        canvas.png(),
        f"{name} (left) and the reference (right), {where}, one window for both: {words}.",
        f"Two grey images side by side, {where}: {name}, mean {_mean(result, report)}, and the reference, "
        f"mean {_mean(reference, report)}.",
    )


def _difference(report: FidelityReport, name: str) -> Illustration:
    index = slab_index(len(report.difference), None)
    image, limit = report.difference[index], difference_limit(report)
    beyond = 100 * float((np.abs(image) > limit / 2).mean())
    return Illustration(
        difference_canvas(report).png(),
        f"{name} minus reference, {slab_label(report, index)}: white where they agree, red where the result is higher, "
        f"blue where it is lower.",
        f"Map of {name} minus the reference, colours symmetric about 0 up to {quantity(limit, report.unit)}: mean "
        f"{quantity(image.mean(), report.unit)}, and {beyond:.0f} % of the pixels differ by more than "
        f"{quantity(limit / 2, report.unit)}.",
    )


def _ssim(report: FidelityReport, name: str, maps: np.ndarray) -> Illustration:
    index = slab_index(len(maps), None)
    image = maps[index]
    canvas = Canvas("SSIM map", extent_of(report), height=6.0, bars=1)
    canvas.show(
        0, image, report.spacing, (0.0, 1.0), title=slab_label(report, index), colours=_SSIM_COLOURS, bar="SSIM"
    )
    low = 100 * float((image < 0.5).mean())
    return Illustration(
        canvas.png(),
        f"SSIM of {name} at every pixel, {slab_label(report, index)}: yellow where the structure is that of the "
        "reference, dark where it is not.",
        f"Map of the structural similarity of {name}, from 0 (dark) to 1 (bright): mean {image.mean():.3f}, "
        f"{low:.0f} % of the pixels below 0.5.",
    )


def _window(report: FidelityReport, reference: np.ndarray) -> tuple[tuple[float, float], str]:
    """(black, white), and the same in words."""
    if report.unit == "HU":
        return window_limits(CT_WINDOW), window_text(CT_WINDOW)
    low, high = grey_limits(reference)
    return (low, high), f"{low:.3g} to {high:.3g} {report.unit}".strip()


def _mean(image: np.ndarray, report: FidelityReport) -> str:
    return quantity(float(image.mean()), report.unit)
