"""Writing radiographs as DX DICOM files."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from phantom_files import chest, dicom_file, stored_ramp

from XrayToCTLib.dicom import write_dx
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.radiograph import IntensityScale, Radiograph, SpacingSource, View
from XrayToCTLib.readers import read_radiograph

pydicom = pytest.importorskip("pydicom")

SIMULATED = Radiograph(
    pixels=(chest() * 5 - 0.2).astype(np.float32)[np.newaxis],
    spacing=(1.5, 1.25),
    spacing_source=SpacingSource.FILE_HEADER,
    scale=IntensityScale.LINE_INTEGRAL,
    source="phantom",
    identity="1",
    view=View.PA,
)
TEXTS = {
    "patient_id": "SIMULATED-1",
    "derivation": "Simulated from a CT: not a real acquisition.",
    "credit": "CT of nobody, CC BY 3.0",
}


@pytest.mark.parametrize("compression", ["none", "rle"])
@pytest.mark.parametrize("bits", [12, 16])
@pytest.mark.parametrize("scale", list(IntensityScale))
def test_a_radiograph_survives_the_round_trip_within_half_a_step(tmp_path, scale, bits, compression):
    original = replace(SIMULATED, scale=scale)
    back = read_radiograph(write_dx(original, tmp_path / "a.dcm", bits_stored=bits, compression=compression, **TEXTS))
    step = float(np.ptp(original.pixels)) / (2**bits - 1)
    np.testing.assert_allclose(back.pixels, original.pixels, atol=0.501 * step)
    assert (back.scale, back.spacing, back.view) == (scale, original.spacing, View.PA)
    assert (back.modality, back.spacing_source) == ("DX", SpacingSource.IMAGER_PIXEL_SPACING)
    assert back.warnings == ()


def test_the_quantity_survives_implicit_vr_where_private_attributes_lose_their_type(tmp_path):
    dataset = pydicom.dcmread(write_dx(SIMULATED, tmp_path / "a.dcm", **TEXTS))
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
    dataset.is_little_endian, dataset.is_implicit_VR = True, True
    dataset.save_as(tmp_path / "b.dcm", write_like_original=False)
    assert read_radiograph(tmp_path / "b.dcm").scale is IntensityScale.LINE_INTEGRAL


@pytest.mark.parametrize("implicit", [False, True])
def test_a_spacing_that_was_assumed_stays_assumed_until_somebody_corrects_it(tmp_path, implicit):
    guessed = replace(SIMULATED, spacing=(430 / 4095, 430 / 4095), spacing_source=SpacingSource.ASSUMED)
    path = write_dx(guessed, tmp_path / "a.dcm", **TEXTS)
    dataset = pydicom.dcmread(path)
    if implicit:
        dataset.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
        dataset.is_little_endian, dataset.is_implicit_VR = True, True
        dataset.save_as(path, write_like_original=False)
    back = read_radiograph(path)
    assert back.spacing_source is SpacingSource.ASSUMED and "was assumed when" in back.warnings[0]
    assert read_radiograph(path, spacing=0.2).spacing_source is SpacingSource.CALLER
    dataset = pydicom.dcmread(path)
    dataset.ImagerPixelSpacing = [0.2, 0.2]
    dataset.save_as(path)
    corrected = read_radiograph(path)
    assert (corrected.spacing, corrected.spacing_source) == ((0.2, 0.2), SpacingSource.IMAGER_PIXEL_SPACING)
    assert corrected.warnings == ()


def test_without_the_private_block_it_is_an_ordinary_logarithmic_radiograph(tmp_path):
    dataset = pydicom.dcmread(write_dx(SIMULATED, tmp_path / "a.dcm", **TEXTS))
    dataset.remove_private_tags()
    dataset.save_as(tmp_path / "b.dcm")
    back = read_radiograph(tmp_path / "b.dcm")
    assert back.scale is IntensityScale.LOG_EXPOSURE
    assert np.corrcoef(back.pixels.ravel(), SIMULATED.pixels.ravel())[0, 1] > 0.99999


@pytest.mark.parametrize("compression", ["none", "rle"])
def test_the_same_identity_gives_the_same_file(tmp_path, compression):
    first, second, other = (
        write_dx(SIMULATED, tmp_path / name, identity=identity, compression=compression, **TEXTS).read_bytes()
        for name, identity in (("a", "sample"), ("b", "sample"), ("c", "another"))
    )
    assert first == second
    assert first != other


def test_without_an_identity_every_file_is_a_new_instance(tmp_path):
    first, second = (read_radiograph(write_dx(SIMULATED, tmp_path / name, **TEXTS)).identity for name in "ab")
    assert first != second


def test_the_file_says_that_it_is_derived_and_from_what(tmp_path):
    dataset = pydicom.dcmread(write_dx(SIMULATED, tmp_path / "a.dcm", source_detector_mm=1800, **TEXTS))
    assert list(dataset.ImageType[:2]) == ["DERIVED", "PRIMARY"]
    assert dataset.DerivationDescription == TEXTS["derivation"]
    assert dataset.ContributingEquipmentSequence[0].ContributionDescription == TEXTS["credit"]
    assert dataset.PatientID == "SIMULATED-1"
    assert dataset.StudyDate == ""
    assert (dataset.BurnedInAnnotation, dataset.LossyImageCompression) == ("NO", "00")
    assert list(dataset.PatientOrientation) == ["L", "F"]
    assert float(dataset.DistanceSourceToDetector) == 1800


def test_the_purpose_follows_the_scale(tmp_path):
    for scale, intent in (
        (IntensityScale.LINE_INTEGRAL, "FOR PROCESSING"),
        (IntensityScale.LOG_EXPOSURE, "FOR PROCESSING"),
        (IntensityScale.DISPLAY, "FOR PRESENTATION"),
    ):
        dataset = pydicom.dcmread(write_dx(replace(SIMULATED, scale=scale), tmp_path / "a.dcm", **TEXTS))
        assert dataset.PresentationIntentType == intent
        # PS3.3 C.8.11.3: a window is demanded for presentation and forbidden for processing
        assert ("WindowCenter" in dataset) == (intent == "FOR PRESENTATION")


# Type 1 (a value) and type 2 (present) attributes of the DX IOD, PS3.3 A.26, module by module.
TYPE_1 = """SOPClassUID SOPInstanceUID StudyInstanceUID SeriesInstanceUID Modality PresentationIntentType PixelData
    SamplesPerPixel PhotometricInterpretation Rows Columns BitsAllocated BitsStored HighBit PixelRepresentation
    PatientOrientation
    ImageLaterality ImageType PixelIntensityRelationship PixelIntensityRelationshipSign RescaleIntercept RescaleSlope
    RescaleType PresentationLUTShape LossyImageCompression BurnedInAnnotation ImagerPixelSpacing ViewCodeSequence"""
TYPE_2 = """PatientName PatientID PatientBirthDate PatientSex StudyDate StudyTime ReferringPhysicianName StudyID
    AccessionNumber SeriesNumber InstanceNumber Manufacturer AnatomicRegionSequence AcquisitionContextSequence
    DetectorType PositionerType"""


@pytest.mark.parametrize("scale", list(IntensityScale))
def test_every_required_attribute_of_the_dx_iod_is_there(tmp_path, scale):
    dataset = pydicom.dcmread(write_dx(replace(SIMULATED, scale=scale), tmp_path / "a.dcm", **TEXTS))
    assert [keyword for keyword in TYPE_1.split() if dataset.get(keyword) in (None, "")] == []
    assert [keyword for keyword in TYPE_2.split() if keyword not in dataset] == []
    assert (float(dataset.RescaleSlope), float(dataset.RescaleIntercept), dataset.RescaleType) == (1, 0, "US")


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy (dicom3tools) is not installed")
@pytest.mark.parametrize("view", [*View, None])
@pytest.mark.parametrize("scale", list(IntensityScale))
def test_dciodvfy_finds_no_error(tmp_path, scale, view):
    file = write_dx(replace(SIMULATED, scale=scale, view=view), tmp_path / "a.dcm", **TEXTS)
    run = subprocess.run(["dciodvfy", str(file)], capture_output=True, text=True, check=False)
    assert "DXImageFor" in run.stderr
    assert [line for line in run.stderr.splitlines() if line.startswith("Error")] == []


def test_gdcm_reads_the_same_stored_values(tmp_path):
    sitk = pytest.importorskip("SimpleITK")
    file = write_dx(SIMULATED, tmp_path / "a.dcm", **TEXTS)
    stored = sitk.GetArrayFromImage(sitk.ReadImage(str(file), imageIO="GDCMImageIO")).squeeze()
    np.testing.assert_array_equal(stored, pydicom.dcmread(file).pixel_array)
    assert (stored.min(), stored.max()) == (0, 65535)


def test_several_frames_are_refused(tmp_path):
    cine = replace(SIMULATED, pixels=np.repeat(SIMULATED.pixels, 2, axis=0))
    with pytest.raises(XrayToCTError, match="one frame") as error:
        write_dx(cine, tmp_path / "a.dcm", **TEXTS)
    assert "frame(index)" in error.value.hint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "wrong",
    [{"patient_id": " "}, {"derivation": ""}, {"body_part": "chest"}, {"bits_stored": 8}, {"compression": "jpeg"}],
)
def test_wrong_arguments_are_refused_and_leave_no_file(tmp_path, wrong):
    with pytest.raises(XrayToCTError) as error:
        write_dx(SIMULATED, tmp_path / "a.dcm", **{**TEXTS, **wrong})
    assert error.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(XrayToCTError, match="cannot be written"):
        write_dx(SIMULATED, tmp_path / "none" / "a.dcm", **TEXTS)


def test_a_failure_leaves_the_old_file_whole(tmp_path, monkeypatch):
    file = write_dx(SIMULATED, tmp_path / "a.dcm", **TEXTS)
    before = file.read_bytes()

    def disk_full(dataset, path):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("XrayToCTLib.dicom.save_file.save_dataset", disk_full)
    with pytest.raises(XrayToCTError, match="No space left"):
        write_dx(SIMULATED, file, **TEXTS)
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(("stated", "ratio"), [("12", 12.0), (["4", "10"], 10.0), (None, 1.0)])
def test_loss_in_the_source_is_stated_in_the_file_that_is_made_of_it(tmp_path, stated, ratio):
    ratios = {} if stated is None else {"LossyImageCompressionRatio": stated}
    lossy = dicom_file(tmp_path / "in.dcm", stored_ramp(8, False), LossyImageCompression="01", **ratios)
    written = write_dx(read_radiograph(lossy), tmp_path / "out.dcm", **TEXTS)
    dataset = pydicom.dcmread(written)
    assert dataset.LossyImageCompression == "01"
    assert float(dataset.LossyImageCompressionRatio) == ratio
    assert read_radiograph(written).lossy_ratio == ratio
