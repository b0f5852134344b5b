"""Contact sheet: one radiograph under many pipelines, with the figures of each, for people to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..progress import EnhancementCancelled, ProgressCallback, report
from ..radiograph import Radiograph
from .context import FilterContext
from .enhance import enhance, radiograph_context
from .pipeline import Pipeline
from .presets import NONE, find_pipeline, presets
from .preview import PreviewRunner
from .quality import QualityFigures, quality_figures


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """What one pipeline makes of the radiograph.

    Attributes:
        pipeline: that ran.
        radiograph: one frame, enhanced.
        figures: measured on it, under the mask and over the value range of the radiograph before.
    """

    pipeline: Pipeline
    radiograph: Radiograph
    figures: QualityFigures


def try_all(
    radiograph: Radiograph,
    pipelines: Sequence[Pipeline | str | Path | dict[str, Any]] | None = None,
    *,
    frame: int = 0,
    max_pixels: int | None = None,
    progress: ProgressCallback | None = None,
) -> list[Candidate]:
    """The radiograph as it is, then under each pipeline.

    Args:
        pipelines: all presets, bundled and the user's, by default.
        frame: the one that is looked at.
        max_pixels: reduces the image first, for a quick look; noise and edges are then those of the reduced image.
        progress: called with (fraction, name of the pipeline); returning False cancels.

    Raises:
        EnhancementCancelled: ``progress`` returned False.
        XrayToCTError: as ``enhance``.
    """
    chosen = [Pipeline(NONE), *(find_pipeline(given) for given in (presets().all if pipelines is None else pipelines))]
    shown = radiograph.frame(frame)
    if max_pixels is not None:
        shown = PreviewRunner(shown, max_pixels).source
    context = radiograph_context(shown)
    found = []
    for index, pipeline in enumerate(chosen):
        report(progress, index / len(chosen), pipeline.name, cancelled=EnhancementCancelled)
        found.append(_candidate(shown, pipeline, context))
    report(progress, 1.0, "done", cancelled=EnhancementCancelled)
    return found


def _candidate(radiograph: Radiograph, pipeline: Pipeline, context: FilterContext) -> Candidate:
    result = enhance(radiograph, pipeline)
    return Candidate(pipeline, result, quality_figures(result.pixels[0], context))
