"""What the tests of the Slicer module share: volumes to put into a scene, and looks at what is in it."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer
import vtk
from phantom_files import chest

SPACING = {"ImagerPixelSpacing": [3.5, 2.5]}  # DICOM: row first
# Orthogonal, but nowhere near the axes, and with another spacing along each of its axes.
_ROTATION = np.array([[0.36, 0.48, -0.8], [-0.8, 0.6, 0.0], [0.48, 0.64, 0.6]])
OBLIQUE = np.eye(4)
OBLIQUE[:3, :3] = _ROTATION * (2.5, 3.5, 1.25)
OBLIQUE[:3, 3] = (12.0, -34.0, 56.0)


def chest_values(frames: int = 1) -> np.ndarray:
    """(frames, rows, cols), uint16, bone bright."""
    return np.stack([1000 * chest()] * frames).astype(np.uint16)


def add_volume(pixels: np.ndarray, ijk_to_ras: np.ndarray = OBLIQUE, name: str = "chest") -> Any:
    return slicer.util.addVolumeFromArray(pixels, ijk_to_ras, name)


def node_ids() -> list[str]:
    scene = slicer.mrmlScene
    return [scene.GetNthNode(i).GetID() for i in range(scene.GetNumberOfNodes())]


def ijk_to_ras(node: Any) -> np.ndarray:
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix)


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])


def read_node(node: Any) -> Any:
    """The radiograph that the module makes of a node."""
    from XrayToCTPanel.radiograph_bridge import radiographFromVolume

    return radiographFromVolume(node)
