"""Stack sequence: the stacks of a cine's frames as a sequence, browsed together with the radiographs."""

from __future__ import annotations

from typing import Any

from XrayToCTLib.ct_stack import CtStack

from .display import showAsCt
from .placement import placeBeside
from .provenance import SOURCE_REFERENCE, writeProvenance
from .stack_bridge import provenanceOf
from .stack_place import stackPlace


def newSequence(volumeNode: Any, sourceSequence: Any) -> Any:
    """An empty vtkMRMLSequenceNode with the index of the source's, or of frames."""
    import slicer

    name = slicer.mrmlScene.GenerateUniqueName(f"{volumeNode.GetName()} CT stacks")
    sequence = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode", name)
    sequence.SetIndexName(sourceSequence.GetIndexName() if sourceSequence is not None else "frame")
    sequence.SetIndexUnit(sourceSequence.GetIndexUnit() if sourceSequence is not None else "")
    if sourceSequence is not None:
        sequence.SetIndexType(sourceSequence.GetIndexType())
    return sequence


def sequenceItemFromStack(
    sequence: Any, value: str, stack: CtStack, inputVolume: Any, image: Any, *, anatomical: bool = False
) -> None:
    """Adds a stack to a sequence. The pixels come last: a sequence copies what it is given, and they are large."""
    import slicer

    blank = slicer.vtkMRMLScalarVolumeNode()
    blank.SetName(f"{inputVolume.GetName()} CT stack")
    blank.SetIJKToRASMatrix(stackPlace(stack, inputVolume, image, anatomical=anatomical)[0])
    node = sequence.SetDataNodeAtValue(blank, value)
    node.SetAndObserveImageData(image)
    for each in (node, sequence):  # the volume that shows the item takes the item's attributes
        writeProvenance(each, provenanceOf(stack), inputVolume, stack.warnings)
    node.RemoveNodeReferenceIDs(SOURCE_REFERENCE)  # it would point out of the sequence's own scene


def showTogether(sequence: Any, browser: Any, inputVolume: Any, stack: CtStack, *, anatomical: bool = False) -> Any:
    """Browses the sequence with the input's browser, or with a new one; returns the volume that shows its item."""
    import slicer

    if browser is None:
        name = slicer.mrmlScene.GenerateUniqueName(f"{inputVolume.GetName()} CT stacks browser")
        browser = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", name)
    browser.AddSynchronizedSequenceNode(sequence)
    logic = slicer.app.applicationLogic().GetModuleLogic("Sequences")
    logic.UpdateProxyNodesFromSequences(browser)
    node = browser.GetProxyNode(sequence)
    showAsCt(node)
    _, transformId = stackPlace(stack, inputVolume, node.GetImageData(), anatomical=anatomical)
    node.SetAndObserveTransformNodeID(transformId)
    writeProvenance(node, provenanceOf(stack), inputVolume, stack.warnings)
    placeBeside(node, inputVolume)
    return node
