"""Many inputs: the frames of a cine or sequence, and further volumes that are translated in the same run."""

from __future__ import annotations

from typing import Any

from .node_list import keepNodes, keptNodes

_ROLE = "moreInputs"  # a node reference role of the parameter node: it is saved with the scene


def moreInputs(parameters: Any) -> list[Any]:
    """The further volumes that the parameter node refers to."""
    return keptNodes(parameters, _ROLE)


def keepMoreInputs(parameters: Any, volumes: list[Any]) -> None:
    """Replaces them."""
    keepNodes(parameters, _ROLE, volumes)


def isSequence(node: Any) -> bool:
    return node is not None and bool(node.IsA("vtkMRMLSequenceNode"))


def sequenceOf(node: Any) -> tuple[Any, Any]:
    """(sequence, browser) whose proxy a volume is; (None, None) of an ordinary volume. Of a sequence: (itself, its
    first browser or None).
    """
    import slicer

    browsers = slicer.util.getNodesByClass("vtkMRMLSequenceBrowserNode")
    if isSequence(node):
        return node, next((each for each in browsers if each.IsSynchronizedSequenceNode(node, True)), None)
    for browser in browsers:
        sequence = browser.GetSequenceNode(node)
        if sequence is not None:
            return sequence, browser
    return None, None


def framesOf(node: Any) -> int:
    """How many images a volume stands for: the items of its sequence, else the frames that it holds."""
    if node is None:
        return 1
    sequence, _ = sequenceOf(node)
    if sequence is not None:
        return int(sequence.GetNumberOfDataNodes())
    image = node.GetImageData()
    return int(image.GetDimensions()[2]) if image is not None else 1
