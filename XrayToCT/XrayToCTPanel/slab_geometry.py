"""Where slabs lie, and volumes that lie over them: the radiograph in every slab, maps on a grid of their own."""

from __future__ import annotations

from typing import Any

import numpy as np


def ijkToRas(volumeNode: Any) -> np.ndarray:
    """(4, 4), (column, row, slab, 1) to RAS mm, without the node's transform."""
    import vtk

    matrix = vtk.vtkMatrix4x4()
    volumeNode.GetIJKToRASMatrix(matrix)
    return np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])


def slabsOf(volumeNode: Any) -> int:
    """How many slabs a volume node has; 0 without pixels."""
    image = volumeNode.GetImageData() if volumeNode is not None else None
    return int(image.GetDimensions()[2]) if image is not None else 0


def gridOver(stackVolume: Any, shape: tuple[int, int, int]) -> np.ndarray:
    """IJK to RAS (4, 4) of a grid of (slabs, rows, cols) that fills the same box as the stack: outer edges align.

    One slab then reaches through the whole depth, and is seen in every slab of the stack.
    """
    have = np.array(stackVolume.GetImageData().GetDimensions(), float)
    wanted = np.array(shape[::-1], float)
    old = ijkToRas(stackVolume)
    factor = have / wanted
    new = old.copy()
    new[:3, :3] = old[:3, :3] * factor
    new[:3, 3] = old[:3, 3] + old[:3, :3] @ ((factor - 1.0) / 2.0)
    return new


def slabCentre(volumeNode: Any, slab: int) -> tuple[float, float, float]:
    """The centre of a slab in world coordinates (RAS, mm), under whatever transform the volume is."""
    columns, rows, _ = volumeNode.GetImageData().GetDimensions()
    centre = ijkToRas(volumeNode) @ ((columns - 1) / 2, (rows - 1) / 2, slab, 1.0)
    x, y, z = toWorld(volumeNode).TransformPoint(centre[:3])
    return x, y, z


def slabAt(volumeNode: Any, world: tuple[float, float, float]) -> int:
    """The slab that a point of the world lies in; the nearest one for a point beside the stack."""
    local = toWorld(volumeNode).GetInverse().TransformPoint(world)
    index = np.linalg.inv(ijkToRas(volumeNode)) @ (*local, 1.0)
    return int(np.clip(np.rint(index[2]), 0, slabsOf(volumeNode) - 1))


def toWorld(volumeNode: Any) -> Any:
    """vtkGeneralTransform from the volume's coordinates to the world's."""
    import slicer
    import vtk

    transform = vtk.vtkGeneralTransform()
    slicer.vtkMRMLTransformNode.GetTransformBetweenNodes(volumeNode.GetParentTransformNode(), None, transform)
    return transform


def setIjkToRas(volumeNode: Any, matrix: np.ndarray) -> None:
    import slicer

    volumeNode.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(matrix))
