"""How a stack looks: one CT window for all stacks, so that two of them can be compared by eye; and how it goes."""

from __future__ import annotations

from typing import Any

# -1050 to 450 HU. A slab averages 20 mm of anatomy, so bone seldom exceeds 400 HU: with this window lung, soft tissue
# and averaged bone are all seen at once. The usual lung window (1500/-600) would burn out bone, the abdominal one
# (400/40) would turn the lungs black.
CT_WINDOW = 1500.0
CT_LEVEL = -300.0
_LINEAR_GREY = "vtkMRMLColorTableNodeGrey"


def showAsCt(volumeNode: Any) -> None:
    """Gives a volume the CT window, a linear grey scale and interpolation, and keeps automatic windowing off."""
    volumeNode.CreateDefaultDisplayNodes()
    display = volumeNode.GetDisplayNode()
    display.SetAutoWindowLevel(False)
    display.SetWindowLevel(CT_WINDOW, CT_LEVEL)
    display.SetAndObserveColorNodeID(_LINEAR_GREY)
    display.SetInterpolate(True)
    display.SetApplyThreshold(False)


def removeWithDisplay(volumeNode: Any) -> None:
    """Removes a volume with its display nodes, which the scene would keep; nothing for one that is gone, or None."""
    import slicer

    if volumeNode is None or volumeNode.GetScene() is None:
        return
    displays = [volumeNode.GetNthDisplayNode(i) for i in range(volumeNode.GetNumberOfDisplayNodes())]
    slicer.mrmlScene.RemoveNode(volumeNode)  # first: a slice view gives a volume without a display node a new one
    for display in displays:
        slicer.mrmlScene.RemoveNode(display)
