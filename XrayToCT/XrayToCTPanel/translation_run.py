"""Translation run: volume node -> stack node through the worker process, as steps of a run."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from XrayToCTLib.ct_stack import CtStack
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.models.card import ModelCard
from XrayToCTLib.models.registry import find_model
from XrayToCTLib.radiograph import Radiograph
from XrayToCTLib.worker import Job

from .enhance_before import enhanceBefore
from .enhancement_job import EnhancementJob
from .radiograph_reading import radiographSteps
from .run import Progress, ThreadJob, Wait
from .sequence_input import imageIn, volumeOf
from .stack_bridge import checkOutput, emptyImage, fillWithHu, volumeFromStack
from .translation_worker import workerClient

_READ, _ENHANCED, _TRANSLATED = 0.05, 0.1, 0.95  # shares of the progress of one translation


@dataclass(frozen=True, slots=True)
class TranslationOptions:
    """How to translate.

    Attributes:
        model: None for the default, an id, "id@version", a ModelCard, or the folder of a model.
        device: as for XrayToCTLib.translate.
        frame: index of the frame of a cine image.
        polarity, view: as for radiographFromVolume.
        enhance: a pipeline that runs first (see enhance_before); "" is the one that the model expects.
        anatomical: turn the stack (see stack_place).
    """

    model: Any = None
    device: str = "auto"
    frame: int = 0
    polarity: str = "auto"
    view: str = "auto"
    enhance: str = ""
    anatomical: bool = False


def stillThere(*nodes: Any) -> Callable[[], None]:
    """A guard that raises XrayToCTError when one of the nodes is gone: deleted, or its scene was closed."""
    names = [node.GetName() or "The volume" for node in nodes]

    def check() -> None:
        import slicer

        for node, name in zip(nodes, names, strict=True):
            if slicer.mrmlScene.GetNodeByID(node.GetID() or "") is not node:
                raise XrayToCTError(
                    f"{name} is gone from the scene, so the run was stopped.", hint="Choose another radiograph."
                )

    return check


def oneStillThere(*nodes: Any) -> Callable[[], None]:
    """A guard that raises XrayToCTError when all of the nodes are gone."""
    checks = [stillThere(node) for node in nodes]

    def check() -> None:
        for number, each in enumerate(checks, 1):
            try:
                each()
            except XrayToCTError:
                if number == len(checks):
                    raise
            else:
                return

    return check


def translationSteps(inputNode: Any, options: TranslationOptions, outputVolume: Any = None) -> Generator[Any, Any, Any]:
    """Translates a volume, or a sequence's image; returns the node of the stack, which is made at the very end."""
    yield Progress(0.0, "reading the radiograph")
    stack, image = yield from stackSteps(imageIn(inputNode), options)
    yield Progress(1.0, "showing the stack")
    volumeNode = volumeOf(inputNode)
    output = stillUsable(outputVolume, volumeNode)
    return volumeFromStack(stack, volumeNode, output, image=image, anatomical=options.anatomical)


def stackSteps(
    volumeNode: Any, options: TranslationOptions, start: float = 0.0, end: float = 1.0, prefix: str = ""
) -> Generator[Any, Any, tuple[CtStack, Any]]:
    """(stack, vtkImageData with its rounded HU); the scene is only read.

    Args:
        start, end: share of the run's progress.
        prefix: put before each phase.
    """
    whole = end - start
    radiograph = yield from radiographSteps(
        volumeNode, polarity=options.polarity, view=options.view, start=start, end=start + _READ * whole
    )
    given, ready = start + _READ * whole, start + _ENHANCED * whole
    preparing = EnhancementJob(
        enhanceBefore, radiograph, options.enhance, options.model, options.frame, phase="preparing"
    )
    radiograph = yield Wait(preparing, given, ready, prefix)
    job: Job = yield ThreadJob(_submit, radiograph, options)  # the client checks all pixels: not here
    stack: CtStack = yield Wait(job, ready, start + _TRANSLATED * whole, prefix)
    image, values = emptyImage(stack.hu.shape)
    filling = ThreadJob(fillWithHu, values, stack.hu, phase=prefix + "taking over the stack")
    yield Wait(filling, start + _TRANSLATED * whole, end)
    return stack, image


def stillUsable(outputVolume: Any, inputVolume: Any) -> Any:
    """The output, or None for a new one if the user deleted it meanwhile: the stack is not lost for that."""
    try:
        checkOutput(outputVolume, inputVolume)
    except XrayToCTError:
        return None
    return outputVolume


def _submit(radiograph: Radiograph, options: TranslationOptions) -> Job:
    """The folder, not the name, is handed over: the process shall take the very model that this one found."""
    model = options.model.name if isinstance(options.model, ModelCard) else options.model
    folder = find_model(model).folder
    return workerClient().submit(radiograph, model=folder, device=options.device, frame=options.frame)
