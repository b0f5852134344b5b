"""Turning a 2D image or a one-pixel-thin volume the way a person looks at it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import XrayToCTError

_NOT_A_RADIOGRAPH = "Choose a 2D radiograph, or use the volume as a reference."


@dataclass(frozen=True, slots=True)
class Oriented:
    """Pixels (rows, cols[, channels]) as a person looks at them, their (row, column) spacing, and what was turned."""

    pixels: np.ndarray
    spacing: tuple[float, float]
    history: tuple[str, ...]


def orient_for_display(array: np.ndarray, spacing: np.ndarray, direction: np.ndarray, source: str) -> Oriented:
    """Rows run downwards: to the feet, or to the back in an axial grid; columns run to the patient's left, or back.

    A file says where its axes point in the patient (LPS: x left, y posterior, z superior). A NIfTI made from an array
    by an identity affine has rows that run upwards: viewers show it so, and so does this.

    Args:
        array: shape (y, x[, channels]) or (z, y, x[, channels]) in the file's own order, one spatial axis of size 1
            in the latter.
        spacing: mm along x, y[, z].
        direction: (n, n) matrix whose columns are the directions of x, y[, z] in LPS.

    Raises:
        XrayToCTError: a volume, or a line of pixels.
    """
    dimension = len(spacing)
    size = array.shape[:dimension][::-1]
    if dimension == 2:
        world = np.eye(3)
        world[:2, :2] = direction
        plane = [0, 1]
    else:
        thin = [axis for axis in range(dimension) if size[axis] == 1]
        if dimension != 3 or not thin:
            shape = " x ".join(str(length) for length in size)
            raise XrayToCTError(f"{source} is a volume of {shape} voxels, not a radiograph.", hint=_NOT_A_RADIOGRAPH)
        # The thin axis to drop; with several the image is a line, which the caller sees as one row or column.
        dropped = thin[-1]
        world = np.asarray(direction, dtype=np.float64)
        plane = [axis for axis in range(3) if axis != dropped]
        array = np.squeeze(array, axis=2 - dropped)
    main = [int(np.argmax(np.abs(world[:, axis]))) for axis in plane]
    signs = [float(np.sign(world[component, axis])) or 1.0 for component, axis in zip(main, plane, strict=True)]
    in_plane = [float(spacing[axis]) for axis in plane]
    history = []
    # numpy axis 0 is plane[1], axis 1 is plane[0]
    down, across = 1, 0
    if main[0] > main[1]:  # z wants to be vertical most, then y
        array = np.swapaxes(array, 0, 1)
        down, across = 0, 1
        history.append("Swapped rows and columns, as the file's axes say.")
    if signs[down] * _downwards(main[down]) < 0:
        array = array[::-1]
        history.append("Flipped the rows: in the file they run upwards.")
    if signs[across] < 0 and main[across] != 2:
        array = array[:, ::-1]
        history.append("Flipped the columns: in the file they run to the viewer's left.")
    return Oriented(array, (in_plane[down], in_plane[across]), tuple(history))


def _downwards(component: int) -> int:
    """Sign of the LPS axis that points down on the screen: feet are -z; back is +y in an axial grid."""
    return -1 if component == 2 else 1
