"""Many inputs: the frames of a cine or sequence, and further volumes that are translated in the same run."""

from __future__ import annotations

from typing import Any

_ROLE = "moreInputs"  # a node reference role of the parameter node: it is saved with the scene


def moreInputs(parameters: Any) -> list[Any]:
    """The further volumes that the parameter node refers to."""
    node = parameters.parameterNode
    nodes = [node.GetNthNodeReference(_ROLE, i) for i in range(node.GetNumberOfNodeReferences(_ROLE))]
    return [each for each in nodes if each is not None]


def keepMoreInputs(parameters: Any, volumes: list[Any]) -> None:
    """Replaces them."""
    import slicer

    if moreInputs(parameters) == volumes:
        return
    with slicer.util.NodeModify(parameters.parameterNode):
        parameters.parameterNode.RemoveNodeReferenceIDs(_ROLE)
        for volume in volumes:
            parameters.parameterNode.AddNodeReferenceID(_ROLE, volume.GetID())


def sequenceOf(volumeNode: Any) -> tuple[Any, Any]:
    """(sequence, browser) whose proxy a volume is; (None, None) of an ordinary volume."""
    import slicer

    for browser in slicer.util.getNodesByClass("vtkMRMLSequenceBrowserNode"):
        sequence = browser.GetSequenceNode(volumeNode)
        if sequence is not None:
            return sequence, browser
    return None, None


def framesOf(volumeNode: Any) -> int:
    """How many images a volume stands for: the items of its sequence, else the frames that it holds."""
    if volumeNode is None:
        return 1
    sequence, _ = sequenceOf(volumeNode)
    if sequence is not None:
        return int(sequence.GetNumberOfDataNodes())
    image = volumeNode.GetImageData()
    return int(image.GetDimensions()[2]) if image is not None else 1
