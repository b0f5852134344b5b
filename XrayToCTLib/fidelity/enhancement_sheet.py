"""The contact sheet of enhancement pipelines as a picture, with fidelity where there is a reference."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..enhancement.contact_sheet import Candidate
from ..enhancement.enhance import radiograph_context
from ..errors import XrayToCTError
from ..radiograph import Radiograph
from .canvas import Canvas
from .metrics import psnr, ssim

_PANEL_INCHES = 4.6
_NARROWEST = 0.75  # width of a panel by its height, so that captions fit over upright images
_SHOWN_SIDE = 1000  # pixels of an image on the sheet at most
_TAIL = 0.005


@dataclass(frozen=True, slots=True)
class ReferenceFidelity:
    """How near an image is to its reference, under the anatomy mask of the reference.

    Attributes:
        psnr_db: over the range of the reference.
        ssim: Wang et al. 2004 (see `metrics.ssim`).
    """

    psnr_db: float
    ssim: float


def reference_fidelity(radiograph: Radiograph, reference: Radiograph) -> ReferenceFidelity:
    """Compare an image with what it should be, value by value: a pipeline that changes the contrast is far from it.

    Args:
        radiograph, reference: one frame each, of the same pixels and in the same units.

    Raises:
        XrayToCTError: their shapes differ.
    """
    check_reference(radiograph, reference)
    context = radiograph_context(reference)
    image, truth = radiograph.pixels[0], reference.pixels[0]
    return ReferenceFidelity(
        psnr_db=psnr(image, truth, context.mask, data_range=context.span),
        ssim=ssim(image, truth, context.mask, data_range=context.span),
    )


def check_reference(radiograph: Radiograph, reference: Radiograph) -> None:
    """Raises XrayToCTError when ``reference_fidelity`` cannot compare the two: their shapes differ."""
    if radiograph.pixels.shape != reference.pixels.shape:
        raise XrayToCTError(
            f"The reference {reference.source} has (frames, rows, cols) {reference.pixels.shape}, "
            f"and the radiograph {radiograph.pixels.shape}.",
            hint="Give a reference of the same pixels.",
        )


def save_enhancement_sheet(
    path: str | Path, candidates: Sequence[Candidate], *, reference: Radiograph | None = None, title: str = ""
) -> Path:
    """One panel a pipeline, each black and white at its own 0.5 and 99.5 percentiles as a viewer shows it.

    Args:
        path: ends in .png; replaced wholly or not at all.
        candidates: of ``try_all``, one or more.
        reference: adds PSNR and SSIM to the captions, and the reference itself as the last panel.
        title: on top; the radiograph's name by default.

    Raises:
        XrayToCTError: no candidate, a reference of other pixels, not a .png, or the file cannot be written.
    """
    if not candidates:
        raise XrayToCTError("There is nothing to put on the sheet.", hint="Give one pipeline or more.")
    first = candidates[0].radiograph
    panels = [(candidate.radiograph, _caption(candidate, reference)) for candidate in candidates]
    if reference is not None:
        panels.append((reference, "reference"))
    columns = _columns(len(panels))
    height, width = first.extent_mm
    canvas = Canvas(
        title or f"{Path(first.source).name}: enhancement pipelines, each in a window of its own",
        (height, max(width, _NARROWEST * height)),
        rows=math.ceil(len(panels) / columns),
        columns=columns,
        height=min(_PANEL_INCHES, _PANEL_INCHES * height / width),
        title_lines=3 if reference is None else 4,
    )
    mask = radiograph_context(first).mask
    assert mask is not None
    for index, (radiograph, caption) in enumerate(panels):
        image = radiograph.pixels[0]
        low, high = np.quantile(image[mask] if mask.any() else image, [_TAIL, 1 - _TAIL])
        small, spacing = _for_the_sheet(image, radiograph.spacing)
        canvas.show(index, small, spacing, (float(low), float(max(high, low + 1e-6))), title=caption)
    return canvas.save(path)


def _caption(candidate: Candidate, reference: Radiograph | None) -> str:
    figures = candidate.figures
    lines = [
        candidate.pipeline.name,
        f"contrast/noise {figures.contrast_to_noise:.0f}, noise {figures.noise:.2f} %, "
        f"entropy {figures.entropy:.2f} bit",
        f"edges {figures.edge_strength:.1f} %/mm, range used {figures.range_used:.0f} %",
    ]
    if reference is not None:
        near = reference_fidelity(candidate.radiograph, reference)
        lines.append(f"to the reference: PSNR {near.psnr_db:.1f} dB, SSIM {near.ssim:.3f}")
    return "\n".join(lines)


def _columns(panels: int) -> int:
    """As many as make the sheet a little wider than high."""
    return min(panels, max(1, math.ceil(math.sqrt(panels))))


def _for_the_sheet(image: np.ndarray, spacing: tuple[float, float]) -> tuple[np.ndarray, tuple[float, float]]:
    factor = max(image.shape) / _SHOWN_SIDE
    if factor <= 1:
        return image, spacing
    import cv2

    rows, cols = (max(1, round(count / factor)) for count in image.shape)
    small = np.asarray(cv2.resize(image, (cols, rows), interpolation=cv2.INTER_AREA)).reshape(rows, cols)
    return small, (spacing[0] * image.shape[0] / rows, spacing[1] * image.shape[1] / cols)
