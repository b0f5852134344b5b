"""Pictures: radiograph, slabs, difference and their overviews as PNG files, row 0 on top, true to the spacing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..ct_stack import CtStack
from ..errors import XrayToCTError
from ..radiograph import Radiograph
from .canvas import Canvas
from .fidelity_report import FidelityReport

# Level and width in HU, those of the Slicer module. -1050..450 shows lung vessels, fat, muscle and blood at once; slabs
# of 20 mm average bone with what lies beside it, so little is left to see above 450 HU.
CT_WINDOW = (-300.0, 1500.0)

DIFFERENCE_COLOURS = "RdBu_r"  # blue: too thin, white: right, red: too dense


def save_radiograph(path: str | Path, radiograph: Radiograph, *, frame: int = 0) -> Path:
    """One frame of the radiograph, black and white at its 0.5 and 99.5 percentiles; returns the path.

    Raises:
        XrayToCTError: no such frame, not a .png, or the file cannot be written.
    """
    image = radiograph.frame(frame).pixels[0]
    canvas = Canvas("Radiograph", radiograph.extent_mm, height=6.0)
    canvas.show(0, image, radiograph.spacing, grey_limits(image), title=_radiograph_title(radiograph))
    return canvas.save(path)


def save_slab(
    path: str | Path,
    stack: CtStack,
    *,
    slab: int | None = None,
    title: str = "Estimated CT",
    window: tuple[float, float] = CT_WINDOW,
) -> Path:
    """One slab (the central one by default) in a CT window (level, width in HU); returns the path.

    Use it for a reference too, with a title that says so.

    Raises:
        XrayToCTError: no such slab, not a .png, or the file cannot be written.
    """
    index = slab_index(stack.slabs, slab)
    canvas = Canvas(title, extent_of(stack), height=6.0)
    label = f"{slab_label(stack, index)}, {window_text(window)}"
    canvas.show(0, stack.hu[index], stack.spacing, window_limits(window), title=label)
    return canvas.save(path)


def save_montage(
    path: str | Path, stack: CtStack, *, title: str = "Estimated CT", window: tuple[float, float] = CT_WINDOW
) -> Path:
    """All slabs, each with its depth from the detector's side of the stack; returns the path.

    Raises:
        XrayToCTError: not a .png, or the file cannot be written.
    """
    columns = min(4, stack.slabs)
    rows = math.ceil(stack.slabs / columns)
    heading = f"{title}: depth from the detector's side, {window_text(window)}"
    canvas = Canvas(heading, extent_of(stack), rows=rows, columns=columns, height=2.4)
    for index, hu in enumerate(stack.hu):
        canvas.show(index, hu, stack.spacing, window_limits(window), title=slab_label(stack, index))
    return canvas.save(path)


def save_difference(path: str | Path, report: FidelityReport, *, slab: int | None = None) -> Path:
    """Result - reference of one slab (the central one by default), colours symmetric about 0 HU; returns the path.

    Raises:
        XrayToCTError: no such slab, not a .png, or the file cannot be written.
    """
    return difference_canvas(report, slab=slab).save(path)


def difference_canvas(report: FidelityReport, *, slab: int | None = None) -> Canvas:
    """The picture of ``save_difference``, not yet saved."""
    index, limit = slab_index(report.difference.shape[0], slab), difference_limit(report)
    canvas = Canvas("Difference: result - reference", extent_of(report), height=6.0, bars=1)
    canvas.show(
        0,
        report.difference[index],
        report.spacing,
        (-limit, limit),
        title=slab_label(report, index),
        colours=DIFFERENCE_COLOURS,
        bar=difference_legend(report.unit),
    )
    return canvas


def save_overview(
    path: str | Path,
    radiograph: Radiograph,
    stack: CtStack,
    reference: CtStack | None = None,
    report: FidelityReport | None = None,
    *,
    title: str = "Radiograph to estimated CT",
    window: tuple[float, float] = CT_WINDOW,
) -> Path:
    """Radiograph, central slab and, where given, the reference's central slab and the difference; returns the path.

    Raises:
        XrayToCTError: not a .png, or the file cannot be written.
    """
    report = report if report is not None and report.has_difference else None
    columns = 2 + (reference is not None) + (report is not None)
    canvas = Canvas(title, radiograph.extent_mm, columns=columns, height=3.8, bars=report is not None)
    image = radiograph.pixels[0]
    canvas.show(0, image, radiograph.spacing, grey_limits(image), title="Radiograph")
    centre = stack.slabs // 2
    label = f"Estimated CT, slab {centre + 1} of {stack.slabs}, {window_text(window)}"
    canvas.show(1, stack.hu[centre], stack.spacing, window_limits(window), title=label)
    if reference is not None:
        label = f"Reference CT, the same slab and window ({reference.slab_thickness:g} mm)"
        canvas.show(2, reference.central_slab, reference.spacing, window_limits(window), title=label)
    if report is not None:
        difference = report.difference[report.difference.shape[0] // 2]
        limit = difference_limit(report)
        canvas.show(
            columns - 1,
            difference,
            report.spacing,
            (-limit, limit),
            title="Result - reference, HU",
            colours=DIFFERENCE_COLOURS,
            bar=difference_legend(report.unit),
        )
    return canvas.save(path)


def save_contact_sheet(
    path: str | Path,
    items: Sequence[tuple[str, Radiograph, CtStack]],
    *,
    title: str = "Contact sheet",
    window: tuple[float, float] = CT_WINDOW,
) -> Path:
    """Many translations on one sheet: each radiograph with its slabs at 1/4, 1/2 and 3/4 of the depth.

    Raises:
        XrayToCTError: no items, not a .png, or the file cannot be written.
    """
    if not items:
        raise XrayToCTError("There is nothing to put on the contact sheet.", hint="Give at least one translation.")
    beside = 1 if len(items) <= 4 else 2
    extents = [radiograph.extent_mm for _, radiograph, _ in items]
    widest = max(width / height for height, width in extents)
    canvas = Canvas(
        f"{title}: radiograph, and slabs from the detector's side to the source's, {window_text(window)}",
        (1.0, widest),
        rows=math.ceil(len(items) / beside),
        columns=4 * beside,
        height=1.9,
    )
    for number, (name, radiograph, stack) in enumerate(items):
        image = radiograph.pixels[0]
        short = name if len(name) <= 26 else f"…{name[-25:]}"
        canvas.show(4 * number, image, radiograph.spacing, grey_limits(image), title=short)
        for place, index in enumerate(sorted({stack.slabs // 4, stack.slabs // 2, 3 * stack.slabs // 4})):
            label = slab_label(stack, index)
            canvas.show(4 * number + 1 + place, stack.hu[index], stack.spacing, window_limits(window), title=label)
    return canvas.save(path)


def extent_of(image: CtStack | FidelityReport) -> tuple[float, float]:
    """(height, width) in mm."""
    rows, cols = (image.hu if isinstance(image, CtStack) else image.difference).shape[1:]
    return rows * image.spacing[0], cols * image.spacing[1]


def slab_label(image: CtStack | FidelityReport, index: int) -> str:
    """ "slab 9 of 16, 160-180 mm"; "image" where there is one without a thickness."""
    count = (image.hu if isinstance(image, CtStack) else image.difference).shape[0]
    if count == 1 and not image.slab_thickness > 0:  # 0, or NaN
        return "image"
    near = index * image.slab_thickness
    return f"slab {index + 1} of {count}, {near:g}–{near + image.slab_thickness:g} mm"


def slab_index(count: int, slab: int | None) -> int:
    if slab is None:
        return count // 2
    if not 0 <= slab < count:
        raise XrayToCTError(f"There is no slab {slab}.", hint=f"Choose a slab from 0 to {count - 1}.")
    return slab


def _radiograph_title(radiograph: Radiograph) -> str:
    rows, cols = radiograph.shape
    view = f"{radiograph.view.value} view, " if radiograph.view is not None else ""
    return f"{view}{rows} x {cols}, {radiograph.spacing[0]:.3g} x {radiograph.spacing[1]:.3g} mm, bone bright"


def window_limits(window: tuple[float, float]) -> tuple[float, float]:
    level, width = window
    return level - width / 2, level + width / 2


def window_text(window: tuple[float, float]) -> str:
    return f"L {window[0]:g} W {window[1]:g} HU"


def grey_limits(image: np.ndarray) -> tuple[float, float]:
    # A tenth of the pixels in each direction is enough for a percentile and far quicker on 3000 x 3000.
    step = max(1, min(image.shape) // 300)
    low, high = np.percentile(image[::step, ::step], (0.5, 99.5))
    return float(low), float(high if high > low else image.max())


def difference_limit(report: FidelityReport) -> float:
    """End of the symmetric colour map: the 99th percentile of the magnitude, rounded up, so that a few wild voxels do
    not wash out the rest. Steps of 50 HU, or of a tenth of its power of ten for other units.

    Raises:
        XrayToCTError: the reference is an MRI.
    """
    if not report.has_difference:
        raise XrayToCTError(
            "There is no difference to show: an MRI has no scale in common with the result.",
            hint="Look at the two side by side, or compare with a CT.",
        )
    high = float(np.percentile(np.abs(report.difference), 99))
    step = 50.0 if report.unit == "HU" else 10.0 ** math.floor(math.log10(high or 1.0)) / 2
    return float(max(step, step * math.ceil(high / step)))


def difference_legend(unit: str) -> str:
    """What the colours of a difference mean."""
    return "HU (red: result too dense)" if unit == "HU" else f"{unit or 'grey values'} (red: result too high)"
