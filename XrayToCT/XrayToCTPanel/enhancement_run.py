"""Enhancement run: volume node -> enhanced volume node, as steps of a run; filters work in a thread."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
from XrayToCTLib.enhancement.pipeline import Pipeline
from XrayToCTLib.enhancement.presets import find_pipeline
from XrayToCTLib.progress import EnhancementCancelled

from .enhanced_volume import EnhancedImage, emptyImageData, enhancedImage, volumeFromEnhanced
from .enhancement_input import EnhancementInput, enhancementInput
from .enhancement_job import EnhancementJob
from .run import Progress, Run, ThreadJob, Wait
from .sequence_input import imageIn, volumeOf
from .stack_bridge import checkOutput
from .translation_run import stillThere, stillUsable
from .tried_enhancement import TriedEnhancement, triedEnhancements
from .volume_snapshot import snapshotSteps, volumeKey

_READ, _ENHANCED = 0.1, 0.95  # shares of the progress
_kept: tuple[tuple[Any, ...], EnhancementInput] | None = None


def startEnhancement(
    inputVolume: Any,
    pipeline: Pipeline | str | Path | dict[str, Any],
    outputVolume: Any = None,
    *,
    polarity: str = "auto",
) -> Run:
    """A run, started, whose result is the enhanced volume's node.

    Raises:
        XrayToCTError: no such pipeline, or an output that cannot be one; all else is the run's own error.
    """
    chosen = find_pipeline(pipeline)
    checkOutput(outputVolume, imageIn(inputVolume))
    steps = enhancementSteps(inputVolume, chosen, outputVolume, polarity=polarity)
    return _started(steps, inputVolume)


def startTryAll(
    inputVolume: Any,
    *,
    frame: int = 0,
    polarity: str = "auto",
    referenceVolume: Any = None,
    maxPixels: int | None = None,
) -> Run:
    """A run, started, whose result is a list of ``TriedEnhancement``."""
    steps = tryAllSteps(
        inputVolume, frame=frame, polarity=polarity, referenceVolume=referenceVolume, maxPixels=maxPixels
    )
    return _started(steps, inputVolume)


def enhancementSteps(
    inputVolume: Any, pipeline: Pipeline, outputVolume: Any = None, *, polarity: str = "auto"
) -> Generator[Any, Any, Any]:
    """Enhances one volume with all its frames, or a sequence's image; the node is made at the very end."""
    given = yield from inputSteps(imageIn(inputVolume), polarity=polarity, end=_READ)
    job = EnhancementJob(enhancedImage, given, pipeline, phase="enhancing")
    image: EnhancedImage = yield Wait(job, _READ, _ENHANCED)
    imageData, memory = emptyImageData(image.values)
    yield Wait(ThreadJob(np.copyto, memory, image.values, phase="taking over the image"), _ENHANCED, 1.0)
    volume = volumeOf(inputVolume)
    return volumeFromEnhanced(image, volume, stillUsable(outputVolume, volume), imageData=imageData)


def tryAllSteps(
    inputVolume: Any, *, frame: int, polarity: str, referenceVolume: Any, maxPixels: int | None
) -> Generator[Any, Any, list[TriedEnhancement]]:
    """Runs every preset over one frame; the scene is only read."""
    reference = None
    if referenceVolume is not None:
        snapshot = yield from snapshotSteps(referenceVolume)
        read = yield ThreadJob(enhancementInput, snapshot, polarity=polarity, phase="reading the reference")
        reference = read.radiograph
    given = yield from inputSteps(imageIn(inputVolume), polarity=polarity, end=_READ)
    options = {"frame": frame, "maxPixels": maxPixels, "reference": reference}
    job = EnhancementJob(triedEnhancements, given.radiograph, phase="trying the presets", **options)
    tried: list[TriedEnhancement] = yield Wait(job, _READ, 1.0)
    return tried


def inputSteps(
    inputVolume: Any, *, polarity: str = "auto", start: float = 0.0, end: float = 0.0
) -> Generator[Any, Any, EnhancementInput]:
    """The image in a node; the last one is kept, since it is looked at, then enhanced again and again."""
    global _kept
    key = (*volumeKey(inputVolume), polarity) if inputVolume is not None else ()
    if _kept is not None and _kept[0] == key:
        return _kept[1]
    yield Progress(start, "reading the radiograph")
    snapshot = yield from snapshotSteps(inputVolume)
    job = ThreadJob(enhancementInput, snapshot, polarity=polarity, phase="reading the radiograph")
    given: EnhancementInput = yield Wait(job, start, end)
    _kept = (key, given)
    return given


def forgetInput() -> None:
    """Frees the memory of the image that is kept."""
    global _kept
    _kept = None


def _started(steps: Generator[Any, Any, Any], inputVolume: Any) -> Run:
    guard = stillThere(inputVolume) if inputVolume is not None else None
    return Run(steps, guard=guard, cancelled=EnhancementCancelled).start()
