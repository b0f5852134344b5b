"""Inputs: a test patient as a network's grid sees it, as calibrated line integrals and as a console would show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from Training.simulation import Field, plain_geometry, render
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.models.card import ReferenceQuantiles
from XrayToCTLib.projection import read_ct, remove_table
from XrayToCTLib.projection.geometry import ProjectionGeometry
from XrayToCTLib.projection.opencv_projector import slab_means
from XrayToCTLib.projection.project import resum
from XrayToCTLib.radiograph import IntensityScale, View
from XrayToCTLib.translation.harmonise import to_line_integrals

from .rows import DISPLAY, LINE_INTEGRALS

_BEYOND_MM = 80.0  # the ends of the scan repeated, as the simulation does it


@dataclass(frozen=True, slots=True, eq=False)
class Patient:
    """A CT without its table, at its own resolution: attenuation relative to water, float32, plane-major (y, z, x);
    ``spacing`` and ``centre`` (z, y, x), mm and index."""

    name: str
    attenuation: np.ndarray
    spacing: tuple[float, float, float]
    centre: tuple[float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Rendered:
    """One view of a patient: line integrals (rows, cols), slabs in HU float32 (slabs, rows, cols), rays that count."""

    patient: str
    integrals: np.ndarray
    hu: np.ndarray
    valid: np.ndarray


def read_patient(path: Path, name: str | None = None) -> Patient:
    """A test patient from the CT as it is, not from a prepared array. Raises as ``read_ct``."""
    volume = remove_table(read_ct(path))
    attenuation = np.ascontiguousarray(volume.relative_attenuation().transpose(1, 0, 2))
    if not attenuation.any():
        raise XrayToCTError(f"{path} shows no body.", hint="Leave it out of the test patients.")
    stem = path.name.removesuffix(".gz").rsplit(".", 1)[0]
    return Patient(name or stem, attenuation, volume.spacing, volume.centre)


def rendered(patient: Patient, field: Field, geometry: ProjectionGeometry | None = None) -> Rendered:
    """A view of the patient on the field: the plain PA view (source 1.8 m, no tilt) unless a geometry is given."""
    geometry = geometry or plain_geometry(field)
    if geometry.view is View.LATERAL:
        return _lateral(patient, field, geometry)
    sample = render(patient.attenuation, patient.spacing, patient.centre, geometry, field)
    return Rendered(patient.name, sample.integrals, sample.hu.astype(np.float32), sample.valid)


def _lateral(patient: Patient, field: Field, geometry: ProjectionGeometry) -> Rendered:
    """By the library's projector: the simulation's is made for planes across a frontal view."""
    extra = round(_BEYOND_MM / patient.spacing[0])
    scan = np.pad(patient.attenuation.transpose(1, 0, 2), ((extra, extra), (0, 0), (0, 0)), mode="edge")
    centre = (patient.centre[0] + extra, patient.centre[1], patient.centre[2])
    deep, beyond_slabs = field.deepened()
    means, obliquity = slab_means(scan, patient.spacing, centre, geometry, deep.slabs, field.slab_thickness)
    beyond = np.zeros(scan.shape, np.float32)
    beyond[:extra] = beyond[scan.shape[0] - extra :] = 1.0
    outside, _ = slab_means(beyond, patient.spacing, centre, geometry, deep.slabs, field.slab_thickness)
    hu = (means - 1.0) * 1000.0
    integrals = resum(hu, obliquity, field.slab_thickness)
    asked = hu[beyond_slabs : deep.slabs - beyond_slabs].astype(np.float32)
    return Rendered(patient.name, integrals, asked, np.logical_not(outside.any(axis=0)))


def display_limits(integrals: np.ndarray) -> tuple[float, float]:
    """The line integrals that a console's automatic window makes nearly black and nearly white."""
    low, high = np.quantile(integrals, (0.02, 0.995))
    return float(low), float(high)


def display_look(integrals: np.ndarray, limits: tuple[float, float] | None = None) -> np.ndarray:
    """A console's look of a radiograph: an S-shaped curve and 8 bits, float32, whole numbers from 0 to 255."""
    low, high = limits or display_limits(integrals)
    curve = 1.0 / (1.0 + np.exp(-5.0 * ((integrals - low) / max(high - low, 1e-6) - 0.5)))
    return np.round(curve * 255.0).astype(np.float32)


def fed_images(integrals: np.ndarray, reference: ReferenceQuantiles) -> Mapping[str, np.ndarray]:
    """What a predictor is fed, by the name of the input: both are line integrals (rows, cols), but those of the
    display-processed radiograph are harmonised, as the engine does it, from its grey levels."""
    shown, _ = to_line_integrals(display_look(integrals), IntensityScale.DISPLAY, reference)
    return {LINE_INTEGRALS: integrals, DISPLAY: shown}
