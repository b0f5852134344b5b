"""The data set of a derived Digital X-Ray image, module by module of the DX IOD (PS3.3 A.26)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..radiograph import IntensityScale, Radiograph, View
from ..version import __version__
from .code_item import code_item

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

FOR_PRESENTATION = "1.2.840.10008.5.1.4.1.1.1.1"
FOR_PROCESSING = "1.2.840.10008.5.1.4.1.1.1.1.1"

_VIEW_CODES = {  # CID 4010
    View.PA: ("272479007", "postero-anterior"),
    View.AP: ("399348003", "antero-posterior"),
    View.LATERAL: ("399067008", "lateral"),
}
# Direction of rows, then of columns, as radiographs are looked at (L left, P posterior, F feet).
_ORIENTATIONS = {View.PA: ["L", "F"], View.AP: ["L", "F"], View.LATERAL: ["P", "F"]}
_REGION_CODES = {"CHEST": ("816094009", "Chest")}  # CID 4031; other regions are named by Body Part Examined alone


@dataclass(frozen=True, slots=True)
class DxDescription:
    """What the caller states about the image; every text goes into the file as it is."""

    patient_id: str
    patient_name: str
    derivation: str
    credit: str
    body_part: str
    patient_orientation: tuple[str, str] | None
    source_detector_mm: float | None
    study_date: str
    study_description: str
    series_description: str


def dx_dataset(radiograph: Radiograph, about: DxDescription, new_uid: Callable[[str], str]) -> Dataset:
    """All attributes but the pixels.

    Args:
        radiograph: gives geometry, view and scale.
        about: the caller's texts.
        new_uid: makes the UID of "study", "series" and "instance".
    """
    from pydicom.dataset import Dataset

    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    for_display = radiograph.scale is IntensityScale.DISPLAY
    dataset.SOPClassUID = FOR_PRESENTATION if for_display else FOR_PROCESSING
    dataset.SOPInstanceUID = new_uid("instance")
    _patient_and_study(dataset, about, new_uid)
    _series_and_equipment(dataset, about, new_uid, for_display=for_display)
    _anatomy_and_positioning(dataset, radiograph, about)
    _image(dataset, radiograph, about)
    _detector(dataset, radiograph, about)
    return dataset


def _patient_and_study(dataset: Dataset, about: DxDescription, new_uid: Callable[[str], str]) -> None:
    dataset.PatientName = about.patient_name
    dataset.PatientID = about.patient_id
    dataset.PatientBirthDate = ""
    dataset.PatientSex = ""
    dataset.StudyInstanceUID = new_uid("study")
    dataset.StudyDate = about.study_date
    dataset.StudyTime = ""
    dataset.ReferringPhysicianName = ""
    dataset.StudyID = "1"
    dataset.AccessionNumber = ""
    if about.study_description:
        dataset.StudyDescription = about.study_description


def _series_and_equipment(
    dataset: Dataset, about: DxDescription, new_uid: Callable[[str], str], *, for_display: bool
) -> None:
    dataset.Modality = "DX"
    dataset.PresentationIntentType = "FOR PRESENTATION" if for_display else "FOR PROCESSING"
    dataset.SeriesInstanceUID = new_uid("series")
    dataset.SeriesNumber = 1
    if about.series_description:
        dataset.SeriesDescription = about.series_description
    dataset.Manufacturer = "XrayToCT"
    dataset.ManufacturerModelName = "XrayToCT"
    dataset.SoftwareVersions = __version__
    if about.credit:
        from pydicom.dataset import Dataset as Item

        contributor = Item()
        contributor.Manufacturer = "XrayToCT"
        contributor.SoftwareVersions = __version__
        contributor.ContributionDescription = about.credit
        contributor.PurposeOfReferenceCodeSequence = [code_item("109102", "DCM", "Processing Equipment")]
        dataset.ContributingEquipmentSequence = [contributor]


def _anatomy_and_positioning(dataset: Dataset, radiograph: Radiograph, about: DxDescription) -> None:
    dataset.BodyPartExamined = about.body_part
    region = _REGION_CODES.get(about.body_part)
    dataset.AnatomicRegionSequence = [code_item(region[0], "SCT", region[1])] if region else []
    dataset.ImageLaterality = "U"  # unpaired
    orientation = about.patient_orientation or _ORIENTATIONS.get(radiograph.view or View.PA)
    dataset.PatientOrientation = list(orientation or ("L", "F"))
    dataset.PositionerType = ""
    if radiograph.view is not None:
        code, meaning = _VIEW_CODES[radiograph.view]
        dataset.ViewPosition = {View.LATERAL: "LL"}.get(radiograph.view, radiograph.view.value)
        dataset.ViewCodeSequence = [code_item(code, "SCT", meaning)]
    if about.source_detector_mm is not None:
        dataset.DistanceSourceToDetector = f"{about.source_detector_mm:.10g}"


def _image(dataset: Dataset, radiograph: Radiograph, about: DxDescription) -> None:
    dataset.InstanceNumber = 1
    dataset.ImageType = ["DERIVED", "PRIMARY"]
    dataset.AcquisitionContextSequence = []
    dataset.DerivationDescription = about.derivation
    if about.credit:
        dataset.ImageComments = about.credit
    dataset.BurnedInAnnotation = "NO"
    # What was lost stays lost, however the file is compressed that is written now (PS3.3 C.7.6.1.1.5).
    dataset.LossyImageCompression = "00" if radiograph.lossy_ratio is None else "01"
    if radiograph.lossy_ratio is not None:
        dataset.LossyImageCompressionRatio = f"{radiograph.lossy_ratio:.6g}"
    dataset.PixelIntensityRelationship = "LOG"  # the DX IOD knows LIN and LOG alone
    dataset.PixelIntensityRelationshipSign = -1  # high values: little exposure, bone
    dataset.RescaleIntercept = "0"
    dataset.RescaleSlope = "1"
    dataset.RescaleType = "US"
    dataset.PresentationLUTShape = "IDENTITY"


def _detector(dataset: Dataset, radiograph: Radiograph, about: DxDescription) -> None:
    dataset.DetectorType = ""  # none: the image is derived
    dataset.ImagerPixelSpacing = [f"{radiograph.spacing[0]:.10g}", f"{radiograph.spacing[1]:.10g}"]
