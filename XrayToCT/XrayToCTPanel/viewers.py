"""Viewers: showing a stack in the slice views, at its central slab."""

from __future__ import annotations

from typing import Any


def showStack(volumeNode: Any) -> None:
    """Puts the volume into all slice views. Works on the view nodes alone, so it needs no main window."""
    import slicer

    slicer.util.setSliceViewerLayers(background=volumeNode)
    for view in slicer.util.getNodesByClass("vtkMRMLSliceNode"):
        view.RotateToVolumePlane(volumeNode)
    slicer.vtkMRMLSliceNode.JumpAllSlices(slicer.mrmlScene, *centralSlabCentre(volumeNode))
    slicer.util.setSliceViewerLayers(fit=True)


def centralSlabCentre(volumeNode: Any) -> tuple[float, float, float]:
    """The centre of slab (slabs // 2) in world coordinates (RAS, mm), under whatever transform the volume is."""
    import slicer
    import vtk

    columns, rows, slabs = volumeNode.GetImageData().GetDimensions()
    matrix = vtk.vtkMatrix4x4()
    volumeNode.GetIJKToRASMatrix(matrix)
    centre = matrix.MultiplyPoint([(columns - 1) / 2, (rows - 1) / 2, slabs // 2, 1.0])[:3]
    toWorld = vtk.vtkGeneralTransform()
    slicer.vtkMRMLTransformNode.GetTransformBetweenNodes(volumeNode.GetParentTransformNode(), None, toWorld)
    return tuple(toWorld.TransformPoint(centre))
