"""Simulate: a pose of a deformed patient -> line integrals and slabs, so that some patients stand for many.

Everything is drawn from one seeded generator, so a sample is its number.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from XrayToCTLib.projection.geometry import ProjectionGeometry
from XrayToCTLib.projection.opencv_projector import slab_means
from XrayToCTLib.projection.plane_warps import plane_warps
from XrayToCTLib.projection.project import resum

from .prepare import PreparedCt

_EXTENSION_MM = (
    80.0  # the ends of the scan repeated, so that the field never shows air above the neck or below the liver
)


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One pair: line integrals (rows, cols) float32, slabs in HU (slabs, rows, cols) float16, and where they are real.

    ``valid`` (rows, cols) bool is false on rays that leave the scanned length.
    """

    integrals: np.ndarray
    hu: np.ndarray
    valid: np.ndarray


@dataclass(frozen=True, slots=True)
class Field:
    """The network's grid: a square of ``size`` pixels of ``spacing`` mm, and its slabs."""

    size: int
    spacing: float
    slabs: int
    slab_thickness: float


def plain_geometry(field: Field) -> ProjectionGeometry:
    """The pose of the evaluation: PA, 1.8 m, the patient's centre 180 mm from the detector, no tilt."""
    return ProjectionGeometry(shape=(field.size, field.size), spacing=(field.spacing, field.spacing))


def render(
    attenuation: np.ndarray,
    spacing: tuple[float, float, float],
    centre: tuple[float, float, float],
    geometry: ProjectionGeometry,
    field: Field,
) -> Sample:
    """Slabs and their line integrals of a plane-major volume (y, z, x), its ends extended.

    The line integrals are the re-summed slabs: what lies outside of the stack's 320 mm is no patient.
    """
    extra = round(_EXTENSION_MM / spacing[0])
    extended = np.pad(attenuation, ((0, 0), (extra, extra), (0, 0)), mode="edge").astype(np.float32)
    centre = (centre[0] + extra, centre[1], centre[2])
    means, obliquity = slab_means(
        extended.transpose(1, 0, 2), spacing, centre, geometry, field.slabs, field.slab_thickness
    )
    hu = (means - 1.0) * 1000.0
    valid = _valid_rays(attenuation.shape[1], extended, spacing, centre, geometry, extra)
    return Sample(integrals=resum(hu, obliquity, field.slab_thickness), hu=hu.astype(np.float16), valid=valid)


def random_group(ct: PreparedCt, field: Field, poses: int, rng: np.random.Generator) -> list[Sample]:
    """Several poses of one deformed patient: the deformation costs as much as a pose, so it is shared."""
    attenuation, spacing = _deformed(ct, rng)
    _change_tissues(attenuation, rng)
    if rng.random() < 0.3:
        _add_nodules(attenuation, spacing, rng)
    length = attenuation.shape[1] * spacing[0]
    samples = []
    for _ in range(poses):
        scale = rng.uniform(0.85, 1.18)
        travel = max(0.0, min(60.0, length / 2 - 60.0))
        geometry = ProjectionGeometry(
            shape=(field.size, field.size),
            spacing=(field.spacing * scale, field.spacing * scale * rng.uniform(0.96, 1.04)),
            source_detector_mm=rng.choice((1000.0, 1200.0, 1500.0, 1800.0, 1800.0, 2000.0)),
            isocentre_detector_mm=rng.uniform(140.0, 220.0),
            rotation_deg=(rng.normal(0.0, 2.5), rng.normal(0.0, 2.5), rng.normal(0.0, 2.0)),
            shift_mm=(rng.uniform(-travel, travel), rng.normal(0.0, 10.0)),
        )
        samples.append(render(attenuation, spacing, ct.centre, geometry, field))
    return samples


def _valid_rays(
    length: int,
    extended: np.ndarray,
    spacing: tuple[float, float, float],
    centre: tuple[float, float, float],
    geometry: ProjectionGeometry,
    extra: int,
) -> np.ndarray:
    """Rays that stay within the scanned length from the first plane that holds body to the last."""
    planes, rows, cols = extended.shape
    warps = plane_warps(geometry, (rows, planes, cols), spacing, centre)
    body = np.flatnonzero(extended.max(axis=(1, 2)) > 0.3)
    valid = np.ones(geometry.shape, bool)
    row, col = np.mgrid[0 : geometry.shape[0], 0 : geometry.shape[1]]
    for plane in (int(body[0]), int(body[-1])) if body.size else ():
        mapped = np.tensordot(warps.homographies[plane], np.stack((col, row, np.ones_like(row))), 1)
        height = mapped[1] / mapped[2] - extra
        valid &= (height >= 0) & (height <= length - 1)
    return valid


def _deformed(ct: PreparedCt, rng: np.random.Generator) -> tuple[np.ndarray, tuple[float, float, float]]:
    """Another body: scaled along each axis, bent smoothly in 3D (some 10 mm), flatter or rounder from front to back."""
    planes, rows, cols = ct.attenuation.shape
    spacing = (
        ct.spacing[0] * rng.uniform(0.9, 1.12),
        ct.spacing[1] * rng.uniform(0.85, 1.2),
        ct.spacing[2] * rng.uniform(0.88, 1.14),
    )
    source = np.asarray(ct.attenuation, np.float32)
    grid_row, grid_col = np.mgrid[0:rows, 0:cols].astype(np.float32)

    # Front to back, for each column of the body: a shift and a stretch that change slowly along the body and across.
    shift = _smooth((rows, cols), (4, 4), 8.0 / spacing[1], rng)
    stretch = 1.0 + _smooth((rows, cols), (4, 3), 0.08, rng)
    middle = np.float32(ct.centre[1])
    bent = np.empty_like(source)
    depth = np.arange(planes, dtype=np.float32)[:, None]
    across = np.broadcast_to(np.arange(cols, dtype=np.float32)[None], (planes, cols))
    for row in range(rows):
        from_plane = (middle + (depth - middle) * stretch[row][None] + shift[row][None]).astype(np.float32)
        bent[:, row] = cv2.remap(
            np.ascontiguousarray(source[:, row]),
            np.ascontiguousarray(across),
            from_plane,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=0,
        )
    # Within each plane: a displacement whose key frames are spread from front to back.
    keys = 4
    along = [_smooth((rows, cols), (5, 4), 7.0 / spacing[0], rng) for _ in range(keys)]
    sideways = [_smooth((rows, cols), (5, 4), 7.0 / spacing[2], rng) for _ in range(keys)]
    for plane in range(planes):
        if not bent[plane].any():
            continue
        at = plane / max(1, planes - 1) * (keys - 1)
        low = min(int(at), keys - 2)
        share = np.float32(at - low)
        bent[plane] = cv2.remap(
            bent[plane],
            grid_col + sideways[low] * (1 - share) + sideways[low + 1] * share,
            grid_row + along[low] * (1 - share) + along[low + 1] * share,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
    return bent, spacing


def _smooth(shape: tuple[int, int], nodes: tuple[int, int], size: float, rng: np.random.Generator) -> np.ndarray:
    """A smooth random field, standard deviation ``size`` at its nodes, float32."""
    coarse = rng.normal(0.0, size, nodes).astype(np.float32)
    return cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)


def _change_tissues(attenuation: np.ndarray, rng: np.random.Generator) -> None:
    """Other lungs, other bones, another calibration: lung density, bone gain x 0.8 to 1.6, soft tissue +-20 HU."""
    lung = attenuation < 0.6
    gain = rng.uniform(0.7, 1.6)
    attenuation[lung] = np.minimum(attenuation[lung] * gain, 0.6)
    bone = attenuation > 1.15
    attenuation[bone] = 1.15 + (attenuation[bone] - 1.15) * rng.uniform(0.8, 1.6)
    attenuation[~lung] += np.float32(rng.uniform(-0.02, 0.02))


def _add_nodules(attenuation: np.ndarray, spacing: tuple[float, float, float], rng: np.random.Generator) -> None:
    """One to three balls of soft tissue, 6 to 30 mm, in the lungs: what is there must be copied, not averaged away."""
    z_mm, y_mm, x_mm = spacing
    planes, rows, cols = attenuation.shape
    for _ in range(int(rng.integers(1, 4))):
        for _ in range(20):
            y, z, x = (int(rng.integers(0, n)) for n in (planes, rows, cols))
            if 0.05 < attenuation[y, z, x] < 0.4:
                break
        else:
            return
        radius = rng.uniform(3.0, 15.0)
        box = tuple(
            slice(max(0, int(c - radius / s) - 1), int(c + radius / s) + 2)
            for c, s in ((y, y_mm), (z, z_mm), (x, x_mm))
        )
        part = attenuation[box]
        py, pz, px = np.ogrid[tuple(slice(b.start, b.start + n) for b, n in zip(box, part.shape, strict=True))]
        distance = np.sqrt(((py - y) * y_mm) ** 2 + ((pz - z) * z_mm) ** 2 + ((px - x) * x_mm) ** 2)
        inside = np.clip((radius - distance) / 2.0 + 0.5, 0.0, 1.0).astype(np.float32)
        np.copyto(part, np.maximum(part, inside * np.float32(rng.uniform(0.9, 1.1))))
