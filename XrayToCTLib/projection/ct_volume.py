"""CtVolume: a CT in the patient's axes, ready to be projected."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import XrayToCTError
from ..nifti_file import read_image_file
from .dicom_series import read_series

if TYPE_CHECKING:  # at run time, whoever translates a radiograph needs none of it: 100 MB
    import SimpleITK as sitk

# A volume whose axes lean further than this from the patient's is resampled; below, a point 150 mm from the centre is
# off by at most 1.3 mm (150 mm x sin 0.5 degrees).
_LARGEST_TILT_DEG = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class CtVolume:
    """A CT along the patient's axes.

    Attributes:
        hu: int16 or float32, shape (z, y, x): towards the head, towards the back, towards the patient's left. HU.
        spacing: (z, y, x) in mm.
        source: file path or node name, for people.
        centre: index (z, y, x) of the body's centre, which projections put at the isocentre.
    """

    hu: np.ndarray
    spacing: tuple[float, float, float]
    source: str
    centre: tuple[float, float, float]

    def relative_attenuation(self) -> np.ndarray:
        """Attenuation relative to water, float32 (z, y, x): 0 for air (HU clipped at -1000), 1 for water."""
        mu = self.hu.astype(np.float32)
        mu *= np.float32(0.001)
        mu += np.float32(1.0)
        return np.maximum(mu, np.float32(0.0), out=mu)


def read_ct(path: str | os.PathLike[str]) -> CtVolume:
    """Read a CT from a NRRD, NIfTI or MetaImage file, or from a folder with one DICOM series.

    Raises:
        XrayToCTError: the file is missing or unreadable, is no volume, or its values cannot be HU.
    """
    location = Path(path)
    return ct_from_image(read_image(location), str(location))


def read_image(location: Path) -> sitk.Image:
    """The image in a file, or the one DICOM series in a folder.

    Raises:
        XrayToCTError: it is missing, unreadable or truncated, or a NIfTI file with NaN.
    """
    if not location.exists():
        raise XrayToCTError(f"There is no file {location}.", hint="Check the path of the CT.")
    try:
        return read_series(location) if location.is_dir() else read_image_file(location)
    except RuntimeError as error:
        raise XrayToCTError(
            f"{location} cannot be read as a CT volume.",
            hint="Give a NRRD, NIfTI or MetaImage file, or a folder with one CT series.",
        ) from error


def ct_from_image(image: sitk.Image, source: str) -> CtVolume:
    """Bring a SimpleITK image into the patient's axes.

    Raises:
        XrayToCTError: the image is no volume, or its values cannot be HU.
    """
    import SimpleITK as sitk

    if image.GetDimension() != 3 or image.GetNumberOfComponentsPerPixel() != 1 or min(image.GetSize()) < 2:
        raise XrayToCTError(
            f"{source} is no volume (size {image.GetSize()}, {image.GetNumberOfComponentsPerPixel()} components).",
            hint="Choose a CT volume with at least two slices.",
        )
    image = along_patient_axes(image)
    hu = sitk.GetArrayFromImage(image)
    if not np.isfinite(hu).all():
        raise XrayToCTError(f"{source} holds NaN or infinite values.", hint="Replace the invalid voxels first.")
    if float(hu.min()) > -300 or float(hu.max()) < -200:
        raise XrayToCTError(
            f"{source} does not hold Hounsfield units (values {float(hu.min()):g} to {float(hu.max()):g}).",
            hint="Choose a CT; an MRI or a label map cannot be projected.",
        )
    x, y, z = image.GetSpacing()
    hu = np.clip(hu, -1024, 3071).astype(np.int16)
    return CtVolume(hu=hu, spacing=(z, y, x), source=source, centre=body_centre(hu))


def along_patient_axes(image: sitk.Image, *, outside: float = -1024.0) -> sitk.Image:
    """Axes towards the left, the back and the head; resampled only when the scan is oblique (a tilted gantry), with
    the value ``outside`` where it was not scanned."""
    import SimpleITK as sitk

    image = sitk.DICOMOrient(image, "LPS")
    direction = np.array(image.GetDirection()).reshape(3, 3)
    tilt = np.rad2deg(np.arccos(np.clip(np.diag(direction), -1.0, 1.0))).max()
    if tilt <= _LARGEST_TILT_DEG:
        return image
    corners = np.array(
        [
            image.TransformContinuousIndexToPhysicalPoint(
                [(size - 1) * at for size, at in zip(image.GetSize(), corner, strict=True)]
            )
            for corner in np.ndindex(2, 2, 2)
        ]
    )
    low, high = corners.min(0), corners.max(0)
    spacing = np.array(image.GetSpacing())
    size = np.ceil((high - low) / spacing).astype(int) + 1
    return sitk.Resample(
        image,
        size.tolist(),
        sitk.Transform(),
        sitk.sitkLinear,
        low.tolist(),
        spacing.tolist(),
        np.eye(3).ravel().tolist(),
        outside,
    )


def body_centre(hu: np.ndarray) -> tuple[float, float, float]:
    """Index (z, y, x) of the point that stands at the isocentre.

    Head to foot: the middle of the scanned length. Front to back: the centre of mass of what is denser than -300 HU.
    One view does not show where along its rays a patient stands, so slabs need an origin that the patient's own matter
    defines; the middle of the extent would move with a breast or a fold of the belly. Side to side: the middle of the
    extent, between the 1st and 99th percentiles of those voxels, which a table or an arm moves little.
    """
    part = hu[:: max(1, hu.shape[0] // 32)]
    body = part > -300
    if not body.any():
        return (hu.shape[0] - 1) / 2, (hu.shape[1] - 1) / 2, (hu.shape[2] - 1) / 2
    mass = np.where(body, np.float32(1.0) + part * np.float32(0.001), np.float32(0.0)).sum(
        axis=(0, 2), dtype=np.float64
    )
    across = np.cumsum(body.sum(axis=(0, 1)).astype(np.float64))
    low, high = np.searchsorted(across, (0.01 * across[-1], 0.99 * across[-1]))
    return (hu.shape[0] - 1) / 2, centre_of_mass(mass), (float(low) + float(high)) / 2


def centre_of_mass(mass: np.ndarray) -> float:
    """Index of the centre of mass of a profile (n,) of non-negative values; its middle where there is none."""
    total = float(mass.sum())
    return float(mass @ np.arange(len(mass))) / total if total > 0 else (len(mass) - 1) / 2
