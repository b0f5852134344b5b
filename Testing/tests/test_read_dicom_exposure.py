"""Reading DICOM radiographs: relation to exposure, and bone bright whatever the header says."""

from __future__ import annotations

import numpy as np
import pytest
from phantom_files import (
    DX_PRESENTATION,
    DX_PROCESSING,
    RF,
    SECONDARY_CAPTURE,
    XA,
    chest,
    dicom_file,
    stored_ramp,
)

from XrayToCTLib.radiograph import IntensityScale
from XrayToCTLib.readers import read_radiograph

pytest.importorskip("pydicom")


def exposure(line_integral: np.ndarray) -> np.ndarray:
    return np.rint(60000 * np.exp(-line_integral)).astype(np.uint16)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_linear_exposure_becomes_minus_its_logarithm(tmp_path, photometric):
    line_integral = chest() * 4
    file = dicom_file(
        tmp_path / "a.dcm",
        exposure(line_integral),
        sop_class=DX_PROCESSING,
        modality="DX",
        PhotometricInterpretation=photometric,
        PresentationIntentType="FOR PROCESSING",
        PixelIntensityRelationship="LIN",
        PixelIntensityRelationshipSign=1,
        WindowCenter="100",
        WindowWidth="10",
    )
    image = read_radiograph(file)
    assert image.scale is IntensityScale.LOG_EXPOSURE
    np.testing.assert_allclose(image.pixels[0], line_integral - line_integral.min(), atol=2e-3)


def test_a_pixel_without_exposure_stays_finite_and_brightest(tmp_path):
    counts = exposure(chest() * 4)
    counts[40, 40] = 0
    file = dicom_file(
        tmp_path / "a.dcm", counts, sop_class=DX_PROCESSING, modality="DX", PixelIntensityRelationship="LIN"
    )
    pixels = read_radiograph(file).pixels[0]
    assert pixels[40, 40] == pixels.max()
    assert pixels[40, 40] - np.partition(pixels.ravel(), -2)[-2] == pytest.approx(np.log(2), rel=1e-5)


@pytest.mark.parametrize(("sign", "bone_high"), [(1, False), (-1, True)])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_logarithmic_values_follow_the_sign_of_the_relationship(tmp_path, sign, bone_high, photometric):
    bone_bright = np.rint(chest() * 4000).astype(np.uint16)
    file = dicom_file(
        tmp_path / "a.dcm",
        bone_bright if bone_high else 4095 - bone_bright,
        sop_class=DX_PROCESSING,
        modality="DX",
        PhotometricInterpretation=photometric,
        PresentationIntentType="FOR PROCESSING",
        PixelIntensityRelationship="LOG",
        PixelIntensityRelationshipSign=sign,
    )
    image = read_radiograph(file)
    assert image.scale is IntensityScale.LOG_EXPOSURE
    pixels = image.pixels[0]
    np.testing.assert_array_equal(pixels - pixels.min(), bone_bright - bone_bright.min())


@pytest.mark.parametrize(
    ("sop_class", "intent", "relationship"),
    [
        (DX_PRESENTATION, "FOR PRESENTATION", "LOG"),
        (DX_PRESENTATION, "FOR PRESENTATION", "LIN"),
        (DX_PROCESSING, "FOR PROCESSING", "DISP"),
        (DX_PROCESSING, "FOR PROCESSING", ""),
    ],
)
def test_values_that_do_not_follow_exposure_are_display_values(tmp_path, sop_class, intent, relationship):
    file = dicom_file(
        tmp_path / "a.dcm",
        stored_ramp(12, False),
        sop_class=sop_class,
        modality="DX",
        PresentationIntentType=intent,
        PixelIntensityRelationship=relationship,
    )
    assert read_radiograph(file).scale is IntensityScale.DISPLAY


@pytest.mark.parametrize(("sop_class", "modality"), [(XA, "XA"), (RF, "RF")])
def test_fluoroscopy_that_is_linear_in_exposure_becomes_bone_bright(tmp_path, sop_class, modality):
    file = dicom_file(
        tmp_path / "a.dcm",
        exposure(chest() * 3),
        sop_class=sop_class,
        modality=modality,
        PixelIntensityRelationship="LIN",
    )
    image = read_radiograph(file)
    assert image.scale is IntensityScale.LOG_EXPOSURE
    assert np.corrcoef(image.pixels[0].ravel(), chest().ravel())[0, 1] > 0.999


def test_fluoroscopy_that_does_not_tell_its_polarity_is_warned_of(tmp_path):
    file = dicom_file(tmp_path / "a.dcm", stored_ramp(8, False), sop_class=XA, modality="XA")
    assert any("bone is often dark" in warning for warning in read_radiograph(file).warnings)


def test_presentation_lut_inverse_and_monochrome1_are_one_inversion(tmp_path):
    bone_dark = np.rint((1 - chest()) * 4000).astype(np.uint16)
    file = dicom_file(
        tmp_path / "a.dcm",
        bone_dark,
        sop_class=DX_PRESENTATION,
        modality="DX",
        PhotometricInterpretation="MONOCHROME1",
        PresentationLUTShape="INVERSE",
    )
    image = read_radiograph(file)
    assert np.corrcoef(image.pixels[0].ravel(), chest().ravel())[0, 1] > 0.999
    assert not any("contradict" in warning for warning in image.warnings)


def test_presentation_lut_inverse_alone_inverts_and_says_that_the_header_contradicts_itself(tmp_path):
    bone_dark = np.rint((1 - chest()) * 4000).astype(np.uint16)
    image = read_radiograph(dicom_file(tmp_path / "a.dcm", bone_dark, PresentationLUTShape="INVERSE"))
    assert np.corrcoef(image.pixels[0].ravel(), chest().ravel())[0, 1] > 0.999
    assert any("contradict" in warning for warning in image.warnings)


def test_a_sign_that_contradicts_the_photometric_interpretation_is_told(tmp_path):
    file = dicom_file(tmp_path / "a.dcm", stored_ramp(12, False), PixelIntensityRelationshipSign=1)
    assert any("Sign 1" in warning for warning in read_radiograph(file).warnings)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_the_caller_overrides_the_polarity_of_the_header(tmp_path, photometric):
    file = dicom_file(tmp_path / "a.dcm", stored_ramp(8, False), PhotometricInterpretation=photometric)
    bright, dark, auto = (read_radiograph(file, polarity=p).pixels for p in ("bone-bright", "bone-dark", "auto"))
    np.testing.assert_array_equal(bright, auto)
    np.testing.assert_array_equal(dark, 255 - bright)


def test_a_chest_that_contradicts_its_header_is_told_but_not_inverted(tmp_path):
    bone_dark = np.rint((1 - chest()) * 4000).astype(np.uint16)
    image = read_radiograph(dicom_file(tmp_path / "a.dcm", bone_dark))
    np.testing.assert_array_equal(image.pixels[0], bone_dark)
    assert any("looks like a chest with bone dark" in warning for warning in image.warnings)


def test_a_secondary_capture_of_an_x_ray_is_read_with_a_warning(tmp_path):
    file = dicom_file(tmp_path / "a.dcm", stored_ramp(8, False), sop_class=SECONDARY_CAPTURE, modality="DX")
    assert any("secondary capture" in warning for warning in read_radiograph(file).warnings)


def test_lossy_compression_is_told(tmp_path):
    file = dicom_file(
        tmp_path / "a.dcm", stored_ramp(8, False), LossyImageCompression="01", LossyImageCompressionRatio="12"
    )
    assert any("12:1" in warning for warning in read_radiograph(file).warnings)
