"""The data set of a stack as DICOM, module by module of the Multi-frame Grayscale Word Secondary Capture IOD
(PS3.3 A.8.4).

Why not CT: a series of modality CT would be taken for one by whoever sees it in an archive, measured, and planned
with. Why not a Parametric Map: hardly an archive shows one, and Slicer needs an extension to load it. A secondary
capture is what every archive takes, the multi-frame kind has patient geometry, and nobody treats it as an acquisition.
Rescale Type is US (unspecified), so that a viewer does not label values as HU: the real world value mapping says
that they are estimates.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from ..ct_stack import CtStack
from ..ct_windows import CT_WINDOWS
from ..version import __version__
from .code_item import code_item
from .stack_placement import StackPlacement

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

MULTIFRAME_GRAYSCALE_WORD_SC = "1.2.840.10008.5.1.4.1.1.7.3"
SERIES_DESCRIPTION = "Synthetic CT-like stack - NOT FOR DIAGNOSTIC USE"
_DISCLAIMER = "Research use only. Not for diagnostic use."
# The lowest HU that is stored, as 0.
LOWEST_HU = -1024
_SYNTHETIC_DATA = 0x0008001C  # in the standard since 2023, and so unknown to older dictionaries


def add_series_and_equipment(dataset: Dataset, stack: CtStack, uid: str, now: datetime.datetime) -> None:
    dataset.Modality = "OT"
    dataset.SeriesInstanceUID = uid
    dataset.SeriesNumber = 1
    dataset.SeriesDescription = SERIES_DESCRIPTION
    dataset.SeriesDate, dataset.SeriesTime = now.strftime("%Y%m%d"), now.strftime("%H%M%S")
    if "BodyPartExamined" not in dataset and stack.card is not None and len(stack.card.anatomy) <= 16:
        dataset.BodyPartExamined = stack.card.anatomy.upper()
    if "BodyPartExamined" not in dataset:
        dataset.Laterality = ""  # of an unpaired part, such as the chest, it must not be there at all
    dataset.ConversionType = "WSD"  # made on a workstation
    dataset.Manufacturer = dataset.SecondaryCaptureDeviceManufacturer = "XrayToCT"
    dataset.ManufacturerModelName = dataset.SecondaryCaptureDeviceManufacturerModelName = "XrayToCT"
    dataset.SoftwareVersions = dataset.SecondaryCaptureDeviceSoftwareVersions = __version__
    from pydicom.dataset import Dataset as Item

    maker = Item()
    maker.Manufacturer = "XrayToCT"
    maker.ManufacturerModelName = _model(stack)[:64]
    maker.SoftwareVersions = __version__
    maker.ContributionDescription = f"{_made_by(stack)} {_DISCLAIMER}"[:1024]
    maker.PurposeOfReferenceCodeSequence = [code_item("109102", "DCM", "Processing Equipment")]
    dataset.ContributingEquipmentSequence = [maker]


def add_image(dataset: Dataset, stack: CtStack, placement: StackPlacement, now: datetime.datetime) -> None:
    dataset.InstanceNumber = 1
    dataset.ImageType = ["DERIVED", "SECONDARY"]
    dataset.add_new(_SYNTHETIC_DATA, "CS", "YES")
    dataset.ContentDate, dataset.ContentTime = now.strftime("%Y%m%d"), now.strftime("%H%M%S")
    dataset.PatientOrientation = placement.patient_orientation
    dataset.BurnedInAnnotation = "NO"
    where = "nominal: they follow from the view alone" if placement.nominal else "those of the scene it came from"
    dataset.DerivationDescription = (
        f"SYNTHETIC, NO CT. {_made_by(stack)} Slabs of {stack.slab_thickness:g} mm in the geometry of the detector's "
        f"rays, pixel spacing at the detector; values are estimated HU; patient coordinates are {where}. Depth is "
        f"a guess. {_DISCLAIMER}"
    )[:1024]
    dataset.ImageComments = " ".join((_DISCLAIMER, *stack.warnings))[:10240]
    dataset.PresentationLUTShape = "IDENTITY"
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = str(LOWEST_HU), "1", "US"
    dataset.WindowCenter = [f"{window.level:g}" for window in CT_WINDOWS.values()]
    dataset.WindowWidth = [f"{window.width:g}" for window in CT_WINDOWS.values()]
    dataset.WindowCenterWidthExplanation = list(CT_WINDOWS)


def add_real_world_values(dataset: Dataset, last_stored: int) -> None:
    """State that ``stored + LOWEST_HU`` estimates HU, for stored values up to ``last_stored``."""
    from pydicom.dataset import Dataset as Item

    mapping = Item()
    mapping.LUTExplanation = "Estimated HU: not measured, not for diagnostic use"
    mapping.LUTLabel = "ESTIMATED HU"
    mapping.MeasurementUnitsCodeSequence = [code_item("[hnsf'U]", "UCUM", "Hounsfield unit")]
    mapping.add_new(0x00409211, "US", last_stored)  # Real World Value Last Value Mapped
    mapping.add_new(0x00409216, "US", 0)  # Real World Value First Value Mapped
    mapping.RealWorldValueIntercept, mapping.RealWorldValueSlope = float(LOWEST_HU), 1.0
    dataset.RealWorldValueMappingSequence = [mapping]


def add_frames(dataset: Dataset, stack: CtStack, placement: StackPlacement, reference_frame: str) -> None:
    """Geometry of every frame, and which slab it is."""
    from pydicom.dataset import Dataset as Item

    dataset.FrameOfReferenceUID = reference_frame
    dataset.PositionReferenceIndicator = ""
    slabs = range(stack.slabs - 1, -1, -1) if placement.backwards else range(stack.slabs)
    dataset.NumberOfFrames = stack.slabs
    if stack.slabs > 1:
        dataset.FrameIncrementPointer = [0x00182005, 0x00182002]
        dataset.SliceLocationVector = [slab * stack.slab_thickness for slab in slabs]
        dataset.FrameLabelVector = [f"slab {slab + 1} of {stack.slabs}" for slab in slabs]
    measures = Item()
    measures.PixelSpacing = [_decimal(step) for step in placement.spacing]
    measures.SliceThickness = measures.SpacingBetweenSlices = _decimal(placement.thickness)
    orientation = Item()
    orientation.ImageOrientationPatient = [_decimal(v) for v in (*placement.along_row, *placement.down_column)]
    shared = Item()
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [orientation]
    dataset.SharedFunctionalGroupsSequence = [shared]
    groups = []
    for position in placement.positions:
        plane, group = Item(), Item()
        plane.ImagePositionPatient = [_decimal(value) for value in position]
        group.PlanePositionSequence = [plane]
        groups.append(group)
    dataset.PerFrameFunctionalGroupsSequence = groups


def add_source(dataset: Dataset, source: Dataset | None, frame: int) -> None:
    """The radiograph that the stack was made from."""
    if source is None or not source.get("SOPInstanceUID") or not source.get("SOPClassUID"):
        return
    from pydicom.dataset import Dataset as Item

    image = Item()
    image.ReferencedSOPClassUID, image.ReferencedSOPInstanceUID = source.SOPClassUID, source.SOPInstanceUID
    if int(source.get("NumberOfFrames") or 1) > 1:
        image.ReferencedFrameNumber = frame + 1
    image.PurposeOfReferenceCodeSequence = [code_item("121322", "DCM", "Source image for image processing operation")]
    dataset.SourceImageSequence = [image]


def _decimal(value: float) -> str:
    """At most 16 characters, as a decimal string may have."""
    return f"{value:.8g}"


def _model(stack: CtStack) -> str:
    if stack.card is not None:
        return stack.card.name
    parts = (
        (mark, stack.provenance.get(f"model_{key}", ""))
        for mark, key in (("", "id"), ("@", "version"), (":", "variant"))
    )
    return "".join(mark + text for mark, text in parts if text)


def _made_by(stack: CtStack) -> str:
    if model := _model(stack):
        sha256 = stack.provenance.get("model_sha256", "")
        known = f" (SHA-256 of its card {sha256})" if sha256 else ""
        return f"Estimated from one radiograph by the neural network {model}{known}."
    made_by = stack.provenance.get("made_by", "")
    return f"Made by: {made_by}." if made_by else "It is not known what made it."
