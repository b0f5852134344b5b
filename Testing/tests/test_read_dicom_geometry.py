"""Reading DICOM radiographs: spacing, view, frames, identity."""

from __future__ import annotations

import numpy as np
import pytest
from phantom_files import DX_PRESENTATION, XA, dicom_dataset, dicom_file, stored_ramp

from XrayToCTLib.radiograph import SpacingSource, View
from XrayToCTLib.readers import read_radiograph

pytest.importorskip("pydicom")

RAMP = stored_ramp(12, signed=False)  # 24 rows, 20 columns


def read(tmp_path, stored=RAMP, *, spacing=None, view=None, **attributes):
    return read_radiograph(dicom_file(tmp_path / "a.dcm", stored, **attributes), spacing=spacing, view=view)


def test_an_anisotropic_spacing_stays_in_the_order_row_column(tmp_path):
    image = read(tmp_path, ImagerPixelSpacing=["0.2", "0.1"])
    assert image.spacing == (0.2, 0.1)
    assert image.extent_mm == pytest.approx((24 * 0.2, 20 * 0.1))
    assert image.spacing_source is SpacingSource.IMAGER_PIXEL_SPACING


def test_the_spacing_of_the_detector_comes_before_one_in_the_patient(tmp_path):
    image = read(tmp_path, PixelSpacing=["0.15", "0.12"], ImagerPixelSpacing=["0.2", "0.1"])
    assert image.spacing == (0.2, 0.1)
    assert any("0.15 x 0.12" in step for step in image.history)


def test_pixel_spacing_is_taken_when_it_is_all_there_is(tmp_path):
    image = read(tmp_path, PixelSpacing=["0.15", "0.12"])
    assert image.spacing == (0.15, 0.12)
    assert image.spacing_source is SpacingSource.PIXEL_SPACING


def test_pixel_spacing_calibrated_in_the_patient_is_warned_of(tmp_path):
    image = read(tmp_path, PixelSpacing=["0.15", "0.12"], PixelSpacingCalibrationType="GEOMETRY")
    assert any("plane in the patient" in warning for warning in image.warnings)


def test_a_missing_spacing_makes_the_long_edge_430_mm_and_says_so(tmp_path):
    image = read(tmp_path)
    assert image.spacing_source is SpacingSource.ASSUMED
    assert image.extent_mm[0] == pytest.approx(430)
    (warning,) = (warning for warning in image.warnings if "430" in warning)
    assert "spacing=(row, column)" in warning


def test_an_aspect_ratio_shapes_the_assumed_spacing(tmp_path):
    image = read(tmp_path, PixelAspectRatio=["1", "2"])
    assert image.spacing[1] == pytest.approx(2 * image.spacing[0])
    assert max(image.extent_mm) == pytest.approx(430)


@pytest.mark.parametrize("bad", [["0", "0.1"], ["-0.1", "0.1"]])
def test_an_impossible_spacing_in_the_file_is_replaced_with_a_warning(tmp_path, bad):
    image = read(tmp_path, ImagerPixelSpacing=bad)
    assert image.spacing_source is SpacingSource.ASSUMED
    assert any("impossible" in warning for warning in image.warnings)


def test_the_callers_spacing_overrides_the_file(tmp_path):
    image = read(tmp_path, ImagerPixelSpacing=["0.2", "0.1"], spacing=(0.4, 0.3))
    assert image.spacing == (0.4, 0.3)
    assert image.spacing_source is SpacingSource.CALLER


@pytest.mark.parametrize(
    ("position", "view"),
    [("PA", View.PA), ("AP", View.AP), ("LL", View.LATERAL), ("RL", View.LATERAL), ("LLD", None), ("", None)],
)
def test_the_view_follows_view_position(tmp_path, position, view):
    assert read(tmp_path, ViewPosition=position).view is view


@pytest.mark.parametrize(
    ("meaning", "view"),
    [
        ("postero-anterior", View.PA),
        ("Antero-posterior", View.AP),
        ("left lateral", View.LATERAL),
        ("medio-lateral oblique", None),
    ],
)
def test_the_view_follows_the_view_code_where_the_position_is_empty(tmp_path, meaning, view):
    from pydicom.dataset import Dataset

    code = Dataset()
    code.CodeMeaning = meaning
    assert read(tmp_path, ViewPosition="", ViewCodeSequence=[code]).view is view


def test_the_callers_view_overrides_the_file(tmp_path):
    assert read(tmp_path, ViewPosition="PA", view="ap").view is View.AP


def test_the_identity_is_the_sop_instance_uid(tmp_path):
    assert read(tmp_path, SOPInstanceUID="1.2.3.4").identity == "1.2.3.4"


def test_every_frame_of_a_cine_is_kept(tmp_path):
    frames = np.stack([RAMP, RAMP[::-1], RAMP // 2])
    image = read(tmp_path, frames, sop_class=XA, modality="XA", FrameTime="66.7")
    np.testing.assert_array_equal(image.pixels, frames)
    assert image.frame_time_ms == pytest.approx(66.7)


@pytest.mark.parametrize(
    "attributes", [{"FrameTimeVector": ["0", "40", "40"]}, {"CineRate": "25"}, {"RecommendedDisplayFrameRate": "25"}]
)
def test_the_frame_time_is_found_in_any_of_its_places(tmp_path, attributes):
    frames = np.stack([RAMP, RAMP[::-1], RAMP // 2])
    assert read(tmp_path, frames, sop_class=XA, modality="XA", **attributes).frame_time_ms == pytest.approx(40)


def test_a_still_has_no_frame_time(tmp_path):
    assert read(tmp_path, FrameTime="40").frame_time_ms is None


def test_an_enhanced_xa_is_read_from_its_functional_groups(tmp_path):
    from pydicom.dataset import Dataset

    properties, group = Dataset(), Dataset()
    properties.ImagerPixelSpacing = ["0.2", "0.1"]
    properties.PixelIntensityRelationship = "LOG"
    properties.PixelIntensityRelationshipSign = -1
    group.FramePixelDataPropertiesSequence = [properties]
    windows = []
    for centre in ("100", "200"):
        window, per_frame = Dataset(), Dataset()
        window.WindowCenter, window.WindowWidth = centre, "50"
        per_frame.FrameVOILUTSequence = [window]
        windows.append(per_frame)
    image = read(
        tmp_path,
        np.stack([RAMP, RAMP // 2]),
        sop_class="1.2.840.10008.5.1.4.1.1.12.1.1",
        modality="XA",
        SharedFunctionalGroupsSequence=[group],
        PerFrameFunctionalGroupsSequence=windows,
    )
    assert image.spacing == (0.2, 0.1)
    np.testing.assert_array_equal(image.pixels[0], RAMP)
    assert any("WindowCenter differs" in warning for warning in image.warnings)


def test_old_files_without_preamble_and_meta_header_are_read(tmp_path):
    from pydicom.filebase import DicomFileLike
    from pydicom.filewriter import write_dataset

    dataset = dicom_dataset(RAMP)
    del dataset.file_meta
    with (tmp_path / "old").open("wb") as file:
        stream = DicomFileLike(file)
        stream.is_little_endian, stream.is_implicit_VR = True, True
        write_dataset(stream, dataset)
    np.testing.assert_array_equal(read_radiograph(tmp_path / "old").pixels[0], RAMP)


@pytest.mark.parametrize("name", ["no_suffix", "picture.png", "volume.nii.gz"])
def test_the_content_tells_that_it_is_dicom_not_the_name(tmp_path, name):
    image = read_radiograph(dicom_file(tmp_path / name, RAMP, sop_class=DX_PRESENTATION, modality="DX"))
    assert image.modality == "DX"


def test_the_history_tells_what_the_reader_did(tmp_path):
    image = read(tmp_path, PhotometricInterpretation="MONOCHROME1", WindowCenter="2000", WindowWidth="4000")
    told = " ".join(image.history)
    for word in ("24 rows x 20 columns", "MONOCHROME1", "pydicom", "LINEAR window", "Inverted", "spacing"):
        assert word in told


def test_the_body_part_is_read_and_may_be_missing(tmp_path):
    assert read(tmp_path, BodyPartExamined="Chest ").body_part == "CHEST"
    assert read(tmp_path, BodyPartExamined="").body_part == ""
