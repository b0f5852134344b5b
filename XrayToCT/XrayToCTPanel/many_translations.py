"""Many translations: several volumes, or every frame of a cine or sequence, in one run with one progress.

Stacks of several volumes lie in a folder of the subject hierarchy; those of frames are a sequence, browsed together
with the input's. Nothing is put into the scene before all are there, so that a cancelled run leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field, replace
from typing import Any

from XrayToCTLib.ct_stack import CtStack
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.models.registry import find_model
from XrayToCTLib.translation.backends.memory import available_bytes

from .dependencies import ensureDependencies
from .many_inputs import framesOf, sequenceOf
from .placement import newFolder, putInto
from .run import Progress, Run
from .sequence_input import imageIn, volumeOf
from .stack_bridge import volumeFromStack
from .stack_sequence import newSequence, sequenceItemFromStack, showTogether
from .translation_run import TranslationOptions, oneStillThere, stackSteps
from .volume_snapshot import HINT

_INT16_BYTES = 2


@dataclass(slots=True)
class ManyResults:
    """What a run over many images has made.

    Attributes:
        nodes: the volumes of the stacks; for frames the one volume that shows the sequence's current stack.
        sequence: vtkMRMLSequenceNode of the stacks of frames, or None.
        failures: what failed, a sentence each; the others were made all the same.
    """

    nodes: list[Any] = field(default_factory=list)
    sequence: Any = None
    failures: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Image:
    """One image to translate: a volume node of the scene or of a sequence, and its frame."""

    name: str
    volumeNode: Any
    frame: int


def startMany(volumes: list[Any], options: TranslationOptions, *, allFrames: bool) -> Run:
    """A run over volumes or frames, not started yet.

    Raises:
        XrayToCTError: no volume, or several with ``allFrames``; packages are missing.
    """
    if not volumes or None in volumes:
        raise XrayToCTError("No radiograph is chosen.", hint=HINT)
    if allFrames and len(volumes) > 1:
        raise XrayToCTError(
            "All frames can be translated of one cine image or sequence at a time.", hint="Choose one input."
        )
    for each in volumes:
        imageIn(each)  # raises before anything is begun
    ensureDependencies()
    steps = framesSteps(volumes[0], options) if allFrames else volumesSteps(volumes, options)
    return Run(steps, guard=oneStillThere(*volumes))


def volumesSteps(volumes: list[Any], options: TranslationOptions) -> Generator[Any, Any, ManyResults]:
    """Steps of a run over several volumes; one that fails does not stop the others.

    Raises:
        XrayToCTError: every one failed, or the stacks would not fit in memory.
    """
    images = [_Image(node.GetName() or "", imageIn(node), options.frame) for node in volumes]
    made, failures = yield from _stacks(images, options)
    yield Progress(1.0, "showing the stacks")
    results = ManyResults(failures=failures)
    folder = newFolder("CT stacks")
    for image, stack, pixels in made:
        given = volumes[images.index(image)]
        if given.GetScene() is None:
            results.failures.append(f"{image.name} was deleted meanwhile.")
            continue
        node = volumeFromStack(stack, volumeOf(given), image=pixels, anatomical=options.anatomical)
        putInto(folder, node)
        results.nodes.append(node)
        yield Progress(1.0, "showing the stacks")
    return results


def framesSteps(inputNode: Any, options: TranslationOptions) -> Generator[Any, Any, ManyResults]:
    """Steps of a run over every frame of a cine image, or every item of a sequence, or of the one that a volume shows.

    Raises:
        XrayToCTError: every one failed, or the stacks would not fit in memory.
    """
    sequence, _ = sequenceOf(inputNode)
    count = framesOf(inputNode)
    if sequence is not None:
        nodes = [sequence.GetNthDataNode(index) for index in range(count)]
        images = [_Image(f"Item {index + 1}", node, 0) for index, node in enumerate(nodes)]
    else:
        images = [_Image(f"Frame {index + 1}", inputNode, index) for index in range(count)]
    made, failures = yield from _stacks(images, options)
    yield Progress(1.0, "showing the stacks")
    volumeNode = volumeOf(inputNode)
    _, browser = sequenceOf(volumeNode)
    results = ManyResults(failures=failures, sequence=newSequence(volumeNode, sequence))
    for image, stack, pixels in made:
        index = images.index(image)
        value = sequence.GetNthIndexValue(index) if sequence is not None else str(index)
        sequenceItemFromStack(results.sequence, value, stack, volumeNode, pixels, anatomical=options.anatomical)
        yield Progress(1.0, "showing the stacks")
    shown = showTogether(results.sequence, browser, volumeNode, made[0][1], anatomical=options.anatomical)
    results.nodes.append(shown)
    return results


def _stacks(
    images: list[_Image], options: TranslationOptions
) -> Generator[Any, Any, tuple[list[tuple[_Image, CtStack, Any]], list[str]]]:
    """((image, its stack without HU, its vtkImageData), what failed)."""
    _checkMemory(images, options)
    made, failures = [], []
    first: XrayToCTError | None = None
    for index, image in enumerate(images):
        start, end = index / len(images), (index + 1) / len(images)
        one = replace(options, frame=image.frame)
        try:
            stack, pixels = yield from stackSteps(image.volumeNode, one, start, end, f"{index + 1} of {len(images)}: ")
        except XrayToCTError as error:
            first = first or error
            failures.append(f"{image.name}: {error}")
            continue
        # The HU are in the image by now: of each float stack, one slab's row is kept to state its shape.
        made.append((image, replace(stack, hu=stack.hu[:1, :1, :1].copy()), pixels))
        del stack, pixels
    if first is not None and not made:
        raise first
    return made, failures


def _checkMemory(images: list[_Image], options: TranslationOptions) -> None:
    """All stacks are held until the end: better to say beforehand that there is no room for them."""
    available, slabs = available_bytes(), find_model(options.model).card.slabs.count
    pixels = 0
    for image in images:
        data = image.volumeNode.GetImageData()
        columns, rows, _ = data.GetDimensions() if data is not None else (0, 0, 0)
        pixels += columns * rows
    needed = pixels * slabs * _INT16_BYTES
    if available is not None and needed > available:
        raise XrayToCTError(
            f"{len(images)} stacks would take {needed / 2**30:.1f} GiB of memory, and {available / 2**30:.1f} GiB are "
            "free.",
            hint="Translate fewer at a time, or use `xray-to-ct batch`, which writes each to a file.",
        )
