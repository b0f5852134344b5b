"""The fast executor: planes warped by OpenCV and added."""

from __future__ import annotations

import numpy as np

from .geometry import ProjectionGeometry
from .plane_warps import MU_WATER_PER_MM, PlaneWarps, plane_warps


def line_integrals(
    mu: np.ndarray,
    spacing: tuple[float, float, float],
    centre: tuple[float, float, float],
    geometry: ProjectionGeometry,
) -> np.ndarray:
    """Line integrals of the attenuation, dimensionless, float32 (rows, cols).

    Args:
        mu: float32 (z, y, x), attenuation relative to water (0 air, 1 water).
        spacing: (z, y, x) in mm.
        centre: index (z, y, x) that stands at the isocentre.
        geometry: source, patient and detector.
    """
    warps = plane_warps(geometry, _shape3(mu), spacing, centre)
    total = np.zeros(geometry.shape, np.float32)
    for index, plane in enumerate(_planes(mu, warps)):
        total += _warp(plane, warps, index, geometry)
    return total * warps.plane_path_mm * np.float32(MU_WATER_PER_MM)


def slab_means(
    mu: np.ndarray,
    spacing: tuple[float, float, float],
    centre: tuple[float, float, float],
    geometry: ProjectionGeometry,
    slabs: int,
    slab_thickness: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Mean attenuation along each ray within each slab, relative to water.

    Slabs are parallel to the detector, centred on the isocentre, slab 0 nearest to the detector. A sample that
    straddles two slabs is shared between them by length, so that the slabs add up to the line integral.

    Returns:
        means: float32 (slabs, rows, cols).
        obliquity: float32 (rows, cols), ray length per mm of depth; see ``resum``.
    """
    warps = plane_warps(geometry, _shape3(mu), spacing, centre)
    means = np.zeros((slabs, *geometry.shape), np.float32)
    half = warps.depth_step_mm / np.float32(2.0 * slab_thickness)
    upright = warps.upright
    for index, plane in enumerate(_planes(mu, warps)):
        if not plane.any():
            continue
        warped = _warp(plane, warps, index, geometry)
        position = warps.depth_mm(index) / np.float32(slab_thickness) + np.float32(slabs / 2)
        width: np.ndarray = half
        if upright:  # a scalar weight is much cheaper than an image
            position, width = position[:1, :1], half[:1, :1]
        low, high = position - width, position + width
        for slab in range(max(0, int(low.min())), min(slabs - 1, int(high.max())) + 1):
            overlap = np.minimum(high, np.float32(slab + 1)) - np.maximum(low, np.float32(slab))
            means[slab] += warped * np.maximum(overlap, np.float32(0.0))
    return means, warps.ray_obliquity


def _shape3(mu: np.ndarray) -> tuple[int, int, int]:
    z, y, x = mu.shape
    return z, y, x


def _planes(mu: np.ndarray, warps: PlaneWarps) -> np.ndarray:
    return np.moveaxis(mu, warps.axis, 0)


def _warp(plane: np.ndarray, warps: PlaneWarps, index: int, geometry: ProjectionGeometry) -> np.ndarray:
    import cv2

    return cv2.warpPerspective(
        np.ascontiguousarray(plane),
        warps.homographies[index],
        (geometry.shape[1], geometry.shape[0]),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=0.0,
    )
