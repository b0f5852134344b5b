"""Patient and study of a derived object: carried on from the image that it was made from (PS3.3 C.7.1, C.7.2)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import XrayToCTError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

# Those that must be there, if only empty, then those that are copied where they are.
_REQUIRED = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyInstanceUID",
    "StudyDate",
    "StudyTime",
    "ReferringPhysicianName",
    "StudyID",
    "AccessionNumber",
)
_OPTIONAL = (
    "IssuerOfPatientID",
    "PatientAge",
    "PatientSize",
    "PatientWeight",
    "PatientComments",
    "PatientIdentityRemoved",
    "DeidentificationMethod",
    "StudyDescription",
    "BodyPartExamined",
    "TimezoneOffsetFromUTC",
)


def read_header(path: str | Path) -> Dataset | None:
    """The header of a DICOM file without its pixels; None for a file that is no DICOM file or is not there."""
    import pydicom
    from pydicom.errors import InvalidDicomError

    try:
        return pydicom.dcmread(path, stop_before_pixels=True)
    except (OSError, InvalidDicomError, ValueError):
        return None


def carry_on(dataset: Dataset, source: Dataset | None, patient_id: str | None, made_up_uid: str) -> None:
    """Fill in patient and study.

    Args:
        dataset: to fill.
        source: header of the image; None where it was no DICOM file.
        patient_id: instead of the source's.
        made_up_uid: of the study, where the source names none.

    Raises:
        XrayToCTError: there would be no Patient ID, without which a file belongs to nobody.
    """
    for keyword in _REQUIRED:
        value = source.get(keyword) if source is not None else None
        setattr(dataset, keyword, str(value) if value is not None else "")
    for keyword in _OPTIONAL:
        if source is not None and (value := source.get(keyword)) not in (None, ""):
            setattr(dataset, keyword, value)
    if patient_id is not None:
        dataset.PatientID = patient_id
    if not str(dataset.PatientID).strip() or len(str(dataset.PatientID)) > 64:
        raise XrayToCTError(
            "The image that the stack was made from names no patient, and no DICOM file should go without one.",
            hint="Pass patient_id=, 1 to 64 characters.",
        )
    if not dataset.StudyInstanceUID:
        dataset.StudyInstanceUID = made_up_uid


def lossy_attributes(dataset: Dataset, source: Dataset | None) -> None:
    """Once compressed with loss, always compressed with loss (PS3.3 C.7.6.1.1.5)."""
    if source is None or str(source.get("LossyImageCompression", "")) != "01":
        dataset.LossyImageCompression = "00"
        return
    dataset.LossyImageCompression = "01"
    for keyword in ("LossyImageCompressionRatio", "LossyImageCompressionMethod"):
        if (value := source.get(keyword)) not in (None, ""):
            setattr(dataset, keyword, value)
