"""Spanning copy: the radiograph as a volume one slab thick that reaches through the whole stack.

A radiograph's own node has a plane; a slice view that shows slab 9 would not meet it. The copy shares the radiograph's
pixels, is hidden, is not saved, and goes when the scene is closed.
"""

from __future__ import annotations

from typing import Any

from .slab_geometry import gridOver, setIjkToRas

_COPY_OF = "XrayToCT.SpanningCopyOf"


def spanningCopy(radiographVolume: Any, stackVolume: Any, frame: int = 0) -> Any:
    """The copy's node, made or brought up to date.

    Args:
        radiographVolume: with the stack's rows and columns.
        stackVolume: gives the place.
        frame: of the radiograph.
    """
    import slicer

    node = _existing(radiographVolume)
    if node is None:
        node = slicer.mrmlScene.CreateNodeByClass("vtkMRMLScalarVolumeNode")
        node.UnRegister(None)
        node.SetName(slicer.mrmlScene.GenerateUniqueName(f"{radiographVolume.GetName()} in all slabs"))
        node.SetHideFromEditors(True)
        node.SetSaveWithScene(False)
        node = slicer.mrmlScene.AddNode(node)
        node.SetNodeReferenceID(_COPY_OF, radiographVolume.GetID())
    image = _frameOf(radiographVolume.GetImageData(), frame)
    columns, rows, _ = image.GetDimensions()
    with slicer.util.NodeModify(node):
        if node.GetImageData() is not image:
            node.SetAndObserveImageData(image)
        setIjkToRas(node, gridOver(stackVolume, (1, rows, columns)))
        node.SetAndObserveTransformNodeID(stackVolume.GetTransformNodeID())
    display = radiographVolume.GetDisplayNode()
    if display is None:
        radiographVolume.CreateDefaultDisplayNodes()
        display = radiographVolume.GetDisplayNode()
    # The radiograph's own display: window and level are those that the user set, and stay so.
    node.SetAndObserveDisplayNodeID(display.GetID())
    return node


def isSpanningCopy(node: Any) -> bool:
    return node is not None and bool(node.GetNodeReferenceID(_COPY_OF))


def _existing(radiographVolume: Any) -> Any:
    import slicer

    volumes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    return next((node for node in volumes if node.GetNodeReference(_COPY_OF) is radiographVolume), None)


def _frameOf(image: Any, frame: int) -> Any:
    """The image itself where it has one frame, else one frame of it (vtkImageData)."""
    import vtk

    columns, rows, frames = image.GetDimensions()
    if frames == 1:
        return image
    part = vtk.vtkExtractVOI()
    part.SetInputData(image)
    part.SetVOI(0, columns - 1, 0, rows - 1, frame, frame)
    part.Update()
    one = part.GetOutput()
    one.SetExtent(0, columns - 1, 0, rows - 1, 0, 0)
    return one
