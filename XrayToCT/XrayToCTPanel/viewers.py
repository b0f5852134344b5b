"""Viewers: showing a stack in the slice views, at its central slab."""

from __future__ import annotations

from typing import Any

import numpy as np


def showStack(volumeNode: Any) -> None:
    """Puts the volume into all slice views. Works on the view nodes alone, so it needs no main window."""
    import slicer

    slicer.util.setSliceViewerLayers(background=volumeNode)
    for view in slicer.util.getNodesByClass("vtkMRMLSliceNode"):
        orientAsImage(view, volumeNode)
    slicer.vtkMRMLSliceNode.JumpAllSlices(slicer.mrmlScene, *centralSlabCentre(volumeNode))
    slicer.util.setSliceViewerLayers(fit=True)


def showUnlessShown(volumeNode: Any) -> None:
    """Shows a volume, unless a slice view shows it already: what the user has zoomed and turned stays."""
    import slicer

    views = slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
    if not any(view.GetBackgroundVolumeID() == volumeNode.GetID() for view in views):
        showStack(volumeNode)


def orientAsImage(view: Any, volumeNode: Any) -> None:
    """Turns a slice view so that columns run to the right and rows downwards, as on the radiograph.

    RotateToVolumePlane keeps what the view showed before as far as it can: a coronal view would come out upside down.
    """
    matrix = view.GetSliceToRAS()
    toWorld = _toWorld(volumeNode)
    origin = [matrix.GetElement(row, 3) for row in range(3)]
    across, down = (_direction(volumeNode, axis, toWorld, origin) for axis in (0, 1))
    through = np.cross(across, -down)
    for row in range(3):
        for column, axis in enumerate((across, -down, through / np.linalg.norm(through))):
            matrix.SetElement(row, column, axis[row])
    view.UpdateMatrices()


def _direction(volumeNode: Any, axis: int, toWorld: Any, point: list[float]) -> np.ndarray:
    """Unit vector of an image axis in world coordinates."""
    import vtk

    matrix = vtk.vtkMatrix4x4()
    volumeNode.GetIJKToRASMatrix(matrix)
    direction = toWorld.TransformVectorAtPoint(point, [matrix.GetElement(row, axis) for row in range(3)])
    return np.array(direction) / np.linalg.norm(direction)


def _toWorld(volumeNode: Any) -> Any:
    import slicer
    import vtk

    toWorld = vtk.vtkGeneralTransform()
    slicer.vtkMRMLTransformNode.GetTransformBetweenNodes(volumeNode.GetParentTransformNode(), None, toWorld)
    return toWorld


def centralSlabCentre(volumeNode: Any) -> tuple[float, float, float]:
    """The centre of slab (slabs // 2) in world coordinates (RAS, mm), under whatever transform the volume is."""
    import vtk

    columns, rows, slabs = volumeNode.GetImageData().GetDimensions()
    matrix = vtk.vtkMatrix4x4()
    volumeNode.GetIJKToRASMatrix(matrix)
    centre = matrix.MultiplyPoint([(columns - 1) / 2, (rows - 1) / 2, slabs // 2, 1.0])[:3]
    return tuple(_toWorld(volumeNode).TransformPoint(centre))
