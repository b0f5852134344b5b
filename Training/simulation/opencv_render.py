"""Render on the CPU: a body in a pose -> slabs and their line integrals."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.projection.geometry import ProjectionGeometry
from XrayToCTLib.projection.plane_warps import MU_WATER_PER_MM, PlaneWarps, plane_warps
from XrayToCTLib.radiograph import View

from .field import Field, Sample
from .opencv_body import Body, whole_body
from .patches import Triple


def render(
    attenuation: np.ndarray,
    spacing: Triple,
    centre: Triple,
    geometry: ProjectionGeometry,
    field: Field,
) -> Sample:
    """Slabs and their line integrals of a plane-major volume.

    The ends of the scan are repeated, so that the field never shows air above the neck or below the liver. The line
    integrals are those of the slabs (of one slab alone: those of the patient about it); what lies beyond is no patient.

    Args:
        attenuation: (y, z, x), relative to water.
        spacing: (z, y, x) mm.
        centre: index (z, y, x) that stands at the isocentre.
    """
    return render_body(whole_body(attenuation, spacing, centre), geometry, field)


def render_body(body: Body, geometry: ProjectionGeometry, field: Field) -> Sample:
    """As ``render``, of a body.

    The integral from the first plane to a depth is piecewise linear in the depth, so that a slab is the difference of
    two such integrals at its faces: one pass over the planes, and extra work only where a plane meets a face.
    """
    if geometry.view is View.LATERAL:
        raise XrayToCTError(
            "The simulation renders frontal views only.", hint="Use XrayToCTLib.project for a lateral view."
        )
    deep, beyond = field.deepened()
    if beyond:
        whole = render_body(body, geometry, deep)
        return replace(whole, hu=whole.hu[beyond:-beyond])
    planes, rows, cols = body.attenuation.shape
    warps = plane_warps(geometry, (rows, planes, cols), body.spacing, body.centre)
    faces, backwards = slab_faces(warps, field)
    low, high = faces.min(axis=(1, 2)), faces.max(axis=(1, 2))
    integrals = np.zeros(faces.shape, np.float32)
    total = np.zeros(geometry.shape, np.float32)
    part = np.empty_like(total)
    size = (geometry.shape[1], geometry.shape[0])
    next_face = 0  # faces before it have been begun
    for step in range(max(0, int(np.floor(low[0]))), min(planes, int(np.ceil(high[-1])))):
        plane = planes - 1 - step if backwards else step
        while next_face <= field.slabs and low[next_face] < step + 1:
            integrals[next_face] = total
            next_face += 1
        if not body.occupied[plane]:
            continue
        warped = cv2.warpPerspective(
            body.attenuation[plane],
            warps.homographies[plane],
            size,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        for face in range(next_face - 1, -1, -1):
            if high[face] <= step:
                break
            np.subtract(faces[face], np.float32(step), out=part)
            np.clip(part, 0.0, 1.0, out=part)
            part *= warped
            integrals[face] += part
        total += warped
    integrals[next_face:] = total
    width = warps.depth_step_mm / np.float32(field.slab_thickness)
    means = integrals[1:] - integrals[:-1]
    means *= width
    path = (integrals[-1] - integrals[0]) * warps.plane_path_mm
    path *= np.float32(MU_WATER_PER_MM)
    means *= np.float32(1000.0)
    means -= np.float32(1000.0)
    valid = valid_rays(warps, rows, body.planes, geometry)
    return Sample(integrals=path, hu=means.astype(np.float16), valid=valid)


def slab_faces(warps: PlaneWarps, field: Field) -> tuple[np.ndarray, bool]:
    """Where the faces of the slabs cut each ray, in planes: float32 (slabs + 1, rows, cols), increasing.

    Plane ``n`` reaches from n to n + 1. The second value says whether planes are counted from the last one.
    """
    backwards = bool(warps.depth_slope.flat[0] * (warps.positions_mm[-1] - warps.positions_mm[0]) < 0)
    first = warps.depth_mm(len(warps.positions_mm) - 1 if backwards else 0)
    depths = (np.arange(field.slabs + 1, dtype=np.float32) - field.slabs / 2) * np.float32(field.slab_thickness)
    faces = (depths[:, None, None] - first) / warps.depth_step_mm + np.float32(0.5)
    return faces, backwards


def valid_rays(
    warps: PlaneWarps, rows: int, planes: tuple[int, int], geometry: ProjectionGeometry
) -> np.ndarray:  # fmt: skip
    """Rays that stay within the scanned rows from the first plane that holds body to the last, bool (rows, cols)."""
    valid = np.ones(geometry.shape, bool)
    row = np.arange(geometry.shape[0])[:, None]
    col = np.arange(geometry.shape[1])[None]
    for plane in planes:
        h = warps.homographies[plane]
        height = (h[1, 0] * col + h[1, 1] * row + h[1, 2]) / (h[2, 0] * col + h[2, 1] * row + h[2, 2])
        valid &= (height >= 0) & (height <= rows - 1)
    return valid
