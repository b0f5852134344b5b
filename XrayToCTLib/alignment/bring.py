"""Bring: a reference volume into the geometry of a radiograph, as slabs or as one image, on a grid that suits both."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..errors import XrayToCTError
from ..progress import ProgressCallback
from ..projection.geometry import ProjectionGeometry
from ..projection.opencv_projector import line_integrals, slab_means
from ..radiograph import Radiograph, View
from .pyramid import rays_within_scan
from .record import AlignmentKind, AlignmentRecord
from .reference_volume import ReferenceVolume
from .registration import record_of, register

_PATIENT = 0.1  # line integral of 5 mm of water: a ray with less passes the patient by
_FINE_ENOUGH = 0.6


@dataclass(frozen=True, slots=True, eq=False)
class Brought:
    """A reference in a radiograph's geometry.

    Attributes:
        image: float32 (slabs, rows, cols), HU of a CT, intensities of an MRI; or (1, rows, cols) line integrals.
        geometry: grid and pose.
        inside: bool (rows, cols), rays that cross the patient within the scanned length.
        silhouette: bool (rows, cols), rays that meet the patient.
    """

    image: np.ndarray
    geometry: ProjectionGeometry
    inside: np.ndarray
    silhouette: np.ndarray


def detector(
    shape: tuple[int, int],
    spacing: tuple[float, float],
    view: View,
    geometry: ProjectionGeometry | None,
) -> ProjectionGeometry:
    """The detector of an image (rows, cols), ``spacing`` in mm, with source, distances and pose of ``geometry``; those
    of the usual chest stand when None."""
    base = geometry if geometry is not None else ProjectionGeometry(view=view)
    return replace(base, shape=shape, spacing=spacing, view=view)


def suitable_grid(geometry: ProjectionGeometry, reference: ReferenceVolume) -> ProjectionGeometry:
    """The same field on pixels not much finer than the volume's voxels, seen on the detector: those would hold no more.

    Pixels of at least 0.6 of that size stay as they are, because bringing the result to others would blur it.
    """
    finest = min(reference.volume.spacing) * geometry.magnification
    steps = [mm if mm >= _FINE_ENOUGH * finest else finest for mm in geometry.spacing]
    shape = [max(1, round(n * mm / step)) for n, mm, step in zip(geometry.shape, geometry.spacing, steps, strict=True)]
    spacing = [n * mm / m for n, mm, m in zip(geometry.shape, geometry.spacing, shape, strict=True)]
    return replace(geometry, shape=(shape[0], shape[1]), spacing=(spacing[0], spacing[1]))


def pose_record(
    reference: ReferenceVolume,
    geometry: ProjectionGeometry,
    *,
    registered_to: Radiograph | None,
    given: bool,
    progress: ProgressCallback | None = None,
) -> tuple[ProjectionGeometry, AlignmentRecord]:
    """The pose to project at, and where it comes from.

    Args:
        geometry: detector, and the pose to take or to search about.
        registered_to: register to this radiograph; None takes the pose of ``geometry``.
        given: whether that pose is the caller's own, not only the volume's axes.

    Raises:
        XrayToCTError: a registration of an MRI, or as ``register``.
    """
    if registered_to is None:
        kind = AlignmentKind.GIVEN_POSE if given else AlignmentKind.AXES
        return geometry, record_of(geometry, kind=kind, origin_mm=reference.origin_mm)
    if reference.modality != "CT":
        raise XrayToCTError(
            f"{reference.name} is an MRI: its projection does not look like a radiograph, so it cannot be "
            "registered to one.",
            hint="Compare it along its axes, or register it to a CT first and transform it.",
        )
    finest = replace(geometry, shape=registered_to.shape, spacing=registered_to.spacing)
    found = register(reference.volume, registered_to, finest, progress=progress)
    pose = found.geometry
    return replace(
        geometry,
        rotation_deg=pose.rotation_deg,
        shift_mm=pose.shift_mm,
        isocentre_detector_mm=pose.isocentre_detector_mm,
    ), replace(found.record, origin_mm=reference.origin_mm)


def bring_slabs(reference: ReferenceVolume, geometry: ProjectionGeometry, slabs: int, slab_thickness: float) -> Brought:
    """Slabs of a volume along the rays of a detector.

    Raises:
        XrayToCTError: no ray meets the volume.
    """
    volume = reference.volume
    means, obliquity = slab_means(
        volume.relative_attenuation(), volume.spacing, volume.centre, geometry, slabs, slab_thickness
    )
    total = means.sum(0) * obliquity * np.float32(slab_thickness * 0.02)
    return _brought(reference, geometry, reference.intensities((means - 1.0) * 1000.0), total)


def bring_image(reference: ReferenceVolume, geometry: ProjectionGeometry) -> Brought:
    """Line integrals of a CT along the rays of a detector.

    Raises:
        XrayToCTError: an MRI, or no ray meets the volume.
    """
    if reference.modality != "CT":
        raise XrayToCTError(
            f"{reference.name} is an MRI: it says nothing about X-ray attenuation, so a radiograph cannot be compared "
            "with it.",
            hint="Compare a translated stack with it, or choose a CT.",
        )
    volume = reference.volume
    integrals = line_integrals(volume.relative_attenuation(), volume.spacing, volume.centre, geometry)
    return _brought(reference, geometry, integrals[None], integrals)


def _brought(
    reference: ReferenceVolume, geometry: ProjectionGeometry, image: np.ndarray, integrals: np.ndarray
) -> Brought:
    volume = reference.volume
    silhouette = integrals > _PATIENT
    inside = rays_within_scan(volume.hu.shape, volume.spacing, volume.centre, geometry) >= 0
    if not (silhouette & inside).any():
        raise XrayToCTError(
            f"{reference.name} and the image do not overlap: no ray within the field meets the patient.",
            hint="Check the view and the volume's transform, or let the pose be found by registration.",
        )
    return Brought(np.asarray(image, np.float32), geometry, inside, silhouette)
