"""Export geometry: where a stack's node lies, as DICOM and other files state it."""

from __future__ import annotations

from typing import Any

import numpy as np
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.radiograph import View

from .slab_geometry import ijkToRas

_RAS_TO_LPS = np.diag((-1.0, -1.0, 1.0, 1.0))
_RAY_AXIS = {View.PA: 1, View.AP: 1, View.LATERAL: 0}  # of the patient's axes (left-right, front-back, head-foot)


def ijkToLps(volumeNode: Any) -> np.ndarray:
    """(4, 4), (column, row, slab, 1) to the world in LPS mm, with the transforms that the node is under.

    Raises:
        XrayToCTError: a transform that bends.
    """
    import slicer
    import vtk

    matrix = ijkToRas(volumeNode)
    parent = volumeNode.GetParentTransformNode()
    if parent is not None:
        if not parent.IsTransformToWorldLinear():
            raise XrayToCTError(
                f"{volumeNode.GetName()} lies under a transform that bends it, which no file can say.",
                hint="Harden the transform, or take the volume out of it.",
            )
        toWorld = vtk.vtkMatrix4x4()
        parent.GetMatrixTransformToWorld(toWorld)
        matrix = slicer.util.arrayFromVTKMatrix(toWorld) @ matrix
    return _RAS_TO_LPS @ matrix


def patientGeometry(volumeNode: Any, view: View) -> np.ndarray | None:
    """The same, if it can be the patient's; None where it contradicts the view.

    A radiograph that was loaded from a file lies in an axial plane, because that is where Slicer puts images that have
    no place of their own: its slabs would be stacked from head to foot. Then the view alone says how the patient stood.
    """
    matrix = ijkToLps(volumeNode)
    through = np.abs(matrix[:3, 2])
    return matrix if int(np.argmax(through)) == _RAY_AXIS[view] else None
