"""Reading DICOM radiographs: every compression that a decoder exists for, and the ones that lack one."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import SimpleITK as sitk
from phantom_files import chest, dicom_dataset, dicom_file

from XrayToCTLib.dicom.pydicom_versions import save_dataset
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.readers import read_radiograph

pydicom = pytest.importorskip("pydicom")

STORED = np.rint(chest() * 4000).astype(np.uint16)
JPEG_LS = "1.2.840.10008.1.2.4.80"


def save_with(path, dataset, syntax, pixel_data):
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.UID(syntax)
    dataset.PixelData = pixel_data
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    save_dataset(dataset, path)
    return path


def gdcm_compressed(path, compressor):
    """STORED, lossless, encoded by GDCM: another maker's encoder than the decoders' own."""
    writer = sitk.ImageFileWriter()
    writer.SetImageIO("GDCMImageIO")
    writer.UseCompressionOn()
    writer.SetCompressor(compressor)
    writer.SetFileName(str(path))
    writer.Execute(sitk.GetImageFromArray(STORED[np.newaxis]))
    encoded = pydicom.dcmread(path)
    return save_with(path, dicom_dataset(STORED), encoded.file_meta.TransferSyntaxUID, encoded.PixelData)


def rle_compressed(path, stored=STORED):
    dataset = dicom_dataset(stored)
    dataset.is_little_endian, dataset.is_implicit_VR = True, False
    dataset.compress(pydicom.uid.RLELossless, encoding_plugin="pydicom")
    save_dataset(dataset, path)
    return path


@pytest.mark.parametrize("compressor", ["JPEG", "JPEG2000"])
def test_lossless_jpeg_and_jpeg_2000_decode_exactly(tmp_path, compressor):
    image = read_radiograph(gdcm_compressed(tmp_path / "a.dcm", compressor))
    np.testing.assert_array_equal(image.pixels[0], STORED)
    assert any("JPEG" in step for step in image.history)


def test_rle_decodes_exactly(tmp_path):
    np.testing.assert_array_equal(read_radiograph(rle_compressed(tmp_path / "a.dcm")).pixels[0], STORED)


def test_every_frame_of_a_compressed_cine_decodes_exactly(tmp_path):
    frames = np.stack([STORED, STORED[::-1], STORED // 2])
    np.testing.assert_array_equal(read_radiograph(rle_compressed(tmp_path / "a.dcm", frames)).pixels, frames)


def test_jpeg_ls_decodes_exactly(tmp_path):
    jpeg_ls = pytest.importorskip("jpeg_ls", reason="no JPEG-LS encoder")
    encoded = pydicom.encaps.encapsulate([bytes(jpeg_ls.encode_array(STORED))])
    file = save_with(tmp_path / "a.dcm", dicom_dataset(STORED), JPEG_LS, encoded)
    np.testing.assert_array_equal(read_radiograph(file).pixels[0], STORED)


def test_baseline_jpeg_of_8_bits_decodes_closely(tmp_path):
    cv2 = pytest.importorskip("cv2")
    stored = (STORED // 16).astype(np.uint8)
    encoded = pydicom.encaps.encapsulate([cv2.imencode(".jpg", stored, [cv2.IMWRITE_JPEG_QUALITY, 98])[1].tobytes()])
    file = save_with(tmp_path / "a.dcm", dicom_dataset(stored), "1.2.840.10008.1.2.4.50", encoded)
    assert np.abs(read_radiograph(file).pixels[0] - stored).mean() < 2


def test_big_endian_and_deflated_files_decode_exactly(tmp_path):
    deflated = dicom_dataset(STORED)
    deflated.file_meta.TransferSyntaxUID = pydicom.uid.DeflatedExplicitVRLittleEndian
    save_dataset(deflated, tmp_path / "deflated.dcm")
    np.testing.assert_array_equal(read_radiograph(tmp_path / "deflated.dcm").pixels[0], STORED)

    big = dicom_dataset(STORED.astype(">u2"))
    big.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRBigEndian
    big.is_little_endian, big.is_implicit_VR = False, False
    big.save_as(tmp_path / "big.dcm", write_like_original=False)
    np.testing.assert_array_equal(read_radiograph(tmp_path / "big.dcm").pixels[0], STORED)


@pytest.mark.parametrize("interpretation", ["MONOCHROME1", "MONOCHROME2"])
def test_without_plug_ins_the_decoder_of_simpleitk_gives_the_same_values(tmp_path, monkeypatch, interpretation):
    file = gdcm_compressed(tmp_path / "a.dcm", "JPEG")
    dataset = pydicom.dcmread(file)
    dataset.PhotometricInterpretation = interpretation
    dataset.RescaleSlope, dataset.RescaleIntercept = "2", "-7"
    dataset.save_as(file)
    with_plug_ins = read_radiograph(file)

    def no_plug_in(self):
        raise RuntimeError("no plug-in")

    monkeypatch.setattr(pydicom.dataset.Dataset, "pixel_array", property(no_plug_in))
    without = read_radiograph(file)
    assert any("GDCM" in step for step in without.history)
    assert not any("GDCM" in step for step in with_plug_ins.history)
    np.testing.assert_array_equal(without.pixels, with_plug_ins.pixels)


def test_a_compression_without_any_decoder_is_named_with_what_to_install(tmp_path):
    # JPIP: the pixels lie on a server; nothing here decodes them
    encoded = pydicom.encaps.encapsulate([b"\0" * 64])
    file = save_with(tmp_path / "a.dcm", dicom_dataset(STORED), "1.2.840.10008.1.2.4.94", encoded)
    with pytest.raises(XrayToCTError, match="No decoder for JPIP") as error:
        read_radiograph(file)
    assert "pip install pylibjpeg" in error.value.hint


def test_a_video_is_refused_as_such(tmp_path):
    encoded = pydicom.encaps.encapsulate([b"\0" * 64])
    file = save_with(tmp_path / "a.dcm", dicom_dataset(STORED), "1.2.840.10008.1.2.4.102", encoded)
    with pytest.raises(XrayToCTError, match="video"):
        read_radiograph(file)


@pytest.mark.parametrize("compressor", ["JPEG", "JPEG2000"])
def test_compressed_data_without_their_end_are_refused_or_warned_of(tmp_path, compressor):
    file = gdcm_compressed(tmp_path / "a.dcm", compressor)
    assert not any("end mark" in warning for warning in read_radiograph(file).warnings)
    dataset = pydicom.dcmread(file)
    half = len(dataset.PixelData) // 2
    dataset.PixelData = dataset.PixelData[:half] + b"\x55" * (len(dataset.PixelData) - half)
    dataset.save_as(file)
    try:
        warnings = read_radiograph(file).warnings
    except XrayToCTError as error:
        warnings = (str(error),)
    assert any("truncated or damaged" in warning for warning in warnings)


def test_compressed_data_that_are_noise_are_refused(tmp_path):
    noise = np.random.default_rng(0).bytes(500)
    file = save_with(
        tmp_path / "a.dcm", dicom_dataset(STORED), "1.2.840.10008.1.2.4.70", pydicom.encaps.encapsulate([noise])
    )
    with pytest.raises(XrayToCTError, match="cannot be decoded"):
        read_radiograph(file)


def test_a_compressed_file_that_ends_too_early_is_refused(tmp_path):
    whole = gdcm_compressed(tmp_path / "a.dcm", "JPEG").read_bytes()
    (tmp_path / "half.dcm").write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(XrayToCTError, match="truncated"):
        read_radiograph(tmp_path / "half.dcm")


def test_pydicom_is_loaded_only_when_a_dicom_file_is_read():
    import subprocess

    code = "import XrayToCTLib.readers, sys; sys.exit(int(any(m in sys.modules for m in ('pydicom', 'cv2', 'torch'))))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_real_compressed_samples_agree_with_gdcm(real_data):
    for file in sorted((real_data / "xray_dicom").glob("*.dcm")):
        ours = read_radiograph(file, voi="none").pixels[0]
        theirs = sitk.GetArrayFromImage(sitk.ReadImage(str(file), imageIO="GDCMImageIO")).squeeze().astype(np.float32)
        # ITK inverts MONOCHROME1 as well, about another middle; lossy JPEG 2000 decoders round differently
        np.testing.assert_allclose(ours - ours.min(), theirs - theirs.min(), atol=1)


def test_a_dicom_file_and_its_uncompressed_twin_read_alike(tmp_path):
    plain = read_radiograph(dicom_file(tmp_path / "plain.dcm", STORED)).pixels
    np.testing.assert_array_equal(read_radiograph(gdcm_compressed(tmp_path / "a.dcm", "JPEG2000")).pixels, plain)
