"""Reading DICOM radiographs: what happens to the values."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from phantom_files import chest, dicom_file, lookup_item, stored_ramp

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.radiograph import IntensityScale
from XrayToCTLib.readers import read_radiograph

pytest.importorskip("pydicom")


def test_a_monochrome1_image_comes_out_bone_bright(tmp_path):
    bone_dark = np.rint((1 - chest()) * 4000).astype(np.uint16)
    image = read_radiograph(dicom_file(tmp_path / "a.dcm", bone_dark, PhotometricInterpretation="MONOCHROME1"))
    assert np.corrcoef(image.pixels[0].ravel(), chest().ravel())[0, 1] > 0.999
    assert "Inverted the values." in image.history


def test_a_monochrome2_image_is_left_as_it_is(tmp_path):
    bone_bright = np.rint(chest() * 4000).astype(np.uint16)
    image = read_radiograph(dicom_file(tmp_path / "a.dcm", bone_bright))
    np.testing.assert_array_equal(image.pixels[0], bone_bright)
    assert image.scale is IntensityScale.DISPLAY
    assert image.modality == "CR"


DEPTHS = [(8, False), (8, True), (10, False), (12, False), (12, True), (14, False), (16, False), (16, True)]


@pytest.mark.parametrize(
    ("bits", "signed", "interpretation"),
    [(*depth, "MONOCHROME2") for depth in DEPTHS]
    + [(*depth, "MONOCHROME1") for depth in DEPTHS if depth != (12, True)],  # GDCM itself cannot read that one
)
def test_every_bit_depth_agrees_with_gdcm(tmp_path, bits, signed, interpretation):
    file = dicom_file(
        tmp_path / "a.dcm",
        stored_ramp(bits, signed),
        BitsStored=bits,
        PhotometricInterpretation=interpretation,
        RescaleSlope="2",
        RescaleIntercept="-100",
    )
    ours = read_radiograph(file, voi="none").pixels[0].astype(np.float64)
    # ITK inverts MONOCHROME1 itself, about another middle: the two agree but for a constant.
    theirs = sitk.GetArrayFromImage(sitk.ReadImage(str(file), imageIO="GDCMImageIO")).astype(np.float64).squeeze()
    if interpretation == "MONOCHROME1" and np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] < 0:
        theirs = -theirs  # GDCM leaves signed MONOCHROME1 as it is
        assert signed
    np.testing.assert_allclose(ours - ours.min(), theirs - theirs.min())


def test_signed_values_in_unused_bits_are_extended(tmp_path):
    stored = stored_ramp(12, signed=True)
    without_extension = (stored.view(np.uint16) & 0x0FFF).view(np.int16)
    image = read_radiograph(dicom_file(tmp_path / "a.dcm", without_extension, BitsStored=12))
    np.testing.assert_array_equal(image.pixels[0], stored)


def test_bits_beyond_the_stored_ones_are_no_part_of_a_value(tmp_path):
    stored = stored_ramp(12, signed=False)
    with_overlay = stored | 0x8000 * (stored % 2)
    image = read_radiograph(dicom_file(tmp_path / "a.dcm", with_overlay.astype(np.uint16), BitsStored=12))
    np.testing.assert_array_equal(image.pixels[0], stored)


def test_a_high_bit_above_the_stored_bits_is_followed(tmp_path):
    stored = stored_ramp(12, signed=False)
    image = read_radiograph(dicom_file(tmp_path / "a.dcm", stored << 4, BitsStored=12, HighBit=15))
    np.testing.assert_array_equal(image.pixels[0], stored)


def test_the_window_is_applied_and_the_inversion_comes_after_it(tmp_path):
    stored = np.arange(256, dtype=np.uint8).reshape(16, 16)
    file = dicom_file(
        tmp_path / "a.dcm", stored, PhotometricInterpretation="MONOCHROME1", WindowCenter="64", WindowWidth="65"
    )
    # LINEAR (PS3.3 C.11.2.1.2): ((x - 63.5) / 64 + 0.5) * 255, clipped, and inverted last
    windowed = np.clip((stored - 63.5) / 64 + 0.5, 0, 1) * 255
    np.testing.assert_allclose(read_radiograph(file).pixels[0], 255 - windowed, atol=1e-4)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("LINEAR", lambda x: np.clip((x - 99.5) / 79 + 0.5, 0, 1) * 255),
        ("LINEAR_EXACT", lambda x: np.clip((x - 100) / 80 + 0.5, 0, 1) * 255),
        ("SIGMOID", lambda x: 255 / (1 + np.exp(-4 * (x - 100) / 80))),
    ],
)
def test_every_voi_function_follows_its_formula(tmp_path, function, expected):
    stored = np.arange(256, dtype=np.uint8).reshape(16, 16)
    file = dicom_file(tmp_path / "a.dcm", stored, WindowCenter="100", WindowWidth="80", VOILUTFunction=function)
    np.testing.assert_allclose(read_radiograph(file).pixels[0], expected(stored.astype(float)), atol=1e-4)


def test_the_window_acts_on_rescaled_values(tmp_path):
    stored = np.arange(256, dtype=np.uint8).reshape(16, 16)
    file = dicom_file(
        tmp_path / "a.dcm",
        stored,
        RescaleSlope="10",
        RescaleIntercept="-500",
        WindowCenter="500",
        WindowWidth="1000",
        VOILUTFunction="LINEAR_EXACT",
    )
    pixels = read_radiograph(file).pixels[0].ravel()
    assert pixels[50] == pixels[0]  # -500 and 0: below the window
    assert pixels[100] == pytest.approx((pixels[0] + pixels[-1]) / 2)  # 500: its centre
    assert pixels[150] == pixels[-1]  # 1000: its end


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("entries", "bits"), [(4096, 8), (4096, 12), (4096, 16), (1000, 10)])
def test_a_voi_lut_is_looked_up_at_every_depth(tmp_path, entries, bits, packed):
    stored = stored_ramp(12, signed=False)
    table = np.rint(np.sqrt(np.linspace(0, 1, entries)) * (2**bits - 1))
    item = lookup_item(100, table, bits, packed=packed)
    file = dicom_file(
        tmp_path / "a.dcm", stored, BitsStored=12, VOILUTSequence=[item], WindowCenter="1", WindowWidth="2"
    )
    expected = table[np.clip(stored.astype(int) - 100, 0, entries - 1)]
    image = read_radiograph(file)
    np.testing.assert_array_equal(image.pixels[0], expected)
    assert any("VOI LUT" in step for step in image.history)


def test_a_lut_of_65536_entries_states_zero_entries(tmp_path):
    stored = stored_ramp(16, signed=False)
    item = lookup_item(0, np.arange(65536)[::-1], 16, packed=True)
    file = dicom_file(tmp_path / "a.dcm", stored, VOILUTSequence=[item])
    np.testing.assert_array_equal(read_radiograph(file).pixels[0], 65535 - stored.astype(int))


@pytest.mark.parametrize(("intercept", "first"), [("0", 40000), ("-30000", -20000)])
def test_the_first_value_of_a_voi_lut_has_the_sign_of_the_rescaled_values(tmp_path, intercept, first):
    stored = stored_ramp(16, signed=False)
    item = lookup_item(first, np.arange(1000), 16)
    file = dicom_file(tmp_path / "a.dcm", stored, VOILUTSequence=[item], RescaleSlope="1", RescaleIntercept=intercept)
    expected = np.clip(stored.astype(int) + int(intercept) - first, 0, 999)
    np.testing.assert_array_equal(read_radiograph(file).pixels[0], expected)


def test_a_modality_lut_of_12_bits_and_a_negative_start_is_looked_up(tmp_path):
    stored = stored_ramp(12, signed=True)
    table = (np.arange(4096) // 3).astype(int)
    file = dicom_file(tmp_path / "a.dcm", stored, BitsStored=12, ModalityLUTSequence=[lookup_item(-2048, table, 12)])
    np.testing.assert_array_equal(read_radiograph(file).pixels[0], table[stored.astype(int) + 2048])


def test_the_caller_chooses_among_several_windows(tmp_path):
    stored = stored_ramp(12, signed=False)
    file = dicom_file(
        tmp_path / "a.dcm", stored, BitsStored=12, WindowCenter=["500", "3000"], WindowWidth=["100", "200"]
    )
    first, second, plain = (read_radiograph(file, voi=voi).pixels[0] for voi in ("auto", 1, "none"))
    assert (first > first.min()).sum() > (second > second.min()).sum()
    np.testing.assert_array_equal(plain, stored)
    with pytest.raises(XrayToCTError, match="2 VOI"):
        read_radiograph(file, voi=2)


def test_a_window_outside_the_values_is_ignored_with_a_warning(tmp_path):
    file = dicom_file(tmp_path / "a.dcm", stored_ramp(12, False), BitsStored=12, WindowCenter="50000", WindowWidth="10")
    image = read_radiograph(file)
    np.testing.assert_array_equal(image.pixels[0], stored_ramp(12, False))
    assert any("constant" in warning for warning in image.warnings)


def test_a_window_that_cuts_off_anatomy_is_told(tmp_path):
    file = dicom_file(
        tmp_path / "a.dcm", stored_ramp(12, False), BitsStored=12, WindowCenter="2048", WindowWidth="1000"
    )
    assert any("saturates" in warning for warning in read_radiograph(file).warnings)
    assert not any("saturates" in warning for warning in read_radiograph(file, voi="none").warnings)


@pytest.mark.parametrize("signed", [False, True])
def test_padding_is_excluded_and_takes_the_value_of_air(tmp_path, signed):
    stored = np.rint(chest() * 3000 + 500).astype(np.int16 if signed else np.uint16)
    padding = -2000 if signed else 4095
    stored[:, :10] = padding
    file = dicom_file(tmp_path / "a.dcm", stored, PixelPaddingValue=padding)
    image = read_radiograph(file)
    anatomy = stored[:, 10:]
    np.testing.assert_array_equal(image.pixels[0][:, 10:], anatomy)
    assert (image.pixels[0][:, :10] == anatomy.min()).all()
    assert any("padding" in step for step in image.history)


def test_a_range_of_padding_is_excluded_before_the_inversion(tmp_path):
    stored = np.rint(chest() * 3000 + 500).astype(np.uint16)
    stored[:5], stored[5:8] = 0, 20
    file = dicom_file(
        tmp_path / "a.dcm",
        stored,
        PixelPaddingValue=0,
        PixelPaddingRangeLimit=20,
        PhotometricInterpretation="MONOCHROME1",
    )
    pixels = read_radiograph(file).pixels[0]
    low, high = int(stored[8:].min()), int(stored[8:].max())
    np.testing.assert_array_equal(pixels[8:], low + high - stored[8:].astype(int))
    assert (pixels[:8] == low).all()


def test_an_image_of_nothing_but_padding_is_refused(tmp_path):
    file = dicom_file(tmp_path / "a.dcm", np.full((8, 8), 7, dtype=np.uint16), PixelPaddingValue=7)
    with pytest.raises(XrayToCTError, match="nothing but padding"):
        read_radiograph(file)
