"""Enhance: a pipeline over every frame of a radiograph."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import XrayToCTError
from ..progress import EnhancementCancelled, ProgressCallback, report
from ..radiograph import IntensityScale, Radiograph, require_radiograph
from .context import FilterContext
from .history import enhancement_sentence
from .mask import anatomy_mask
from .pipeline import Pipeline, Step
from .pipeline_run import run_steps
from .presets import find_pipeline


def enhance(
    radiograph: Radiograph,
    pipeline: Pipeline | str | Path | dict[str, Any],
    *,
    frame: int | None = None,
    progress: ProgressCallback | None = None,
) -> Radiograph:
    """A radiograph of the same geometry, enhanced; what ran is the last sentence of its history.

    float32 inside. The result stays within the smallest and largest value of the radiograph, which all frames share.
    A pipeline without a filter gives the radiograph itself. Contrast, edge and background filters end the calibration:
    the scale becomes DISPLAY; denoising keeps it.

    Args:
        radiograph: of any size, scale and number of frames.
        pipeline: a pipeline, its JSON, its file, or the name of a preset or of a single filter (``find_pipeline``).
        frame: the only one that is enhanced, as it is among all; the others stay as they are. None for all.
        progress: called with (fraction, phase) before each filter; returning False cancels.

    Raises:
        EnhancementCancelled: ``progress`` returned False.
        XrayToCTError: no such pipeline or frame, a broken one, a filter that fails, or a result without contrast.
    """
    require_radiograph(radiograph)
    chosen = range(radiograph.frames) if frame is None else [frame]
    if frame is not None:
        radiograph.frame(frame)  # raises where there is none
    pipeline = find_pipeline(pipeline)
    steps = pipeline.active
    if not steps:
        return radiograph
    context = radiograph_context(radiograph)
    total = len(chosen) * len(steps)
    pixels = np.empty_like(radiograph.pixels) if frame is None else radiograph.pixels.copy()
    for place, index in enumerate(chosen):

        def before(number: int, step: Step, done: int = place * len(steps), index: int = index) -> None:
            which = f", frame {index + 1} of {radiograph.frames}" if radiograph.frames > 1 else ""
            report(progress, (done + number) / total, f"{step.entry.title}{which}", cancelled=EnhancementCancelled)

        pixels[index] = run_steps(radiograph.pixels[index], steps, context, before)
    report(progress, 1.0, "done", cancelled=EnhancementCancelled)
    return enhanced(radiograph, pixels, pipeline)


def radiograph_context(radiograph: Radiograph, *, reduced: np.ndarray | None = None) -> FilterContext:
    """What the filters are told of a radiograph: the same for all of its frames, so that a cine does not flicker.

    Args:
        reduced: (rows, cols) of the same field with fewer pixels, that the filters will run on; the value range stays
            that of all pixels.
    """
    pixels = radiograph.pixels
    seen = reduced
    if seen is None:
        seen = pixels[0] if len(pixels) == 1 else pixels.mean(axis=0, dtype=np.float32)
    spacing = (
        radiograph.spacing[0] * pixels.shape[1] / seen.shape[0],
        radiograph.spacing[1] * pixels.shape[2] / seen.shape[1],
    )
    return FilterContext(spacing, anatomy_mask(seen), (float(pixels.min()), float(pixels.max())))


def enhanced(radiograph: Radiograph, pixels: np.ndarray, pipeline: Pipeline) -> Radiograph:
    """The radiograph with the pixels that a pipeline gave, and with what that means for its scale and history.

    Raises:
        XrayToCTError: the pixels are all the same.
    """
    if float(pixels.min()) == float(pixels.max()):
        raise XrayToCTError(
            f"{pipeline.name} leaves nothing of {radiograph.source}: every pixel has the same value.",
            hint="Choose a wider window, or weaker filters.",
        )
    scale = radiograph.scale
    if not all(_keeps_scale(step) for step in pipeline.active):
        scale = IntensityScale.DISPLAY
    history = (*radiograph.history, enhancement_sentence(pipeline))
    return replace(radiograph, pixels=pixels, scale=scale, history=history)


def _keeps_scale(step: Step) -> bool:
    """Whether values after a filter mean what they meant: it takes out what was never the patient's."""
    return step.entry.category == "denoise" or step.filter == "grid_suppression"
