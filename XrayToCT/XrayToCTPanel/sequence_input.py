"""Sequence input: a vtkMRMLSequenceNode given to a verb stands for the volume that shows it, if there is one yet.

Slicer's reader makes a browser, and with it such a volume, only where a sequence is to be shown on loading. A verb
takes a sequence that no browser shows by its first item, and makes the browser together with the result: so what comes
of it has something to lie beside, and a run that fails leaves nothing behind.
"""

from __future__ import annotations

from typing import Any

from XrayToCTLib.errors import XrayToCTError

from .many_inputs import isSequence, sequenceOf
from .provenance import PREFIX

_HINT = "Choose a sequence of X-ray images, such as a fluoroscopy."


def holdsImages(sequence: Any) -> bool:
    """Whether a sequence has items, and they are scalar volumes."""
    first = sequence.GetNthDataNode(0) if sequence.GetNumberOfDataNodes() else None
    return first is not None and first.IsA("vtkMRMLScalarVolumeNode") and not first.IsA("vtkMRMLLabelMapVolumeNode")


def imageSequences() -> list[Any]:
    """The sequences of the scene that may be chosen as input: of scalar volumes, not made by us."""
    import slicer

    sequences = slicer.util.getNodesByClass("vtkMRMLSequenceNode")
    return [node for node in sequences if holdsImages(node) and node.GetAttribute(PREFIX + "ModelId") is None]


def imageIn(inputNode: Any) -> Any:
    """The volume node to read: the input itself; of a sequence the volume that shows it, else its first item.

    Raises:
        XrayToCTError: the sequence is empty, or holds no scalar volumes.
    """
    if not isSequence(inputNode):
        return inputNode
    _check(inputNode)
    _, browser = sequenceOf(inputNode)
    shown = browser.GetProxyNode(inputNode) if browser is not None else None
    return shown if shown is not None else inputNode.GetNthDataNode(0)


def volumeOf(inputNode: Any) -> Any:
    """The volume of the scene that an input is: itself; of a sequence the one that shows it. A browser is made for one
    that has none, as Slicer does when a sequence is loaded.

    Raises:
        XrayToCTError: as ``imageIn``.
    """
    import slicer

    if not isSequence(inputNode):
        return inputNode
    _check(inputNode)
    _, browser = sequenceOf(inputNode)
    if browser is None:
        name = slicer.mrmlScene.GenerateUniqueName(f"{inputNode.GetName()} browser")
        browser = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", name)
        browser.SetAndObserveMasterSequenceNodeID(inputNode.GetID())
    if browser.GetProxyNode(inputNode) is None:
        slicer.app.applicationLogic().GetModuleLogic("Sequences").UpdateProxyNodesFromSequences(browser)
    return browser.GetProxyNode(inputNode)


def _check(sequence: Any) -> None:
    if not holdsImages(sequence):
        kind = "is an empty sequence" if not sequence.GetNumberOfDataNodes() else "is a sequence of something else"
        raise XrayToCTError(f"{sequence.GetName() or 'The input'} {kind}, not of radiographs.", hint=_HINT)
