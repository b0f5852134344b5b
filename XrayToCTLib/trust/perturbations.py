"""Perturbations: small changes of a radiograph after which the right answer is known to be the same one, moved along.

Measured on simulated radiographs of four patients that the model had not seen (Testing/benchmarks/bench_trust.py),
shifts and turns find the voxels that are wrong best: rank correlation of spread and error 0.33 to 0.57 a patient. A
mirror image (0.09 to 0.29) asks about a heart on the other side instead, another magnification (0.19 to 0.37) about a
patient of another size, and noise (0.04 to 0.11) hardly reaches slabs of 20 mm: they are left out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..radiograph import Radiograph

SHIFT_MM = 4.5
TURN_DEG = 2.0


@dataclass(frozen=True, slots=True)
class Perturbation:
    """A rigid motion in the image plane.

    Attributes:
        down_mm, right_mm: shift.
        turn_deg: about the image's centre, counter-clockwise.
    """

    down_mm: float = 0.0
    right_mm: float = 0.0
    turn_deg: float = 0.0

    def apply(self, radiograph: Radiograph) -> Radiograph:
        """The first frame, moved; what comes in from outside repeats the edge."""
        return replace(radiograph, pixels=_moved(radiograph.pixels[:1], self._matrix(radiograph)))

    def undo(self, hu: np.ndarray, radiograph: Radiograph) -> np.ndarray:
        """Slabs (slabs, rows, cols) of the moved radiograph, moved back onto ``radiograph``."""
        import cv2

        return _moved(hu, cv2.invertAffineTransform(self._matrix(radiograph)))

    def _matrix(self, radiograph: Radiograph) -> np.ndarray:
        """Affine (2, 3) from (column, row) to (column, row); a turn in millimetres, whatever the pixels' shape."""
        rows, cols = radiograph.shape
        down, right = radiograph.spacing
        cosine, sine = np.cos(np.deg2rad(self.turn_deg)), np.sin(np.deg2rad(self.turn_deg))
        turn = np.array(((cosine, sine * down / right), (-sine * right / down, cosine)))
        centre = np.array(((cols - 1) / 2, (rows - 1) / 2))
        shift = centre - turn @ centre + (self.right_mm / right, self.down_mm / down)
        return np.column_stack((turn, shift))


PERTURBATIONS = (
    Perturbation(down_mm=SHIFT_MM),
    Perturbation(down_mm=-SHIFT_MM),
    Perturbation(right_mm=SHIFT_MM),
    Perturbation(right_mm=-SHIFT_MM),
    Perturbation(turn_deg=TURN_DEG),
    Perturbation(turn_deg=-TURN_DEG),
)


def _moved(images: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """(images, rows, cols) warped, bilinear."""
    import cv2

    size = (images.shape[2], images.shape[1])
    moved = []
    for image in images:
        image = np.ascontiguousarray(image)
        moved.append(cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
    return np.stack(moved)
