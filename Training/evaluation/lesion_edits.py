"""Lesion edits: what is put into a patient or taken out, and how the slabs change by it.

The projector is linear in the attenuation, so that a small edit is rendered alone and added.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk

from Training.simulation import Field, plain_geometry
from XrayToCTLib.projection.opencv_projector import slab_means

from .inputs import Patient

_SOFT = 1.03  # 30 HU, relative to water
_LUNG = 0.15  # -850 HU
_GRID_MM = 4.0  # of the search for places

INSERTED, REMOVED, RIB, LUNG = "sphere inserted", "sphere removed", "rib removed", "lung filled"


@dataclass(frozen=True, slots=True, eq=False)
class Edit:
    """One edit of one patient.

    Attributes:
        kind: INSERTED, REMOVED, RIB or LUNG.
        size_mm: diameter of a sphere, else 0.
        place: index of the position.
        change: float32 (slabs, rows, cols), HU that the edit adds to the reference.
    """

    kind: str
    size_mm: float
    place: int
    change: np.ndarray


def edits(patient: Patient, field: Field, diameters_mm: Sequence[float], positions: int, seed: int) -> Iterator[Edit]:
    """All edits of a patient, one after the other.

    Spheres of soft tissue (30 HU) are put into the lung, the same places for all sizes, so deep that the largest still
    fits; spheres of the patient's own soft tissue close to the lung are replaced by lung (-850 HU); one rib gives way
    to muscle; one lung, the patient's left, is filled. What a patient has no place for is left out.
    """
    lung, soft = _places(patient, max(diameters_mm) / 2)
    rng = np.random.default_rng(seed)
    for kind, places, value in ((INSERTED, lung, _SOFT), (REMOVED, soft, _LUNG)):
        for place, centre in enumerate(_spread(places, positions, patient, rng)):
            for diameter in diameters_mm:
                box, delta = _sphere(patient, centre, diameter / 2, value)
                yield Edit(kind, diameter, place, _slab_change(patient, field, box, delta))
    for kind, whole in ((RIB, _without_a_rib(patient)), (LUNG, _filled_lung(patient))):
        if whole is not None:
            yield Edit(kind, 0.0, 0, _slab_change(patient, field, (0, 0, 0), whole))


def _steps(patient: Patient) -> tuple[float, float, float]:
    """Spacing in the order of the array: (y, z, x), mm."""
    z, y, x = patient.spacing
    return y, z, x


def _slab_change(patient: Patient, field: Field, box: tuple[int, int, int], delta: np.ndarray) -> np.ndarray:
    """HU that an added attenuation (y, z, x), whose first voxel is ``box``, adds to the slabs of the plain view."""
    centre_z, centre_y, centre_x = patient.centre
    centre = (centre_z - box[1], centre_y - box[0], centre_x - box[2])
    means, _ = slab_means(
        np.ascontiguousarray(delta.transpose(1, 0, 2), np.float32),
        patient.spacing,
        centre,
        plain_geometry(field),
        field.slabs,
        field.slab_thickness,
    )
    return means * np.float32(1000.0)


def _sphere(
    patient: Patient, centre: tuple[int, int, int], radius: float, value: float
) -> tuple[tuple[int, int, int], np.ndarray]:
    """(first voxel of the box, added attenuation in it) of a ball with an edge one voxel soft."""
    steps = _steps(patient)
    low = [max(0, int(c - (radius + 3) / s)) for c, s in zip(centre, steps, strict=True)]
    box = tuple(slice(a, int(c + (radius + 3) / s) + 2) for a, c, s in zip(low, centre, steps, strict=True))
    part = patient.attenuation[box]
    grids = np.ogrid[tuple(slice(a, a + n) for a, n in zip(low, part.shape, strict=True))]
    squares = [((g - c) * s) ** 2 for g, c, s in zip(grids, centre, steps, strict=True)]
    distance = np.sqrt(squares[0] + squares[1] + squares[2])
    inside = np.clip((radius - distance) / min(steps) + 0.5, 0.0, 1.0)
    return (low[0], low[1], low[2]), (inside * (value - part)).astype(np.float32)


def _places(patient: Patient, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """Voxels (n, 3) of (y, z, x) where a ball of ``radius`` fits: into the lung; into soft tissue within 15 mm of it.

    Searched on a grid of 4 mm. The vessels count as lung: a closing of 6 mm takes them in.
    """
    steps = _steps(patient)
    stride = [max(1, round(_GRID_MM / step)) for step in steps]
    coarse = patient.attenuation[:: stride[0], :: stride[1], :: stride[2]]
    image_spacing = [float(s * n) for s, n in zip(steps, stride, strict=True)][::-1]
    lung = _lungs(coarse, image_spacing)
    into_lung = _depth(_closed(lung, image_spacing, 6.0), image_spacing) > radius + 2.0
    # Soft tissue that is solid enough: what an opening leaves of it.
    soft = _depth((coarse > 0.9) & (coarse < 1.15), image_spacing) > 0.6 * radius
    near = _depth(~lung, image_spacing) < radius + 15.0
    margin = max(1, round((radius + 5.0) / (stride[1] * steps[1])))  # from the ends of the scan
    found = []
    for mask in (into_lung, soft & near):
        mask = mask.copy()
        mask[:, :margin] = mask[:, -margin:] = False
        found.append(np.argwhere(mask) * stride)
    return found[0], found[1]


def _spread(places: np.ndarray, count: int, patient: Patient, rng: np.random.Generator) -> list[tuple[int, int, int]]:
    """Places far from each other: each next one is the farthest from those chosen (Gonzalez, 1985)."""
    if len(places) == 0:
        return []
    at = places * np.array(_steps(patient))
    chosen = [int(rng.integers(len(places)))]
    distance = np.linalg.norm(at - at[chosen[0]], axis=1)
    while len(chosen) < count and distance.max() > 20.0:
        chosen.append(int(distance.argmax()))
        distance = np.minimum(distance, np.linalg.norm(at - at[chosen[-1]], axis=1))
    return [(int(y), int(z), int(x)) for y, z, x in places[chosen]]


def _image(mask: np.ndarray, spacing: Sequence[float]) -> sitk.Image:
    image = sitk.GetImageFromArray(mask.astype(np.uint8))
    image.SetSpacing(list(spacing))
    return image


def _depth(mask: np.ndarray, spacing: Sequence[float]) -> np.ndarray:
    """Distance of each voxel of the mask from its border, mm; 0 outside. The array's rim counts as border."""
    padded = np.pad(mask, 1)
    if not padded.any():
        return np.zeros(mask.shape)
    distance = sitk.SignedMaurerDistanceMap(
        _image(padded, spacing), insideIsPositive=True, squaredDistance=False, useImageSpacing=True
    )
    return np.asarray(np.maximum(sitk.GetArrayFromImage(distance), 0.0)[1:-1, 1:-1, 1:-1])


def _closed(mask: np.ndarray, spacing: Sequence[float], radius: float) -> np.ndarray:
    voxels = [max(1, round(radius / step)) for step in spacing]
    return np.asarray(sitk.GetArrayFromImage(sitk.BinaryMorphologicalClosing(_image(mask, spacing), voxels)) > 0)


def _lungs(attenuation: np.ndarray, spacing: Sequence[float]) -> np.ndarray:
    """Aerated tissue in pieces of more than 150 ml; the air about the body is exactly zero, the skin a thin shell."""
    aerated = _image((attenuation > 0.02) & (attenuation < 0.5), spacing)
    opened = sitk.BinaryMorphologicalOpening(aerated, [1, 1, 1])
    parts = sitk.RelabelComponent(sitk.ConnectedComponent(opened), sortByObjectSize=True)
    labels = sitk.GetArrayFromImage(parts)
    smallest = 150e3 / float(np.prod(spacing))
    counts = np.bincount(labels.ravel())
    keep = [label for label in range(1, min(len(counts), 4)) if counts[label] >= smallest]
    return np.asarray(np.isin(labels, keep))


def _filled_lung(patient: Patient) -> np.ndarray | None:
    """The left lung as dense as soft tissue: added attenuation, or None where there is no left lung."""
    spacing = _steps(patient)[::-1]
    lung = _lungs(patient.attenuation, spacing)
    left = np.arange(lung.shape[2]) > patient.centre[2] + 15.0 / patient.spacing[2]  # not the trachea
    lung &= left[None, None]
    if lung.sum() * float(np.prod(spacing)) < 150e3:
        return None
    lung = _closed(lung, spacing, 3.0)
    return np.where(lung, np.maximum(_SOFT - patient.attenuation, 0.0), 0.0).astype(np.float32)


def _without_a_rib(patient: Patient) -> np.ndarray | None:
    """A rib as dense as muscle: added (negative) attenuation, or None where no rib stands free.

    A rib is bone more than 45 mm to the side of the middle, in one piece, long from back to front, and thin: its box
    holds less than an eighth of bone. That near the middle of the scan is taken.
    """
    steps = _steps(patient)
    bone = patient.attenuation > 1.15
    middle = abs(np.arange(bone.shape[2]) - patient.centre[2]) * steps[2] < 45.0
    bone[:, :, middle] = False
    labels = sitk.ConnectedComponent(_image(bone, steps[::-1]))
    statistics = sitk.LabelShapeStatisticsImageFilter()
    statistics.Execute(labels)
    best: tuple[float, int] | None = None
    for label in statistics.GetLabels():
        _, z, _, width, height, depth = statistics.GetBoundingBox(label)
        voxels = statistics.GetNumberOfPixels(label)
        volume = voxels * float(np.prod(steps)) / 1000.0  # ml
        ends = z > 1 and z + height < bone.shape[1] - 1  # not cut by the end of the scan
        thin = voxels < width * height * depth / 8
        if 4.0 < volume < 60.0 and depth * steps[0] > 70.0 and height * steps[1] < 160.0 and ends and thin:
            away = abs(z + height / 2 - patient.centre[0])
            if best is None or away < best[0]:
                best = (away, label)
    if best is None:
        return None
    rib = sitk.BinaryDilate(sitk.Equal(labels, best[1]), [2, 2, 2])
    around = sitk.GetArrayFromImage(rib) > 0
    return np.where(around, np.minimum(1.05 - patient.attenuation, 0.0), 0.0).astype(np.float32)
