"""The geometry that all executors share: one homography a plane of the CT, and which slab a sample falls in.

The CT is a pile of planes across the rays. A plane meets the rays of a flat detector in a homography, so that a
projection is: warp every plane onto the detector and add (Lacroute and Levoy's shear-warp, SIGGRAPH 1994, with the
perspective in the warp). All planes share one obliquity factor a pixel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .geometry import ProjectionGeometry

# Linear attenuation of water at about 60 to 70 keV, the mean energy of a chest radiograph at 110 to 125 kV
# (NIST XCOM: 0.0206 per mm at 60 keV, 0.0193 at 70 keV).
MU_WATER_PER_MM = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class PlaneWarps:
    """How every plane of a volume maps onto the detector.

    Attributes:
        axis: the axis of the volume array (z, y, x) that the planes are numbered along: 1 (PA, AP) or 2 (lateral).
        homographies: shape (planes, 3, 3); ``h @ (column, row, 1)``, after division, is an index (second, first axis)
            in a plane.
        plane_path_mm: shape (rows, cols), length of a ray within one plane's thickness.
        ray_obliquity: shape (rows, cols), length of a ray per mm along the detector's normal.
        positions_mm: shape (planes,), where the planes stand along their axis, about the patient's centre.
        depth_origin, depth_slope: shape (rows, cols); ``depth_origin + depth_slope * position`` is a sample's distance
            from the patient's centre towards the source, along the detector's normal, in mm.
        depth_step_mm: shape (rows, cols), distance along the detector's normal within one plane's thickness.
    """

    axis: int
    homographies: np.ndarray
    plane_path_mm: np.ndarray
    ray_obliquity: np.ndarray
    positions_mm: np.ndarray
    depth_origin: np.ndarray
    depth_slope: np.ndarray
    depth_step_mm: np.ndarray

    def depth_mm(self, plane: int) -> np.ndarray:
        """Distance of a plane's samples from the patient's centre towards the source, shape (rows, cols), mm."""
        return self.depth_origin + self.depth_slope * np.float32(self.positions_mm[plane])

    @property
    def upright(self) -> bool:
        """Whether the planes are parallel to the detector: then a plane has one depth for all pixels."""
        return max(float(np.ptp(self.depth_origin)), float(np.ptp(self.depth_slope)) * self.farthest_mm) < 1e-2

    @property
    def farthest_mm(self) -> float:
        return float(np.abs(self.positions_mm).max())


def plane_warps(
    geometry: ProjectionGeometry,
    shape: tuple[int, int, int],
    spacing: tuple[float, float, float],
    centre: tuple[float, float, float],
) -> PlaneWarps:
    """The warps of a volume's planes.

    Args:
        geometry: source, patient and detector.
        shape: of the volume, (z, y, x): towards the head, the back, the patient's left.
        spacing: (z, y, x) in mm.
        centre: index (z, y, x) of the point that stands at the geometry's isocentre.
    """
    source, pixels = geometry.pixel_rays()
    *_, normal = geometry.axes()
    # In physical order (x, y, z); the array's axes are (z, y, x).
    main = int(np.argmax(np.abs(normal)))
    if main == 2:
        main = int(np.argmax(np.abs(normal[:2])))
    first, second = (axis for axis in (2, 1, 0) if axis != main)  # array order within a plane
    step = np.array(spacing[::-1])
    start = -np.array(centre[::-1]) * step
    planes = shape[2 - main]
    at = start[main] + step[main] * np.arange(planes)

    if geometry.parallel:
        direction = np.repeat(-source[:, None], 3, axis=1) * np.array((0.0, 0.0, 1.0))
        numerators = [
            pixels[axis][None] - (source[axis] / source[main]) * (pixels[main][None] - _constant(at))
            for axis in (second, first)
        ]
        denominator = np.broadcast_to(np.array((0.0, 0.0, 1.0)), (planes, 3))
        reach = 1.0
    else:
        direction = pixels - source[:, None] * np.array((0.0, 0.0, 1.0))
        towards = (at - source[main])[:, None]
        numerators = [
            source[axis] * direction[main][None] + towards * direction[axis][None] for axis in (second, first)
        ]
        denominator = np.broadcast_to(direction[main], (planes, 3))
        reach = geometry.source_detector_mm
    homographies = np.stack(
        (
            (numerators[0] - start[second] * denominator) / step[second],
            (numerators[1] - start[first] * denominator) / step[first],
            denominator,
        ),
        axis=1,
    )

    rays = (direction @ _homogeneous_pixels(geometry.shape)).reshape(3, *geometry.shape)
    length = np.linalg.norm(rays, axis=0)
    across = np.abs(rays[main])
    # A ray is P = D + s n (parallel) or P = source + t direction; its depth P . n is linear in the plane's position.
    if geometry.parallel:
        on_detector = (pixels @ _homogeneous_pixels(geometry.shape)).reshape(3, *geometry.shape)
        depth_slope = np.full(geometry.shape, 1.0 / source[main])
        depth_origin = np.tensordot(normal, on_detector, 1) - on_detector[main] * depth_slope
    else:
        depth_slope = -reach / rays[main]
        depth_origin = float(source @ normal) - source[main] * depth_slope
    return PlaneWarps(
        axis=2 - main,
        homographies=homographies,
        plane_path_mm=(step[main] * length / across).astype(np.float32),
        ray_obliquity=(length / reach).astype(np.float32),
        positions_mm=at,
        depth_origin=depth_origin.astype(np.float32),
        depth_slope=depth_slope.astype(np.float32),
        depth_step_mm=(step[main] * reach / across).astype(np.float32),
    )


def _homogeneous_pixels(shape: tuple[int, int]) -> np.ndarray:
    rows, cols = shape
    row, col = np.mgrid[0:rows, 0:cols]
    return np.stack((col.ravel(), row.ravel(), np.ones(rows * cols))).astype(np.float64)


def _constant(values: np.ndarray) -> np.ndarray:
    """Constants as linear functions of (column, row, 1), shape (n, 3)."""
    return values[:, None] * np.array((0.0, 0.0, 1.0))
