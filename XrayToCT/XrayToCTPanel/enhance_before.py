"""Enhance before: what a radiograph goes through before a model sees it. Plain numpy: a thread may call it."""

from __future__ import annotations

from typing import Any

from XrayToCTLib.enhancement.enhance import enhance
from XrayToCTLib.enhancement.presets import NONE, find_pipeline
from XrayToCTLib.models.registry import find_model
from XrayToCTLib.progress import ProgressCallback
from XrayToCTLib.radiograph import Radiograph

EXPECTED = ""
PANEL = "@pipeline"  # the one that is being edited in the panel


def choiceOf(parameterNode: Any) -> str:
    """What ``enhanceBefore`` takes: "" for what the model expects, or the name or JSON of a pipeline."""
    chosen = str(parameterNode.enhanceFirst)
    return str(parameterNode.enhancePipeline) or NONE if chosen == PANEL else chosen


def enhanceBefore(
    radiograph: Radiograph,
    choice: str,
    model: Any = None,
    frame: int = 0,
    *,
    progress: ProgressCallback | None = None,
) -> Radiograph:
    """The radiograph as the model is to see it. Plain numpy: for a thread.

    Args:
        radiograph: all frames; those that are not translated stay as they are.
        choice: of ``choiceOf``.
        model: None for the default, or whatever names one.
        frame: the one that is translated.

    Raises:
        XrayToCTError: no such pipeline, no such frame, or a filter that fails; EnhancementCancelled.
    """
    pipeline = find_pipeline(choice or find_model(model).card.enhancement)
    return enhance(radiograph, pipeline, frame=frame, progress=progress)
