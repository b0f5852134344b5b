"""Reading radiographs from PNG, JPEG, TIFF, BMP, NRRD, NIfTI and MetaImage files."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
import SimpleITK as sitk
from phantom_files import chest

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.radiograph import IntensityScale, SpacingSource, View
from XrayToCTLib.readers import Polarity, estimate_polarity, read_radiograph

cv2 = pytest.importorskip("cv2")

BRIGHT8 = np.rint(chest() * 255).astype(np.uint8)
BRIGHT16 = np.rint(chest() * 65535).astype(np.uint16)


def raster(path, pixels):
    assert cv2.imwrite(str(path), pixels)
    return path


def every_level() -> np.ndarray:
    return np.arange(65536, dtype=np.uint16).reshape(256, 256)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bit_files_keep_all_65536_levels(tmp_path, suffix):
    image = read_radiograph(raster(tmp_path / f"a{suffix}", every_level()), polarity="bone-bright")
    np.testing.assert_array_equal(image.pixels[0], every_level())
    assert image.scale is IntensityScale.DISPLAY


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp"])
def test_8_bit_files_keep_their_values(tmp_path, suffix):
    np.testing.assert_array_equal(read_radiograph(raster(tmp_path / f"a{suffix}", BRIGHT8)).pixels[0], BRIGHT8)


def test_a_jpeg_is_read_closely(tmp_path):
    assert np.abs(read_radiograph(raster(tmp_path / "a.jpg", BRIGHT8)).pixels[0] - BRIGHT8).mean() < 4


def test_a_float_tiff_keeps_its_values(tmp_path):
    values = (chest() * 7 - 3).astype(np.float32)
    np.testing.assert_array_equal(read_radiograph(raster(tmp_path / "a.tif", values)).pixels[0], values)


def test_the_pages_of_a_tiff_are_frames(tmp_path):
    pages = [BRIGHT16, BRIGHT16 // 2, BRIGHT16 // 3]
    assert cv2.imwritemulti(str(tmp_path / "a.tif"), pages)
    image = read_radiograph(tmp_path / "a.tif")
    np.testing.assert_array_equal(image.pixels, np.stack(pages))
    assert any("3 pages" in warning for warning in image.warnings)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_tiff_in_which_zero_is_white_is_read_as_it_is_shown(tmp_path, dtype):
    tifffile = pytest.importorskip("tifffile")
    shown = BRIGHT8 if dtype is np.uint8 else BRIGHT16
    tifffile.imwrite(tmp_path / "a.tif", np.iinfo(dtype).max - shown, photometric="miniswhite")
    image = read_radiograph(tmp_path / "a.tif", polarity="bone-bright")
    np.testing.assert_array_equal(image.pixels[0], shown)
    assert any("0 is white" in step for step in image.history)


def test_equal_colour_channels_are_grey_and_noted(tmp_path):
    image = read_radiograph(raster(tmp_path / "a.png", np.dstack([BRIGHT8] * 3)))
    np.testing.assert_array_equal(image.pixels[0], BRIGHT8)
    assert any("equal colour channels" in step for step in image.history)


def test_an_alpha_channel_is_no_part_of_the_image(tmp_path):
    with_alpha = np.dstack([BRIGHT8] * 3 + [np.full_like(BRIGHT8, 40)])
    np.testing.assert_array_equal(read_radiograph(raster(tmp_path / "a.png", with_alpha)).pixels[0], BRIGHT8)


def test_screen_densities_are_no_spacing(tmp_path):
    pillow = pytest.importorskip("PIL.Image")
    pillow.fromarray(BRIGHT8).save(tmp_path / "a.png", dpi=(96, 96))
    image = read_radiograph(tmp_path / "a.png")
    assert image.spacing_source is SpacingSource.ASSUMED
    assert max(image.extent_mm) == pytest.approx(430)
    assert any("430" in warning for warning in image.warnings)


def test_the_callers_spacing_and_view_are_kept(tmp_path):
    image = read_radiograph(raster(tmp_path / "a.png", BRIGHT8), spacing=(0.3, 0.2), view=View.AP)
    assert (image.spacing, image.spacing_source, image.view) == ((0.3, 0.2), SpacingSource.CALLER, View.AP)
    assert read_radiograph(tmp_path / "a.png", spacing=0.5).spacing == (0.5, 0.5)


def test_the_identity_is_the_hash_of_the_files_bytes(tmp_path):
    file = raster(tmp_path / "a.png", BRIGHT8)
    assert read_radiograph(file).identity == hashlib.sha256(file.read_bytes()).hexdigest()


def test_the_content_tells_the_format_not_the_name(tmp_path):
    (tmp_path / "a.dcm").write_bytes(raster(tmp_path / "a.png", BRIGHT8).read_bytes())
    assert read_radiograph(tmp_path / "a.dcm").history[0].startswith("Read PNG")


def test_a_name_with_letters_of_other_scripts_is_read(tmp_path):
    (tmp_path / "Röntgen 胸部.png").write_bytes(raster(tmp_path / "a.png", BRIGHT8).read_bytes())
    assert read_radiograph(tmp_path / "Röntgen 胸部.png").shape == BRIGHT8.shape


def test_an_inverted_chest_is_found_and_inverted_with_a_warning(tmp_path):
    image = read_radiograph(raster(tmp_path / "a.png", 255 - BRIGHT8))
    assert np.corrcoef(image.pixels[0].ravel(), BRIGHT8.ravel())[0, 1] > 0.999
    assert any("was inverted" in warning for warning in image.warnings)
    assert any("Inverted" in step for step in image.history)


def test_a_bone_bright_chest_is_left_alone_without_a_warning(tmp_path):
    image = read_radiograph(raster(tmp_path / "a.png", BRIGHT8))
    assert not any("bone" in warning for warning in image.warnings)


def test_an_image_that_does_not_tell_is_left_alone_with_a_warning(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64)).astype(np.uint8)
    image = read_radiograph(raster(tmp_path / "a.png", noise))
    np.testing.assert_array_equal(image.pixels[0], noise)
    assert any("not sure" in warning for warning in image.warnings)


@pytest.mark.parametrize(
    ("polarity", "expected"),
    [("bone-bright", BRIGHT8), ("bone-dark", int(BRIGHT8.min()) + int(BRIGHT8.max()) - BRIGHT8)],
)
def test_the_callers_polarity_is_followed_without_looking(tmp_path, polarity, expected):
    image = read_radiograph(raster(tmp_path / "a.png", BRIGHT8), polarity=polarity)
    np.testing.assert_array_equal(image.pixels[0], expected)


@pytest.mark.parametrize("frame", [0, 255])
def test_a_black_or_white_frame_does_not_mislead_the_polarity(frame):
    framed = cv2.copyMakeBorder(BRIGHT8, 12, 12, 12, 12, cv2.BORDER_CONSTANT, value=frame)
    assert estimate_polarity(framed) is Polarity.BONE_BRIGHT
    assert estimate_polarity(255 - framed) is Polarity.BONE_DARK


@pytest.mark.parametrize("collimated", [10, 14, 18, 22, 26])
def test_a_leg_within_white_collimation_is_not_taken_for_an_inverted_chest(collimated):
    leg = np.full((96, 80), 0.1)
    leg[:, 34:46] = 0.6  # soft tissue
    leg[:, 38:42] = 0.9  # bone
    leg[:, :collimated], leg[:, 80 - collimated :] = 1.0, 1.0
    assert estimate_polarity(leg.astype(np.float32)) is not Polarity.BONE_DARK


@pytest.mark.parametrize("suffix", ["nrrd", "nii", "nii.gz", "mha", "mhd", "nhdr"])
def test_itk_files_keep_values_and_anisotropic_spacing(tmp_path, suffix):
    image = sitk.GetImageFromArray(BRIGHT16)
    image.SetSpacing((0.2, 0.3))  # x is the column
    sitk.WriteImage(image, str(tmp_path / f"a.{suffix}"))
    radiograph = read_radiograph(tmp_path / f"a.{suffix}")
    np.testing.assert_array_equal(radiograph.pixels[0], BRIGHT16)
    assert radiograph.spacing == pytest.approx((0.3, 0.2))
    assert radiograph.spacing_source is SpacingSource.FILE_HEADER


@pytest.mark.parametrize("suffix", ["nii", "nii.gz", "nrrd", "mha"])
def test_itk_files_by_another_name_are_read(tmp_path, suffix):
    sitk.WriteImage(sitk.GetImageFromArray(BRIGHT16), str(tmp_path / f"a.{suffix}"))
    (tmp_path / f"a.{suffix}").rename(tmp_path / "image.dat")
    np.testing.assert_array_equal(read_radiograph(tmp_path / "image.dat").pixels[0], BRIGHT16)


def test_a_volume_of_one_slice_is_a_radiograph(tmp_path):
    volume = sitk.GetImageFromArray(BRIGHT16[np.newaxis])
    volume.SetSpacing((0.2, 0.3, 5.0))
    sitk.WriteImage(volume, str(tmp_path / "a.nrrd"))
    image = read_radiograph(tmp_path / "a.nrrd")
    np.testing.assert_array_equal(image.pixels[0], BRIGHT16)
    assert image.spacing == pytest.approx((0.3, 0.2))


def test_the_rows_of_a_coronal_nifti_run_to_the_feet_and_its_columns_to_the_left(tmp_path):
    # RAS axes: i to the right, k to the head, as an identity affine makes them
    volume = sitk.GetImageFromArray(BRIGHT16[::-1, ::-1][:, np.newaxis, :])
    volume.SetSpacing((0.2, 5.0, 0.3))
    volume.SetDirection((-1, 0, 0, 0, -1, 0, 0, 0, 1))
    sitk.WriteImage(volume, str(tmp_path / "a.nii"))
    image = read_radiograph(tmp_path / "a.nii")
    np.testing.assert_array_equal(image.pixels[0], BRIGHT16)
    assert image.spacing == pytest.approx((0.3, 0.2))
    assert any("Flipped the rows" in step for step in image.history)


def test_a_nifti_whose_axes_are_swapped_is_turned(tmp_path):
    # i to the feet, j to the left
    volume = sitk.GetImageFromArray(BRIGHT16.T[np.newaxis])
    volume.SetSpacing((0.3, 0.2, 5.0))
    volume.SetDirection((0, 1, 0, 0, 0, 1, -1, 0, 0))
    sitk.WriteImage(volume, str(tmp_path / "a.nii"))
    image = read_radiograph(tmp_path / "a.nii")
    np.testing.assert_array_equal(image.pixels[0], BRIGHT16)
    assert image.spacing == pytest.approx((0.3, 0.2))


NO_SPACING = {
    "nrrd": b"NRRD0004\n# spacings: none\ntype: uint8\ndimension: 2\nsizes: 60 48\nencoding: raw\n\n",
    "mha": b"ObjectType = Image\nNDims = 2\nDimSize = 60 48\nElementType = MET_UCHAR\nElementDataFile = LOCAL\n",
}


@pytest.mark.parametrize("suffix", ["nrrd", "mha", "nii"])
def test_a_spacing_that_an_itk_file_does_not_state_is_assumed_and_said(tmp_path, suffix):
    file = tmp_path / f"a.{suffix}"
    pixels = np.arange(48 * 60, dtype=np.uint8).reshape(48, 60)
    if suffix == "nii":
        sitk.WriteImage(sitk.GetImageFromArray(pixels), str(file))
        content = bytearray(file.read_bytes())
        content[80:88] = bytes(8)  # pixdim[1] and [2]
        content[252:256] = bytes(4)  # no qform, no sform
        file.write_bytes(content)
    else:
        file.write_bytes(NO_SPACING[suffix] + pixels.tobytes())
    image = read_radiograph(file)
    assert image.spacing_source is SpacingSource.ASSUMED
    assert image.spacing == pytest.approx((430 / 60, 430 / 60))
    assert any("states no pixel spacing" in warning for warning in image.warnings)
    assert np.ptp(image.pixels) == np.ptp(pixels)


def test_a_unit_spacing_that_makes_a_giant_is_not_believed(tmp_path):
    sitk.WriteImage(sitk.GetImageFromArray(np.tile(BRIGHT16, (10, 1))), str(tmp_path / "a.nrrd"))
    image = read_radiograph(tmp_path / "a.nrrd")
    assert image.spacing_source is SpacingSource.ASSUMED
    assert any("960 mm" in warning for warning in image.warnings)


def test_equal_vector_components_are_grey(tmp_path):
    sitk.WriteImage(sitk.GetImageFromArray(np.dstack([BRIGHT8] * 3), isVector=True), str(tmp_path / "a.nrrd"))
    np.testing.assert_array_equal(read_radiograph(tmp_path / "a.nrrd").pixels[0], BRIGHT8)


def test_real_chests_are_never_inverted_wrongly_and_nearly_always_found_when_inverted(real_data):
    bright = [cv2.imread(str(file), cv2.IMREAD_UNCHANGED) for file in sorted((real_data / "xray").glob("*.png"))]
    assert len(bright) == 240
    assert not any(estimate_polarity(image) is Polarity.BONE_DARK for image in bright)
    assert sum(estimate_polarity(255 - image) is Polarity.BONE_DARK for image in bright) >= 0.95 * len(bright)


@pytest.mark.parametrize("name", ["nemaWG04_RG2_J2KI.dcm", "pydicomdata_RG3_J2KR.dcm"])
def test_a_real_hip_and_leg_within_white_collimation_are_not_inverted(real_data, name):
    image = read_radiograph(real_data / "xray_dicom" / name)
    assert estimate_polarity(image.pixels[0]) is not Polarity.BONE_DARK


def test_there_is_no_third_polarity(tmp_path):
    with pytest.raises(XrayToCTError, match="polarity") as error:
        read_radiograph(raster(tmp_path / "a.png", BRIGHT8), polarity="white")
    assert "bone-dark" in error.value.hint
