"""Pose: how a patient stands between source and detector, as six numbers, and how far two poses are apart.

The six numbers are those of ``projection.ProjectionGeometry``: three rotations of the gantry about the patient's centre
in degrees, two shifts parallel to the detector and the distance of the patient's centre to the detector in mm. The last
one shows in a radiograph through the magnification alone: of the six it is the one that a single view determines least.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..projection.geometry import ProjectionGeometry

NAMES = ("about head-foot axis", "about image columns", "in plane", "down", "across", "depth")
UNITS = ("deg", "deg", "deg", "mm", "mm", "mm")


def pose_of(geometry: ProjectionGeometry) -> np.ndarray:
    """(6,) float64: rotations in degrees, shifts (rows, columns) and distance to the detector in mm."""
    return np.array((*geometry.rotation_deg, *geometry.shift_mm, geometry.isocentre_detector_mm), np.float64)


def with_pose(geometry: ProjectionGeometry, pose: np.ndarray) -> ProjectionGeometry:
    """The geometry of the same source, detector and view at another pose (6,)."""
    first, second, third, down, across, depth = (float(value) for value in pose)
    return replace(geometry, rotation_deg=(first, second, third), shift_mm=(down, across), isocentre_detector_mm=depth)


def camera_points(geometry: ProjectionGeometry, points: np.ndarray) -> np.ndarray:
    """Points of the patient, (n, 3) in mm (x left, y back, z head) about the patient's centre, seen from the detector.

    Returns:
        (n, 3), mm: along the detector's rows' direction (down), along its columns' direction (across), and the
        distance from the detector towards the source; from the detector's centre.
    """
    columns, rows, normal = geometry.axes()
    turned = np.stack((points @ rows, points @ columns, points @ normal), axis=1)
    return np.asarray(turned + np.array((*geometry.shift_mm, geometry.isocentre_detector_mm)))


def target_registration_error(a: ProjectionGeometry, b: ProjectionGeometry, points: np.ndarray) -> float:
    """Mean target registration error (mTRE, van de Kraats et al., IEEE TMI 24(9), 2005): mean distance in mm between
    points of the patient (n, 3) placed by the one pose and by the other, in space."""
    return float(np.linalg.norm(camera_points(a, points) - camera_points(b, points), axis=1).mean())


def projection_distance(a: ProjectionGeometry, b: ProjectionGeometry, points: np.ndarray) -> float:
    """Mean projection distance (mPD, same source): mean distance in mm on the detector between the images of points
    (n, 3); it does not see what the radiograph does not show, a shift along the rays."""
    return float(np.linalg.norm(_on_detector(a, points) - _on_detector(b, points), axis=1).mean())


def box_points(size_mm: tuple[float, float, float], per_axis: int = 5) -> np.ndarray:
    """Targets: a grid (n, 3) that fills a box of ``size_mm`` (x, y, z) about the patient's centre."""
    axes = [np.linspace(-0.5, 0.5, per_axis) * size for size in size_mm]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)


def _on_detector(geometry: ProjectionGeometry, points: np.ndarray) -> np.ndarray:
    """Where the rays through points meet the detector, (n, 2) mm (down, across)."""
    at = camera_points(geometry, points)
    if geometry.parallel:
        return at[:, :2]
    distance = geometry.source_detector_mm
    return np.asarray(at[:, :2] * (distance / (distance - at[:, 2:])))
