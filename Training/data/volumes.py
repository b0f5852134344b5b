"""Volumes as they come: CT, MRI and 2D reformats, each brought to one quantity in the patient's axes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.nifti_file import read_image_file
from XrayToCTLib.projection import CtVolume, remove_table
from XrayToCTLib.projection.ct_volume import body_centre, ct_from_image

from .collect import SourceImage, is_dicom
from .dicom_series import read_series
from .stated_spacing import check_spacing

UNITS = {
    "ct": "relative attenuation mu / mu_water",
    "reformat": "relative attenuation mu / mu_water",
    "mri": "intensity: 0 is the image's 1st percentile, 1 the body's 99th, cut at 2",
    "phantom": "relative attenuation mu / mu_water",
}
_MRI_TOP = 2.0


def read_volume(image: SourceImage) -> CtVolume:
    """A source as a volume whose ``relative_attenuation()`` is what ``UNITS`` says of its kind.

    Raises:
        XrayToCTError: unreadable, truncated, 4D, colour, without spacing, or plainly not what its kind says.
    """
    picture = _read(image.path, check=image.settings.spacing_mm is None)
    name = image.path.name
    if image.settings.spacing_mm is not None:
        picture = _with_spacing(picture, image.settings.spacing_mm, name)
    if image.kind == "reformat":
        return _reformat(picture, str(image.path))
    if picture.GetDimension() == 4 and picture.GetSize()[3] == 1:
        picture = picture[..., 0]
    if picture.GetDimension() > 3:
        raise XrayToCTError(
            f"{name} is {picture.GetDimension()}D ({picture.GetSize()[3]} volumes in one file).",
            hint="Save the one volume that is meant (one phase, one time point) as a file of its own.",
        )
    if picture.GetNumberOfComponentsPerPixel() > 1:
        raise XrayToCTError(f"{name} is a colour or vector image.", hint="Choose a volume of grey levels.")
    if min(picture.GetSize()) < 4:
        raise XrayToCTError(
            f"{name} is no volume (size {' x '.join(map(str, picture.GetSize()))}).",
            hint="Choose a volume of several slices; 2D images of a CT are of kind reformat.",
        )
    if image.kind == "mri":
        return _mri(picture, str(image.path))
    volume = ct_from_image(picture, str(image.path))
    _check_hounsfield(volume.hu, name)
    return remove_table(volume) if image.settings.remove_table else volume


def _read(path: Path, *, check: bool) -> sitk.Image:
    if path.is_dir():
        return read_series(path, need_spacing=check)
    if is_dicom(path):
        return read_series(path, need_spacing=check)
    try:
        picture = read_image_file(path)
    except RuntimeError as error:
        raise XrayToCTError(
            f"{path.name} cannot be read as a volume.",
            hint="It may be damaged, truncated, or no NIfTI, NRRD, MHA or DICOM at all. Export it again.",
        ) from error
    if check:
        check_spacing(picture, path)
    return picture


def _with_spacing(picture: sitk.Image, spacing: tuple[float, ...], name: str) -> sitk.Image:
    if len(spacing) != picture.GetDimension() or min(spacing) <= 0:
        raise XrayToCTError(
            f"spacing_mm {spacing} does not fit {name}, which has {picture.GetDimension()} axes.",
            hint="Give (slices, rows, columns) in mm, each above 0.",
        )
    picture.SetSpacing(spacing[::-1])
    return picture


def _check_hounsfield(hu: np.ndarray, name: str) -> None:
    """A CT of a patient shows air and soft tissue: of 18 chest CTs, the least had 31 % and 9 % of its voxels there."""
    sample = hu[:: max(1, hu.shape[0] // 48), ::2, ::2]
    air = float((sample < -700).mean())
    soft = float(((sample > -200) & (sample < 200)).mean())
    if air < 0.01 or soft < 0.01:
        raise XrayToCTError(
            f"{name} does not look like a CT in Hounsfield units: {100 * air:.1f} % of its voxels are air "
            f"(below -700) and {100 * soft:.1f} % soft tissue (-200 to 200).",
            hint="Check the rescale slope and intercept; give an MRI as kind mri.",
        )


def _mri(picture: sitk.Image, source: str) -> CtVolume:
    """Intensities between percentiles, put where ``relative_attenuation`` gives them back.

    Percentiles of the body (Otsu's threshold) and not of the image, whose share of air depends on the field of view
    (Nyul and Udupa, Magn Reson Med 1999, map percentiles of the foreground likewise).
    """
    picture = sitk.Cast(picture, sitk.sitkFloat32)
    values = sitk.GetArrayViewFromImage(picture)
    if not np.isfinite(values).all():
        raise XrayToCTError(f"{source} holds NaN or infinite values.", hint="Replace the invalid voxels first.")
    low = float(np.percentile(values, 1.0))
    if float(values.max()) <= low:
        raise XrayToCTError(f"{source} is constant: it shows nothing.", hint="Choose an MRI that shows anatomy.")
    threshold = sitk.OtsuThresholdImageFilter()
    threshold.SetInsideValue(0)
    threshold.SetOutsideValue(1)
    body = sitk.GetArrayFromImage(threshold.Execute(picture)) > 0
    high = float(np.percentile(values[body], 99.0))
    scale = max(high - low, 1e-6)
    scaled = sitk.Clamp((picture - low) / scale, sitk.sitkFloat32, 0.0, _MRI_TOP)
    volume = ct_from_image(scaled * 1000.0 - 1000.0, source)
    level = (threshold.GetThreshold() - low) / scale * 1000.0 - 1000.0
    return replace(volume, centre=body_centre(np.where(volume.hu > level, 0, -1000)))


def _reformat(picture: sitk.Image, source: str) -> CtVolume:
    """A coronal image as it is shown (rows run to the feet, columns to the patient's left) as a volume of one plane."""
    size = picture.GetSize()
    planes = sitk.GetArrayFromImage(picture)
    thin = [axis for axis, count in enumerate(size) if count == 1]
    if picture.GetNumberOfComponentsPerPixel() > 1 or len(size) not in (2, 3) or len(size) - len(thin) != 2:
        raise XrayToCTError(
            f"{source} is no single grey image (size {' x '.join(map(str, size))}).",
            hint="A reformat is one 2D image in Hounsfield units; volumes are of kind ct.",
        )
    if not np.isfinite(planes).all():
        raise XrayToCTError(f"{source} holds NaN or infinite values.", hint="Replace the invalid pixels first.")
    _check_hounsfield(planes.reshape(1, *planes.squeeze().shape), source)
    spacing = picture.GetSpacing()
    columns, rows = (spacing[axis] for axis in range(len(size)) if axis not in thin)
    thickness = spacing[thin[0]] if thin else 1.0
    plane = np.clip(planes.reshape(planes.squeeze().shape)[::-1], -1024, 3071).astype(np.int16)
    hu = np.ascontiguousarray(plane[:, None, :])
    return CtVolume(hu=hu, spacing=(rows, thickness, columns), source=source, centre=body_centre(hu))
