"""Where the frames of a stack lie in the patient, as DICOM states it (PS3.3 C.7.6.2.1.1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..ct_stack import CtStack
from ..errors import XrayToCTError
from ..radiograph import View

# Directions in the patient (LPS): along a row, down a column, from the detector to the source.
_FRAMES = {
    View.PA: ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, 1.0, 0.0)),
    View.AP: ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, -1.0, 0.0)),
    View.LATERAL: ((0.0, 1.0, 0.0), (0.0, 0.0, -1.0), (-1.0, 0.0, 0.0)),
}
_LETTERS = (("L", "R"), ("P", "A"), ("H", "F"))
_SQUARE = 1e-3  # cosine between axes that count as square


@dataclass(frozen=True, slots=True)
class StackPlacement:
    """Frames in the order in which they are stored: along the normal of the image plane.

    Attributes:
        along_row, down_column: unit vectors, LPS.
        positions: LPS of the centre of the first pixel of each frame, mm.
        spacing: (row, column) in mm.
        thickness: distance between frames, mm.
        backwards: whether frame 0 is the last slab.
        nominal: whether it only follows from the view.
    """

    along_row: tuple[float, float, float]
    down_column: tuple[float, float, float]
    positions: tuple[tuple[float, float, float], ...]
    spacing: tuple[float, float]
    thickness: float
    backwards: bool
    nominal: bool

    @property
    def patient_orientation(self) -> list[str]:
        """Patient Orientation (0020,0020): the nearest anatomical directions of a row and of a column."""
        return [_letter(self.along_row), _letter(self.down_column)]


def anatomical_ijk_to_lps(
    view: View,
    shape: tuple[int, int, int],
    steps: tuple[float, float, float],
    centre: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> np.ndarray:
    """How a stack lies when the patient stands as the view is looked at: coronal for PA and AP, sagittal for LATERAL.

    Args:
        view: direction of the rays.
        shape: (slabs, rows, cols).
        steps: distance between columns, rows and slabs, mm.
        centre: where the middle of the stack is, LPS mm.

    Returns:
        (4, 4), (column, row, slab, 1) to LPS mm. Left-handed for AP, whose slabs are counted from back to front.
    """
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(_FRAMES[view]).T * steps
    matrix[:3, 3] = np.asarray(centre) - matrix[:3, :3] @ ((np.array(shape[::-1]) - 1) / 2)
    return matrix


def place(stack: CtStack, ijk_to_lps: np.ndarray | None = None) -> StackPlacement:
    """Place a stack.

    Args:
        stack: gives the shape and, without a matrix, the view and the spacings.
        ijk_to_lps: (4, 4), (column, row, slab, 1) to LPS mm; None centres the stack on the origin as its view is
            looked at.

    Raises:
        XrayToCTError: a matrix whose axes are not square to each other.
    """
    slabs = stack.slabs
    nominal = ijk_to_lps is None
    if ijk_to_lps is None:
        ijk_to_lps = nominal_ijk_to_lps(stack)
    matrix = np.asarray(ijk_to_lps, np.float64)
    axes, origin = matrix[:3, :3], matrix[:3, 3]
    lengths = np.linalg.norm(axes, axis=0)
    if not np.isfinite(axes).all() or not np.isfinite(origin).all() or lengths.min() <= 0:
        raise XrayToCTError("The stack has no usable geometry.", hint="Pass a finite ijk_to_lps, or none.")
    unit = axes / lengths
    if np.abs(unit.T @ unit - np.eye(3)).max() > _SQUARE:
        raise XrayToCTError(
            "The stack's axes are not square to each other, which DICOM cannot say of an image.",
            hint="Harden or remove the transform, or resample the stack first.",
        )
    backwards = float(np.cross(unit[:, 0], unit[:, 1]) @ unit[:, 2]) < 0
    order = range(slabs - 1, -1, -1) if backwards else range(slabs)
    return StackPlacement(
        along_row=_triple(unit[:, 0]),
        down_column=_triple(unit[:, 1]),
        positions=tuple(_triple(origin + axes[:, 2] * slab) for slab in order),
        spacing=(float(lengths[1]), float(lengths[0])),
        thickness=float(lengths[2]),
        backwards=backwards,
        nominal=nominal,
    )


def nominal_ijk_to_lps(stack: CtStack) -> np.ndarray:
    """``anatomical_ijk_to_lps`` of a stack with its own spacings, centred on the origin."""
    slabs, rows, cols = stack.hu.shape
    steps = (stack.spacing[1], stack.spacing[0], stack.slab_thickness)
    return anatomical_ijk_to_lps(stack.view, (slabs, rows, cols), steps)


def _triple(vector: np.ndarray) -> tuple[float, float, float]:
    x, y, z = (float(value) + 0.0 for value in np.round(vector, 6))  # + 0.0: no -0
    return x, y, z


def _letter(direction: tuple[float, float, float]) -> str:
    axis = int(np.argmax(np.abs(direction)))
    return _LETTERS[axis][direction[axis] < 0]
