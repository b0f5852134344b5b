"""Radiographs in NRRD, NIfTI and MetaImage files."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from ..errors import XrayToCTError
from ..nifti_file import check_nifti_file, read_image_file
from ..radiograph_header import read_header
from .display_orientation import orient_for_display
from .file_format import FileFormat
from .grey import to_grey
from .raw_image import RawImage
from .stated_spacing import states_spacing

_IMAGE_IO = {
    FileFormat.NRRD: "NrrdImageIO",
    FileFormat.NIFTI: "NiftiImageIO",
    FileFormat.META_IMAGE: "MetaImageIO",
}
# No cassette or flat panel is larger; a unit spacing that makes one larger was never set.
_LARGEST_FIELD_MM = 700.0


def read_itk_file(path: Path, file_format: FileFormat) -> RawImage:
    """Pixels (1, rows, cols), turned as a person looks at them, of a 2D file or a volume with one thin axis; or the
    frames (frames, rows, cols) that XrayToCT wrote.

    Raises:
        XrayToCTError: damaged or truncated, a volume, a colour image, complex or vector pixels.
    """
    image = _read(path, file_format)
    array = sitk.GetArrayFromImage(image)
    if array.dtype.kind == "c":
        raise XrayToCTError(f"{path.name} holds complex numbers.", hint="Choose an image of real grey levels.")
    history = [f"Read {file_format.value}, {' x '.join(map(str, image.GetSize()))}, {image.GetPixelIDTypeAsString()}."]
    header = read_header({key: image.GetMetaData(key) for key in image.GetMetaDataKeys()}, array)
    if header is not None and array.ndim == 3 and array.shape[0] > 1:
        history.append(f"Took the {array.shape[0]} slices as frames, as which XrayToCT wrote them.")
        column, row = image.GetSpacing()[:2]
        return RawImage(array, (row, column), tuple(history), header=header)
    dimension = image.GetDimension()
    direction = np.asarray(image.GetDirection(), dtype=np.float64).reshape(dimension, dimension)
    oriented = orient_for_display(array, np.asarray(image.GetSpacing()), direction, path.name)
    history += oriented.history
    pixels = oriented.pixels
    if image.GetNumberOfComponentsPerPixel() > 1:
        if image.GetNumberOfComponentsPerPixel() > 4:
            raise XrayToCTError(f"{path.name} holds vectors, not grey levels.", hint="Choose a grey-scale X-ray image.")
        pixels = to_grey(pixels, path.name)
        history.append("Took one of the equal colour channels.")
    warnings = []
    extent = max(pixels.shape[0] * oriented.spacing[0], pixels.shape[1] * oriented.spacing[1])
    spacing: tuple[float, float] | None = oriented.spacing
    if not states_spacing(image, path):
        spacing = None
    elif header is None and oriented.spacing == (1.0, 1.0) and extent > _LARGEST_FIELD_MM:
        spacing = None
        warnings.append(f"The spacing of 1 mm in the file would make the image {extent:g} mm long; it was ignored.")
    return RawImage(np.ascontiguousarray(pixels)[np.newaxis], spacing, tuple(history), tuple(warnings), header)


def _read(path: Path, file_format: FileFormat) -> sitk.Image:
    try:
        if file_format is FileFormat.NIFTI and not path.name.lower().endswith((".nii", ".nii.gz", ".hdr", ".img")):
            return _read_nifti_by_another_name(path)
        return read_image_file(path, _IMAGE_IO[file_format])
    except RuntimeError as failure:
        lines = [line for line in str(failure).splitlines() if line.strip()]
        raise XrayToCTError(
            f"{path.name} cannot be read as {file_format.value}: {lines[-1].strip() if lines else 'damaged data'}.",
            hint="The file may be truncated, or its data file missing. Export it again.",
        ) from None


def _read_nifti_by_another_name(path: Path) -> sitk.Image:
    """The NIfTI library refuses files by their suffix, so it is shown a copy with the right one."""
    check_nifti_file(path)
    with path.open("rb") as file:
        suffix = ".nii.gz" if file.read(2) == b"\x1f\x8b" else ".nii"
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / f"image{suffix}"
        shutil.copyfile(path, copy)
        return sitk.ReadImage(str(copy), imageIO="NiftiImageIO")
