"""Stack place: where a stack's node lies, in the radiograph's plane or as the patient stood.

By default a stack keeps its input's IJK to RAS for columns and rows, and its slabs lie along the third axis: the centre
of slab 0, the one nearest to the detector, lies in the plane of the radiograph, that of slab k at k times the slab
thickness. A radiograph that was loaded from a file has no place in the patient: Slicer lays it into an axial plane, so
that its slabs are stacked from foot to head. Turned, the stack is coronal (PA, AP) or sagittal (LATERAL) about its own
centre.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from XrayToCTLib.ct_stack import CtStack
from XrayToCTLib.dicom.stack_placement import anatomical_ijk_to_lps
from XrayToCTLib.radiograph import View

from .slab_geometry import toWorld

_LPS_TO_RAS = np.diag((-1.0, -1.0, 1.0, 1.0))
_SAME_DIRECTION = 1e-4  # rad


def stackPlace(stack: CtStack, inputVolume: Any, image: Any, *, anatomical: bool) -> tuple[Any, str | None]:
    """(IJK to RAS (vtkMatrix4x4), ID of the transform that it is under or None).

    Args:
        stack: gives slab thickness and view.
        inputVolume: in the scene.
        image: vtkImageData of the stack's size.
        anatomical: turn it, which takes it out of every transform. What already lies so stays as it is.
    """
    import slicer

    matrix, transformId = stackIjkToRas(inputVolume, stack.slab_thickness), inputVolume.GetTransformNodeID()
    if anatomical:
        flat = slicer.util.arrayFromVTKMatrix(matrix)
        turned = _turned(flat, image.GetDimensions(), toWorld(inputVolume), stack.view)
        if turned is not None:
            return slicer.util.vtkMatrixFromArray(turned), None
    return matrix, transformId


def stackIjkToRas(inputVolume: Any, slabThickness: float) -> Any:
    """The input's IJK to RAS (vtkMatrix4x4) with the slab thickness (mm) as spacing of the third axis."""
    import vtk

    matrix = vtk.vtkMatrix4x4()
    inputVolume.GetIJKToRASMatrix(matrix)
    third = np.array([matrix.GetElement(row, 2) for row in range(3)])
    length = float(np.linalg.norm(third))
    for row in range(3):
        matrix.SetElement(row, 2, third[row] / length * slabThickness)
    return matrix


def _turned(matrix: np.ndarray, dimensions: tuple[int, int, int], world: Any, view: View) -> np.ndarray | None:
    """IJK to world (4, 4) about the same centre, with the same steps; None where the axes have these directions now."""
    middle = (np.array(dimensions) - 1) / 2

    def at(index: np.ndarray) -> np.ndarray:
        return np.array(world.TransformPoint((matrix @ (*index, 1.0))[:3]))

    centre = at(middle)
    axes = np.stack([at(middle + step) - centre for step in np.eye(3)], axis=1)
    columns, rows, slabs = (float(length) for length in np.linalg.norm(axes, axis=0))
    shape = (dimensions[2], dimensions[1], dimensions[0])
    centreLps = _LPS_TO_RAS[:3, :3] @ centre
    turned = _LPS_TO_RAS @ anatomical_ijk_to_lps(view, shape, (columns, rows, slabs), tuple(centreLps))
    if np.allclose(axes / (columns, rows, slabs), turned[:3, :3] / (columns, rows, slabs), atol=_SAME_DIRECTION):
        return None
    return turned
