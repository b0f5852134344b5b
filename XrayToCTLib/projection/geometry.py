"""Where the source, the patient and the detector are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import XrayToCTError
from ..radiograph import View

# Directions in the patient (x: to the left, y: to the back, z: to the head): column direction, row direction, and the
# direction from the detector to the source. The patient's right is on the left of a PA or AP image; a lateral shows
# the front of the patient on the left, detector at the patient's left side.
_FRAMES = {
    View.PA: ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, 1.0, 0.0)),
    View.AP: ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, -1.0, 0.0)),
    View.LATERAL: ((0.0, 1.0, 0.0), (0.0, 0.0, -1.0), (-1.0, 0.0, 0.0)),
}
# At 45 degrees another axis of the CT lies along the rays just as well, and what is meant is another view.
_LARGEST_ROTATION_DEG = 40.0


@dataclass(frozen=True, slots=True)
class ProjectionGeometry:
    """A flat detector, a point source on its central normal (or parallel rays), and a patient between them.

    Attributes:
        shape: detector (rows, cols).
        spacing: (row, column) distance of detector pixels in mm.
        source_detector_mm: distance from the source to the detector; ``math.inf`` for parallel rays.
        isocentre_detector_mm: distance from the patient's centre to the detector.
        view: PA, AP or LATERAL.
        rotation_deg: of the gantry about the patient's centre: about the head-foot axis, about the image's column
            direction, and in the image plane.
        shift_mm: the patient's centre seen from the detector's centre, along (rows, columns) of the image.
    """

    shape: tuple[int, int] = (256, 256)
    spacing: tuple[float, float] = (1.5, 1.5)
    source_detector_mm: float = 1800.0
    isocentre_detector_mm: float = 180.0
    view: View = View.PA
    rotation_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)
    shift_mm: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        hint = "Correct the projection geometry."
        if min(self.shape) < 1:
            raise XrayToCTError(f"A detector of {self.shape} pixels has no pixels.", hint=hint)
        if not all(np.isfinite(self.spacing)) or min(self.spacing) <= 0:
            raise XrayToCTError(f"A detector pixel of {self.spacing} mm is impossible.", hint=hint)
        if not self.source_detector_mm > self.isocentre_detector_mm >= 0:
            raise XrayToCTError(
                f"The patient's centre, {self.isocentre_detector_mm} mm from the detector, is not between the detector "
                f"and the source at {self.source_detector_mm} mm.",
                hint=hint,
            )
        if max(abs(self.rotation_deg[0]), abs(self.rotation_deg[1])) > _LARGEST_ROTATION_DEG:
            raise XrayToCTError(
                f"A rotation of {self.rotation_deg} degrees is too far from a {self.view.name} view.",
                hint=f"Stay within {_LARGEST_ROTATION_DEG:.0f} degrees, or choose another view.",
            )

    @property
    def parallel(self) -> bool:
        return not np.isfinite(self.source_detector_mm)

    @property
    def magnification(self) -> float:
        """Of the patient's centre, on the detector."""
        if self.parallel:
            return 1.0
        return self.source_detector_mm / (self.source_detector_mm - self.isocentre_detector_mm)

    def axes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Unit vectors (columns, rows, detector to source) in the patient, after the rotation."""
        columns, rows, normal = (np.array(axis) for axis in _FRAMES[self.view])
        about_head, about_columns, in_plane = np.deg2rad(self.rotation_deg)
        turn = (
            _rotation(np.array((0.0, 0.0, 1.0)), about_head)
            @ _rotation(columns, about_columns)
            @ _rotation(normal, in_plane)
        )
        return turn @ columns, turn @ rows, turn @ normal

    def pixel_rays(self) -> tuple[np.ndarray, np.ndarray]:
        """Where rays start and where they go, in mm about the patient's centre.

        Returns:
            source: shape (3,), the point source; for parallel rays the direction towards the source.
            pixels: shape (3, 3); ``pixels @ (column, row, 1)`` is the centre of a detector pixel.
        """
        columns, rows, normal = self.axes()
        centre = -normal * self.isocentre_detector_mm - rows * self.shift_mm[0] - columns * self.shift_mm[1]
        step_row, step_column = rows * self.spacing[0], columns * self.spacing[1]
        corner = centre - step_row * (self.shape[0] - 1) / 2 - step_column * (self.shape[1] - 1) / 2
        pixels = np.stack((step_column, step_row, corner), axis=1)
        source = normal if self.parallel else centre + normal * self.source_detector_mm
        return source, pixels


def _rotation(axis: np.ndarray, angle: float) -> np.ndarray:
    """Rodrigues' rotation matrix, angle in radians."""
    x, y, z = axis
    cross = np.array(((0.0, -z, y), (z, 0.0, -x), (-y, x, 0.0)))
    return np.eye(3) + np.sin(angle) * cross + (1.0 - np.cos(angle)) * (cross @ cross)
