"""ReferenceVolume: a CT or an MRI of any orientation, spacing and transform, brought along the patient's axes.

What comes in is never changed; in Slicer's terms: give the node's array and its IJK-to-RAS matrix WITH the transforms
above it, and the volume is taken where it is shown.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from ..errors import XrayToCTError
from ..projection.body import remove_table
from ..projection.ct_volume import CtVolume, along_patient_axes, body_centre, ct_from_image, read_image

MODALITIES = ("CT", "MR")
_RAS_TO_LPS = np.diag((-1.0, -1.0, 1.0, 1.0))
_LARGEST_SHEAR = 1e-3  # cosine between two axes: beyond, no SimpleITK image can hold the volume
_AIR_HU, _WATER_HU = -1000.0, 0.0


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceVolume:
    """A volume to compare with.

    Attributes:
        volume: along the patient's axes. Of a CT: HU. Of an MRI: intensities on the scale of HU on which projections
            average them, ``low`` at air (-1000) and ``high`` at water (0); ``intensities`` undoes it.
        modality: "CT" or "MR".
        name: file or node, for people.
        origin_mm: the patient's centre in RAS, mm.
        low, high: see ``volume``; (-1000, 0) for a CT.
        warnings: what a reader should know, one sentence each.
    """

    volume: CtVolume
    modality: str
    name: str
    origin_mm: tuple[float, float, float]
    low: float = _AIR_HU
    high: float = _WATER_HU
    warnings: tuple[str, ...] = ()

    def intensities(self, hu: np.ndarray) -> np.ndarray:
        """Slabs in the volume's own intensities (HU for a CT), float32, from slabs in HU of ``volume``."""
        if self.modality == "CT":
            return np.asarray(hu, np.float32)
        share = (np.asarray(hu, np.float32) - np.float32(_AIR_HU)) / np.float32(_WATER_HU - _AIR_HU)
        return np.asarray(self.low + share * (self.high - self.low), np.float32)


def read_reference(
    path: str | os.PathLike[str], *, modality: str | None = None, keep_table: bool = False
) -> ReferenceVolume:
    """A reference from a NRRD, NIfTI or MetaImage file, or from a folder with one DICOM series.

    Raises:
        XrayToCTError: as ``reference_from_image``, or the file is missing or unreadable.
    """
    location = Path(path)
    return reference_from_image(read_image(location), modality=modality, name=location.name, keep_table=keep_table)


def reference_from_array(
    array: np.ndarray,
    ijk_to_ras: np.ndarray | None,
    *,
    modality: str | None = None,
    name: str = "reference",
    keep_table: bool = False,
) -> ReferenceVolume:
    """A reference from an array and its place in space.

    Args:
        array: (k, j, i), as ``slicer.util.arrayFromVolume`` gives it.
        ijk_to_ras: 4 x 4, with all transforms above the node; it may turn, mirror, scale and shear.
        modality, name, keep_table: as for ``reference_from_image``.

    Raises:
        XrayToCTError: no volume, no matrix, a matrix that flattens space, or as ``reference_from_image``.
    """
    array = np.asarray(array)
    if array.ndim != 3 or min(array.shape) < 2:
        raise XrayToCTError(
            f"{name} is no volume (shape {array.shape}).", hint="Choose a CT or MR volume with at least two slices."
        )
    if ijk_to_ras is None:
        raise XrayToCTError(
            f"{name} comes without voxel spacing and orientation.", hint="Pass its IJK-to-RAS matrix, 4 x 4, in mm."
        )
    matrix = np.asarray(ijk_to_ras, np.float64)
    if matrix.shape != (4, 4) or not np.isfinite(matrix).all() or abs(np.linalg.det(matrix[:3, :3])) < 1e-9:
        raise XrayToCTError(
            f"{name} has no voxel spacing: its IJK-to-RAS matrix is {matrix.tolist()}.",
            hint="Correct the volume's spacing and directions (Volumes module, Volume Information).",
        )
    return reference_from_image(
        _image(array, _RAS_TO_LPS @ matrix), modality=modality, name=name, keep_table=keep_table
    )


def reference_from_image(
    image: sitk.Image, *, modality: str | None = None, name: str = "reference", keep_table: bool = False
) -> ReferenceVolume:
    """A reference from a SimpleITK image.

    Args:
        image: 3D, one value a voxel; unchanged.
        modality: "CT" or "MR"; None takes DICOM's (0008,0060), or what the values allow.
        keep_table: leave the CT's table and cables in; by default only the patient stays.

    Raises:
        XrayToCTError: no volume, an unknown modality, values that are no HU in a CT, NaN, or a constant.
    """
    if image.GetDimension() != 3 or image.GetNumberOfComponentsPerPixel() != 1 or min(image.GetSize()) < 2:
        raise XrayToCTError(
            f"{name} is no volume (size {image.GetSize()}, {image.GetNumberOfComponentsPerPixel()} values a voxel).",
            hint="Choose a CT or MR volume with at least two slices.",
        )
    values = sitk.GetArrayViewFromImage(image)
    if not np.isfinite(values).all():
        raise XrayToCTError(f"{name} holds NaN or infinite values.", hint="Replace the invalid voxels first.")
    low, high = float(values.min()), float(values.max())
    if low == high:
        raise XrayToCTError(f"{name} is constant: every voxel is {low:g}.", hint="Choose a volume that shows anatomy.")
    chosen, warnings = _modality(modality, image, low, high, name)
    if np.allclose(image.GetSpacing(), 1.0) and not np.any(image.GetOrigin()):
        warnings += (
            f"{name} states voxels of 1 x 1 x 1 mm at the origin, which is what files without a spacing say too: check "
            "that it is true.",
        )
    volume, ends = _ct(image, name, keep_table=keep_table) if chosen == "CT" else _mr(image, name)
    oriented = along_patient_axes(image)
    x, y, z = oriented.TransformContinuousIndexToPhysicalPoint([float(at) for at in volume.centre[::-1]])
    return ReferenceVolume(volume, chosen, name, (-x, -y, z), *ends, warnings)


def _modality(given: str | None, image: sitk.Image, low: float, high: float, name: str) -> tuple[str, tuple[str, ...]]:
    key = "0008|0060"
    stated = given or (image.GetMetaData(key).strip() if image.HasMetaDataKey(key) else "")
    chosen = {"MRI": "MR"}.get(stated.upper(), stated.upper())
    if chosen in MODALITIES:
        return chosen, ()
    if stated:
        raise XrayToCTError(f"{name} is of modality {stated}.", hint="Choose a CT or an MR volume as the reference.")
    # Air is -1000 HU; the intensities of an MRI are not negative, or hardly.
    if low <= -300 and high >= -200:
        return "CT", ()
    return "MR", (f"{name} does not say what it is; by its values ({low:g} to {high:g}) it was taken for an MRI.",)


def _ct(image: sitk.Image, name: str, *, keep_table: bool) -> tuple[CtVolume, tuple[float, float]]:
    volume = ct_from_image(image, name)
    return volume if keep_table else remove_table(volume), (_AIR_HU, _WATER_HU)


def _mr(image: sitk.Image, name: str) -> tuple[CtVolume, tuple[float, float]]:
    # Outside of what was scanned an MRI says nothing; its lowest value stands for that as for air.
    low = float(sitk.GetArrayViewFromImage(image).min())
    image = along_patient_axes(image, outside=low)
    values = sitk.GetArrayFromImage(image).astype(np.float32)
    high = float(np.quantile(values, 0.999))
    if not high > low:
        high = float(values.max())
    threshold = sitk.OtsuThresholdImageFilter()
    threshold.SetInsideValue(0)
    threshold.SetOutsideValue(1)
    # Half of Otsu's threshold: skin and fat count, and so does what lies far from the coil.
    threshold.Execute(sitk.Cast(sitk.Clamp(image, sitk.sitkFloat32, low, high), sitk.sitkFloat32))
    body = values > low + (threshold.GetThreshold() - low) / 2
    x, y, z = image.GetSpacing()
    hu = (values - low) / (high - low) * (_WATER_HU - _AIR_HU) + _AIR_HU
    centre = body_centre(np.where(body, np.float32(_WATER_HU), np.float32(_AIR_HU)))
    return CtVolume(hu=hu.astype(np.float32), spacing=(z, y, x), source=name, centre=centre), (low, high)


def _image(array: np.ndarray, ijk_to_lps: np.ndarray) -> sitk.Image:
    """An image with orthogonal, right-handed axes from an array (k, j, i) and any regular matrix."""
    if array.dtype not in (np.int16, np.float32, np.float64):
        array = array.astype(np.float32)
    if np.linalg.det(ijk_to_lps[:3, :3]) < 0:  # mirrored: count the slices from the other end
        ijk_to_lps = ijk_to_lps.copy()
        ijk_to_lps[:3, 3] += ijk_to_lps[:3, 2] * (array.shape[0] - 1)
        ijk_to_lps[:3, 2] *= -1
        array = array[::-1]
    image = sitk.GetImageFromArray(np.ascontiguousarray(array))
    spacing = np.linalg.norm(ijk_to_lps[:3, :3], axis=0)
    axes = ijk_to_lps[:3, :3] / spacing
    if np.abs(axes.T @ axes - np.eye(3)).max() <= _LARGEST_SHEAR:
        u, _, v = np.linalg.svd(axes)  # the nearest rotation: ITK wants it exact
        image.SetSpacing(spacing.tolist())
        image.SetDirection((u @ v).ravel().tolist())
        image.SetOrigin(ijk_to_lps[:3, 3].tolist())
        return image
    return _unsheared(image, ijk_to_lps, spacing)


def _unsheared(image: sitk.Image, ijk_to_lps: np.ndarray, spacing: np.ndarray) -> sitk.Image:
    """A sheared volume (a gantry tilt, an affine transform) resampled along the patient's axes."""
    size = np.array(image.GetSize())
    corners = np.array([ijk_to_lps[:3, :3] @ (np.array(at) * (size - 1)) for at in np.ndindex(2, 2, 2)])
    corners += ijk_to_lps[:3, 3]
    low, high = corners.min(0), corners.max(0)
    inverse = np.linalg.inv(ijk_to_lps)
    to_index = sitk.AffineTransform(3)
    to_index.SetMatrix(inverse[:3, :3].ravel().tolist())
    to_index.SetTranslation(inverse[:3, 3].tolist())
    steps = np.full(3, spacing.min())
    outside = float(sitk.GetArrayViewFromImage(image).min())
    return sitk.Resample(
        image,
        (np.ceil((high - low) / steps).astype(int) + 1).tolist(),
        to_index,
        sitk.sitkLinear,
        low.tolist(),
        steps.tolist(),
        np.eye(3).ravel().tolist(),
        outside,
    )
