"""Study image: any candidate's file as voxels and geometry, read alike whatever method made it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from ..errors import XrayToCTError
from ..nifti_file import read_image_file
from ..projection.dicom_series import read_series
from ..readers import read_radiograph
from ..readers.file_format import FileFormat, detect_format
from .candidate_content import content_sha256

_VOLUMES = (FileFormat.NRRD, FileFormat.NIFTI, FileFormat.META_IMAGE)
_SAMPLE = 200_000  # voxels that percentiles are taken of
_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
# What vtkImageData holds as it is.
_KEPT_TYPES = ("int8", "uint8", "int16", "uint16", "int32", "float32")


@dataclass(frozen=True, slots=True, eq=False)
class StudyImage:
    """An image as it is shown.

    Attributes:
        voxels: shape (slices, rows, cols); a radiograph is one slice, bone bright.
        ijk_to_ras: 4 x 4, mm.
    """

    voxels: np.ndarray
    ijk_to_ras: np.ndarray

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Of columns, rows and slices, in mm."""
        lengths = np.linalg.norm(self.ijk_to_ras[:3, :3], axis=0)
        return float(lengths[0]), float(lengths[1]), float(lengths[2])

    def percentiles(self, *shares: float) -> tuple[float, ...]:
        """Of the values, from an even sample of at most some 200,000 voxels; ``shares`` in percent."""
        step = max(1, self.voxels.size // _SAMPLE)
        return tuple(float(value) for value in np.percentile(self.voxels.reshape(-1)[::step], shares))


def read_study_image(path: Path) -> StudyImage:
    """Read a volume, a stack or a radiograph.

    NRRD, NIfTI and MetaImage, the DICOM series in a folder and multi-frame DICOM whose frames are slices keep their
    values and geometry; other DICOM and photographs are read as radiographs.

    Raises:
        XrayToCTError: no such file, no or several series in a folder, damaged, in colour, with NaN, or of more than
            three dimensions.
    """
    if not _is_volume(path):
        radiograph = read_radiograph(path)
        across, down = radiograph.spacing[1], radiograph.spacing[0]
        return StudyImage(radiograph.pixels, np.diag([-across, -down, 1.0, 1.0]))
    hint = "Choose a grey-scale image or volume, and write it again if it is damaged."
    try:
        image = read_series(path) if path.is_dir() else read_image_file(path)
    except RuntimeError as error:
        raise XrayToCTError(f"{path.name} cannot be read.", hint=hint) from error
    if image.GetDimension() > 3 or image.GetNumberOfComponentsPerPixel() != 1:
        raise XrayToCTError(f"{path.name} is in colour, or has more than three dimensions.", hint=hint)
    if image.GetDimension() == 2:
        image = sitk.JoinSeries(image)
    voxels = sitk.GetArrayFromImage(image)
    if voxels.dtype.kind == "c":
        raise XrayToCTError(f"{path.name} holds complex numbers.", hint=hint)
    if voxels.dtype.name not in _KEPT_TYPES:
        voxels = voxels.astype(np.float32)
    if voxels.dtype.kind == "f" and not np.isfinite(voxels).all():
        raise XrayToCTError(f"{path.name} holds NaN or infinite values.", hint="Replace them first.")
    return StudyImage(voxels, _ijk_to_ras(image))


def _is_volume(path: Path) -> bool:
    if path.is_dir():
        return True
    found = detect_format(path)
    return found in _VOLUMES or (found is FileFormat.DICOM and _has_slices(path))


def _has_slices(path: Path) -> bool:
    """Whether the frames of a DICOM file lie at places of their own; those of a run over time do not."""
    import pydicom

    frames_key = "PerFrameFunctionalGroupsSequence"
    try:
        frames = pydicom.dcmread(path, specific_tags=[frames_key], stop_before_pixels=True, force=True).get(frames_key)
        places = {tuple(frame.PlanePositionSequence[0].ImagePositionPatient) for frame in frames or ()}
    except Exception:  # pydicom raises many kinds; whoever reads the pixels finds the words
        return False
    return len(places) > 1


def _ijk_to_ras(image: sitk.Image) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * np.asarray(image.GetSpacing())
    matrix[:3, 3] = image.GetOrigin()
    return np.asarray(_LPS_TO_RAS @ matrix)


def read_checked_image(path: Path, sha256: str) -> StudyImage:
    """As ``read_study_image``, of a file that has to have this hash.

    Raises:
        XrayToCTError: it is missing, cannot be read, or was changed. The words name the file: not for readers.
    """
    try:
        found = content_sha256(path)
    except OSError as error:
        raise XrayToCTError(f"{path} cannot be read: {error.strerror or error}.", hint="Restore it.") from error
    if found != sha256:
        raise XrayToCTError(f"{path} was changed after the study had been made.", hint="Restore it.")
    return read_study_image(path)
