"""Trust run: the trust check of a stack's node through the worker process, as steps of a run."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
from XrayToCTLib.ct_stack import CtStack
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.models.registry import find_model
from XrayToCTLib.models.variant_card import model_name
from XrayToCTLib.radiograph import Radiograph
from XrayToCTLib.trust.check import TrustCheck
from XrayToCTLib.trust.trust_report import TrustLevel, TrustReport
from XrayToCTLib.worker import Job

from .compare_views import checkStack, radiographOf, sourceFrame
from .display import removeWithDisplay
from .enhance_before import enhanceBefore
from .map_volume import mapVolume, volumeFromMap
from .radiograph_reading import radiographSteps
from .run import Progress, Run, ThreadJob, Wait
from .stack_reading import stackSteps
from .translation_run import stillThere
from .translation_worker import workerClient

# Of the stack's node: what the last check said, for a scene that is opened again. Not among the XrayToCT attributes
# of provenance: it says nothing of how the stack was made.
VERDICT_ATTRIBUTE = "XrayToCTTrust"
_MARKS = {TrustLevel.FINE: "✓", TrustLevel.DOUBTFUL: "⚠", TrustLevel.UNKNOWN: "?"}
_READ, _ASKED = 0.1, 0.95  # shares of the progress


def startTrustCheck(
    stackVolume: Any,
    radiographVolume: Any = None,
    *,
    model: Any = None,
    device: str = "auto",
    perturb: bool = True,
    polarity: str = "auto",
    view: str = "auto",
    enhance: str = "",
) -> Run:
    """A run, started, whose result is the TrustReport; its maps are volume nodes over the stack then.

    Raises:
        XrayToCTError: no stack, or no radiograph to check it against; all else is the run's own error.
    """
    checkStack(stackVolume)
    radiographVolume = radiographVolume if radiographVolume is not None else radiographOf(stackVolume)
    if radiographVolume is None:
        raise XrayToCTError(
            f"The radiograph that {stackVolume.GetName()} was made from is not in the scene.",
            hint="Load it, or choose a stack that was translated in this scene.",
        )
    reading = {"polarity": polarity, "view": view}
    steps = _trustSteps(stackVolume, radiographVolume, model, device, reading, enhance, perturb=perturb)
    return Run(steps, guard=stillThere(stackVolume, radiographVolume)).start()


def _trustSteps(
    stackVolume: Any,
    radiographVolume: Any,
    model: Any,
    device: str,
    reading: dict[str, str],
    enhance: str,
    *,
    perturb: bool,
) -> Generator[Any, Any, TrustReport]:
    yield Progress(0.0, "reading stack and radiograph")
    frame = sourceFrame(stackVolume)
    radiograph = yield from radiographSteps(radiographVolume, **reading)
    stack = yield from stackSteps(stackVolume)
    phase = "re-projecting the stack"
    check: TrustCheck = yield Wait(ThreadJob(_check, stack, radiograph, model, frame, enhance, phase=phase), 0.0, _READ)
    answers: list[np.ndarray] = []
    inputs = check.inputs if perturb else ()
    for index, given in enumerate(inputs):
        start, end = (_READ + (_ASKED - _READ) * (index + more) / len(inputs) for more in (0, 1))
        job: Job = yield ThreadJob(_submit, given, check.model, device)
        moved: CtStack = yield Wait(job, start, end, f"moved radiograph {index + 1} of {len(inputs)}: ")
        answers.append(moved.hu)
    report: TrustReport = yield Wait(ThreadJob(check.report, answers, phase="comparing"), _ASKED, 1.0)
    del check, stack, answers  # hundreds of megabytes, which take milliseconds to free: a slice of its own
    yield from _showSteps(report, stackVolume)
    return report


def _showSteps(report: TrustReport, stackVolume: Any) -> Generator[Any, Any, None]:
    """Maps and verdict; what is cancelled between two maps leaves none of the new ones."""
    made = []
    try:
        for shown in report.maps:
            yield Progress(1.0, "showing the maps")
            isNew = mapVolume(stackVolume, shown.name) is None
            node = volumeFromMap(shown, stackVolume)
            if isNew:
                made.append(node)
        yield Progress(1.0, "showing the maps")
    except BaseException:  # also GeneratorExit: the run was cancelled
        for node in made:
            removeWithDisplay(node)
        raise
    stackVolume.SetAttribute(VERDICT_ATTRIBUTE, json.dumps(report.to_record()["flags"]))


def _check(stack: Any, radiograph: Radiograph, model: Any, frame: int, enhance: str) -> TrustCheck:
    """In a thread: the radiograph as the model saw it, and the check of its stack."""
    named = model or _modelOf(stack)
    if named is not None or enhance:
        radiograph = enhanceBefore(radiograph, enhance, named, frame)
    return TrustCheck(stack, radiograph, model=model, frame=frame)


def _modelOf(stack: Any) -> str | None:
    """The model that a stack names, if it is installed."""
    name = model_name(*(stack.provenance.get(f"model_{key}", "") for key in ("id", "version", "variant")))
    try:
        find_model(name)
    except XrayToCTError:
        return None
    return name


def _submit(radiograph: Radiograph, model: Path, device: str) -> Job:
    """In a thread: the client checks all pixels."""
    return workerClient().submit(radiograph, model=model, device=device)


def verdictLines(stackVolume: Any) -> list[str]:
    """What the last check said of a stack, a line a flag, doubts first; none where it was never checked."""
    text = stackVolume.GetAttribute(VERDICT_ATTRIBUTE) if stackVolume is not None else None
    if not text:
        return []
    return [f"{_MARKS[TrustLevel[flag['level']]]} {flag['sentence']}" for flag in json.loads(text)]
