"""Bad input gets one error with a hint: what happened, what to do next."""

from __future__ import annotations

import os

import numpy as np
import pytest
import SimpleITK as sitk
from phantom_files import CR, CT, SECONDARY_CAPTURE, chest, dicom_dataset, dicom_file, lookup_item, stored_ramp

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.readers import read_radiograph

pytest.importorskip("pydicom")
cv2 = pytest.importorskip("cv2")

BRIGHT8 = np.rint(chest() * 255).astype(np.uint8)
COLOUR = np.dstack([BRIGHT8, BRIGHT8 // 2, 255 - BRIGHT8])


def refused(path, said, hinted="", **arguments):
    with pytest.raises(XrayToCTError, match=said) as error:
        read_radiograph(path, **arguments)
    assert error.value.hint and hinted.lower() in error.value.hint.lower()
    assert "Traceback" not in str(error.value)


def test_a_file_that_does_not_exist(tmp_path):
    refused(tmp_path / "none.png", "no file", "path")


def test_a_folder(tmp_path):
    refused(tmp_path, "is a folder", "one image file")


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    refused(tmp_path / "a.png", "is a pipe", "to a file")


def test_an_empty_file(tmp_path):
    (tmp_path / "a.png").write_bytes(b"")
    refused(tmp_path / "a.png", "empty")


@pytest.mark.parametrize("name", ["a.txt", "a.png", "a.dcm", "a.nii.gz"])
def test_a_text_by_any_name(tmp_path, name):
    (tmp_path / name).write_text("not an image " * 40)
    refused(tmp_path / name, "not an image", "DICOM")


def test_random_bytes(tmp_path):
    (tmp_path / "a.dcm").write_bytes(np.random.default_rng(1).bytes(5000))
    refused(tmp_path / "a.dcm", "not an image")


def test_random_bytes_after_a_dicom_preamble(tmp_path):
    for seed in range(20):
        (tmp_path / "a.dcm").write_bytes(b"\0" * 128 + b"DICM" + np.random.default_rng(seed).bytes(5000))
        with pytest.raises(XrayToCTError):
            read_radiograph(tmp_path / "a.dcm")


def test_a_gzip_file_that_is_no_nifti(tmp_path):
    import gzip

    (tmp_path / "a.nii.gz").write_bytes(gzip.compress(b"nothing" * 100))
    refused(tmp_path / "a.nii.gz", "not an image")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
def test_a_colour_photograph(tmp_path, suffix):
    cv2.imwrite(str(tmp_path / f"a{suffix}"), COLOUR)
    refused(tmp_path / f"a{suffix}", "colour image", "grey")


def test_a_colour_dicom(tmp_path):
    dataset = dicom_dataset(BRIGHT8, sop_class=SECONDARY_CAPTURE, modality="DX")
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PlanarConfiguration = 3, "RGB", 0
    for name, pixels in (("colour", COLOUR), ("grey", np.dstack([BRIGHT8] * 3))):
        dataset.PixelData = np.ascontiguousarray(pixels).tobytes()
        dataset.is_little_endian, dataset.is_implicit_VR = True, False
        dataset.save_as(tmp_path / f"{name}.dcm", write_like_original=False)
    refused(tmp_path / "colour.dcm", "colour image")
    np.testing.assert_array_equal(read_radiograph(tmp_path / "grey.dcm").pixels[0], BRIGHT8)


@pytest.mark.parametrize(
    ("modality", "sop_class", "said"),
    [
        ("CT", CT, "CT image"),
        ("CT", "1.2.840.10008.5.1.4.1.1.2.1", "CT image"),  # Enhanced CT
        ("MR", "1.2.840.10008.5.1.4.1.1.4", "MR image"),
        ("PT", "1.2.840.10008.5.1.4.1.1.128", "PET image"),
        ("NM", "1.2.840.10008.5.1.4.1.1.20", "nuclear"),
        ("CT", SECONDARY_CAPTURE, "CT image"),
    ],
)
def test_a_ct_or_mr_is_sent_to_where_it_is_of_use(tmp_path, modality, sop_class, said):
    file = dicom_file(tmp_path / "a.dcm", stored_ramp(12, False), sop_class=sop_class, modality=modality)
    refused(file, said, "use it as a reference")


def test_an_ultrasound_or_a_tomosynthesis_is_no_radiograph(tmp_path):
    us = dicom_file(tmp_path / "a.dcm", BRIGHT8, sop_class="1.2.840.10008.5.1.4.1.1.6.1", modality="US")
    refused(us, "ultrasound", "CR, DX, XA or RF")
    tomo = dicom_file(tmp_path / "b.dcm", BRIGHT8, sop_class="1.2.840.10008.5.1.4.1.1.13.1.3", modality="MG")
    refused(tomo, "Breast Tomosynthesis", "CR, DX, XA or RF")


def test_a_mammogram_is_read_with_a_warning(tmp_path):
    file = dicom_file(tmp_path / "a.dcm", BRIGHT8, sop_class="1.2.840.10008.5.1.4.1.1.1.2", modality="MG")
    assert any("mammogram" in warning for warning in read_radiograph(file).warnings)


def test_a_dicom_object_without_pixels(tmp_path):
    report = dicom_dataset(BRIGHT8, sop_class="1.2.840.10008.5.1.4.1.1.88.22", modality="SR")
    del report.PixelData, report.Rows
    report.is_little_endian, report.is_implicit_VR = True, False
    report.save_as(tmp_path / "a.dcm", write_like_original=False)
    refused(tmp_path / "a.dcm", "no radiograph")
    report.SOPClassUID, report.Modality = CR, "CR"
    report.save_as(tmp_path / "b.dcm", write_like_original=False)
    refused(tmp_path / "b.dcm", "no pixel data", "image itself")


def test_the_index_of_a_dicom_medium(tmp_path):
    refused(dicom_file(tmp_path / "DICOMDIR", BRIGHT8), "index", "image files")


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.9, 0.999])
def test_a_truncated_dicom(tmp_path, keep):
    whole = dicom_file(tmp_path / "whole.dcm", np.rint(chest() * 4000).astype(np.uint16)).read_bytes()
    (tmp_path / "a.dcm").write_bytes(whole[: int(len(whole) * keep)])
    refused(tmp_path / "a.dcm", "truncated", "again")


def test_pixel_data_shorter_than_the_header_states(tmp_path):
    file = dicom_file(tmp_path / "a.dcm", stored_ramp(12, False), Rows=48)
    refused(file, "truncated: it holds 960 bytes .* need 1920")


@pytest.mark.parametrize("keyword", ["Rows", "Columns", "BitsAllocated"])
def test_a_header_without_the_shape(tmp_path, keyword):
    refused(dicom_file(tmp_path / "a.dcm", BRIGHT8, **{keyword: None}), keyword)


def test_32_bit_pixels(tmp_path):
    file = dicom_file(tmp_path / "a.dcm", np.zeros((8, 8), dtype=np.uint32) + np.arange(8, dtype=np.uint32))
    refused(file, "32 bits", "16 bits")


def test_a_lookup_table_without_its_data(tmp_path):
    item = lookup_item(0, np.arange(10), 8)
    item.LUTDescriptor = [4096, 0, 8]
    refused(dicom_file(tmp_path / "a.dcm", BRIGHT8, VOILUTSequence=[item]), "states 4096 entries and holds 10", "none")


@pytest.mark.parametrize(
    ("suffix", "said"), [(".png", "truncated: its end"), (".jpg", "truncated: its end"), (".tif", "cannot be decoded")]
)
def test_a_truncated_raster_file(tmp_path, suffix, said):
    noise = np.random.default_rng(0).integers(0, 255, (80, 80)).astype(np.uint8)
    data = cv2.imencode(suffix, noise)[1].tobytes()
    (tmp_path / f"a{suffix}").write_bytes(data[: len(data) // 2])
    refused(tmp_path / f"a{suffix}", said, "truncated")


@pytest.mark.parametrize("suffix", ["nii", "nii.gz", "nrrd", "mha"])
def test_a_truncated_itk_file(tmp_path, suffix):
    noise = np.random.default_rng(0).integers(0, 255, (80, 80)).astype(np.uint8)
    sitk.WriteImage(sitk.GetImageFromArray(noise), str(tmp_path / f"whole.{suffix}"))
    data = (tmp_path / f"whole.{suffix}").read_bytes()
    (tmp_path / f"a.{suffix}").write_bytes(data[: len(data) * 2 // 3])
    refused(tmp_path / f"a.{suffix}", "truncated|cannot be read")


@pytest.mark.parametrize("suffix", ["nii.gz", "nrrd", "mha"])
def test_a_volume(tmp_path, suffix):
    sitk.WriteImage(sitk.GetImageFromArray(np.zeros((12, 10, 8), dtype=np.int16)), str(tmp_path / f"a.{suffix}"))
    refused(tmp_path / f"a.{suffix}", "volume of 8 x 10 x 12", "reference")


def test_a_colour_or_vector_itk_image(tmp_path):
    sitk.WriteImage(sitk.GetImageFromArray(COLOUR, isVector=True), str(tmp_path / "a.nrrd"))
    refused(tmp_path / "a.nrrd", "colour image")
    sitk.WriteImage(sitk.GetImageFromArray(np.zeros((9, 9, 6)), isVector=True), str(tmp_path / "b.nrrd"))
    refused(tmp_path / "b.nrrd", "vectors")
    sitk.WriteImage(sitk.GetImageFromArray(np.zeros((9, 9), dtype=np.complex64)), str(tmp_path / "c.nrrd"))
    refused(tmp_path / "c.nrrd", "complex")


def test_a_constant_image(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.full((20, 20), 9, dtype=np.uint8))
    refused(tmp_path / "a.png", "constant")
    refused(dicom_file(tmp_path / "a.dcm", np.full((20, 20), 9, dtype=np.uint8)), "constant")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_no_numbers(tmp_path, bad):
    values = chest().astype(np.float32)
    values[3, 4] = bad
    sitk.WriteImage(sitk.GetImageFromArray(values), str(tmp_path / "a.nrrd"))
    refused(tmp_path / "a.nrrd", "NaN")
    cv2.imwrite(str(tmp_path / "a.tif"), values)
    refused(tmp_path / "a.tif", "NaN")


@pytest.mark.parametrize("spacing", [0, -1.0, (0.1, 0), (0.1, float("nan")), (1, 2, 3), "wide", (1, float("inf"))])
def test_an_impossible_spacing_from_the_caller(tmp_path, spacing):
    cv2.imwrite(str(tmp_path / "a.png"), BRIGHT8)
    refused(tmp_path / "a.png", "Spacing", "row, column", spacing=spacing)


@pytest.mark.parametrize(("argument", "value"), [("view", "top"), ("voi", "bright"), ("voi", -1), ("polarity", "")])
def test_an_argument_that_does_not_exist(tmp_path, argument, value):
    cv2.imwrite(str(tmp_path / "a.png"), BRIGHT8)
    refused(tmp_path / "a.png", argument if argument != "voi" else "VOI", "choose", **{argument: value})


def test_a_damaged_attribute_is_dropped_with_a_warning_and_the_rest_is_read(tmp_path):
    file = dicom_file(tmp_path / "a.dcm", BRIGHT8, WindowCenter="128", WindowWidth="256", FrameTime="33")
    content = file.read_bytes()
    assert content.count(b"128 ") == 1
    file.write_bytes(content.replace(b"128 ", b"1x8 "))
    image = read_radiograph(file)
    np.testing.assert_array_equal(image.pixels[0], BRIGHT8)
    assert any("1050" in warning and "damaged" in warning for warning in image.warnings)


def test_a_transfer_syntax_that_is_none(tmp_path):
    file = dicom_file(tmp_path / "a.dcm", BRIGHT8)
    file.write_bytes(file.read_bytes().replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.9.9.9\0"))
    refused(file, "unknown transfer syntax", "uncompressed")


def test_headers_with_random_damage_never_raise_anything_else(tmp_path):
    whole = dicom_file(
        tmp_path / "whole.dcm",
        BRIGHT8,
        WindowCenter="128",
        WindowWidth="256",
        RescaleSlope="2",
        RescaleIntercept="1",
        PixelPaddingValue=0,
        ImagerPixelSpacing=["0.1", "0.2"],
        VOILUTSequence=[lookup_item(0, np.arange(256), 8)],
    ).read_bytes()
    rng = np.random.default_rng(0)
    read = 0
    for _ in range(150):
        damaged = bytearray(whole)
        for place in rng.integers(132, 1200, size=4):
            damaged[place] = rng.integers(0, 256)
        (tmp_path / "a.dcm").write_bytes(damaged)
        try:
            read_radiograph(tmp_path / "a.dcm")
            read += 1
        except XrayToCTError:
            pass
    assert 0 < read < 150
