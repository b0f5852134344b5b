"""NIfTI files that are cut off or hold NaN: ITK reads zeros there, and zero HU is water."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

import XrayToCTLib as x2ct
from XrayToCTLib.commands.compare_options import read_mask
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.nifti_file import check_nifti_file, read_image_file
from XrayToCTLib.reader_study.study_image import read_study_image

READERS: list[Callable[[Path], object]] = [
    x2ct.read_stack,
    x2ct.read_reference,
    x2ct.project,
    read_study_image,
    read_mask,
]


def volume(path: Path, *, kind: type = np.float32, bad: float | None = None) -> Path:
    hu = np.random.default_rng(0).uniform(-1000, 1000, (12, 14, 16)).astype(kind)
    if bad is not None:
        hu[-1, -1, -1] = bad
    sitk.WriteImage(sitk.GetImageFromArray(hu), str(path))
    return path


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_a_truncated_nifti_is_refused_by_every_reader(tmp_path: Path, suffix: str, reader: Callable[[Path], object]):
    path = volume(tmp_path / f"a{suffix}", kind=np.int16)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(XrayToCTError, match="truncated") as error:
        reader(path)
    assert "again" in error.value.hint


@pytest.mark.parametrize("reader", [*READERS, x2ct.read_radiograph])
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_a_nifti_with_nan_is_refused_by_every_reader(tmp_path: Path, suffix: str, reader: Callable[[Path], object]):
    with pytest.raises(XrayToCTError, match="NaN") as error:
        reader(volume(tmp_path / f"a{suffix}", bad=np.nan))
    assert "Replace" in error.value.hint


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.float32, np.float64])
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".nrrd", ".mha"])
def test_whole_files_pass(tmp_path: Path, suffix: str, kind: type):
    check_nifti_file(volume(tmp_path / f"a{suffix}", kind=kind))


def test_numbers_are_looked_at_across_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("XrayToCTLib.nifti_file._BLOCK", 333)  # no multiple of a number's bytes
    check_nifti_file(volume(tmp_path / "a.nii.gz"))
    with pytest.raises(XrayToCTError, match="NaN"):
        check_nifti_file(volume(tmp_path / "b.nii.gz", kind=np.float64, bad=np.inf))
    path = volume(tmp_path / "c.nii")
    path.write_bytes(path.read_bytes() + np.full(9, np.nan, np.float32).tobytes())  # behind the voxels: nobody's
    check_nifti_file(path)


def test_what_is_no_nifti_is_left_to_its_reader(tmp_path: Path):
    (tmp_path / "a.nii.gz").write_bytes(b"\x1f\x8b no gzip")
    (tmp_path / "b.nii").write_bytes(b"")
    for path in tmp_path.iterdir():
        check_nifti_file(path)


def test_a_header_that_makes_no_sense_is_damage(tmp_path: Path):
    path = volume(tmp_path / "a.nii")
    content = bytearray(path.read_bytes())
    content[108:112] = np.float32(np.nan).tobytes()  # where the voxels begin
    path.write_bytes(content)
    with pytest.raises(XrayToCTError, match="damaged"):
        check_nifti_file(path)


@pytest.mark.parametrize("suffix", [".nii.gz", ".NII.GZ"])
def test_a_neighbour_of_the_same_name_does_not_lend_its_voxels(tmp_path: Path, suffix: str):
    """The NIfTI library takes the voxels of a.nii for those of a.nii.gz."""
    path = volume(tmp_path / "a.nii.gz")
    path = path.rename(path.with_name(f"a{suffix}"))
    alone = sitk.GetArrayFromImage(read_image_file(path))
    other = sitk.GetImageFromArray(np.full(alone.shape, 7, np.float32))
    sitk.WriteImage(other, str(tmp_path / "b.nii"))
    (tmp_path / "b.nii").rename(tmp_path / f"a{suffix[:4]}")
    np.testing.assert_array_equal(sitk.GetArrayFromImage(read_image_file(path)), alone)
    np.testing.assert_array_equal(x2ct.read_stack(path).hu, alone)
    np.testing.assert_array_equal(read_study_image(path).voxels, alone)
    assert np.ptp(x2ct.read_reference(path, modality="CT", keep_table=True).volume.hu) > 1000
    assert {file.name for file in tmp_path.iterdir()} == {f"a{suffix}", f"a{suffix[:4]}"}
