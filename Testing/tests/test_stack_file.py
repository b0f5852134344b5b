"""Stack files: what is written can be read, and nothing is half-written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from XrayToCTLib import read_stack, write_stack
from XrayToCTLib.ct_stack import CtStack
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.radiograph import View
from XrayToCTLib.translation import stack_file
from XrayToCTLib.translation.stack_file import stack_suffix

SUFFIXES = [".nrrd", ".nii.gz", ".nii", ".mha"]


def make_stack(**changes: object) -> CtStack:
    hu = np.random.default_rng(0).uniform(-1024, 1476, (4, 5, 6)).astype(np.float32)
    stack = CtStack(
        hu=hu,
        spacing=(0.5, 0.25),
        slab_thickness=20.0,
        view=View.AP,
        provenance={"model_id": "tiny", "device": "cpu", "source": "/data/Müller – 1.dcm"},
        warnings=("First warning.", "Second: 3 = 4.\nWith a line break."),
    )
    return replace(stack, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_stack_survives_the_file(tmp_path: Path, suffix: str):
    stack = make_stack()
    path = write_stack(stack, tmp_path / f"stack{suffix}")
    assert path == tmp_path / f"stack{suffix}"
    read = read_stack(path)
    assert read.hu.dtype == np.float32
    assert np.abs(read.hu - stack.hu).max() <= 0.5
    assert read.spacing == pytest.approx(stack.spacing)
    assert read.slab_thickness == pytest.approx(20.0)
    assert read.view is View.AP


@pytest.mark.parametrize("suffix", [".nrrd", ".mha"])
def test_provenance_and_warnings_survive_where_the_format_has_room(tmp_path: Path, suffix: str):
    stack = make_stack()
    read = read_stack(write_stack(stack, tmp_path / f"stack{suffix}"))
    assert dict(stack.provenance).items() <= dict(read.provenance).items()
    assert read.warnings == ("First warning.", "Second: 3 = 4. With a line break.")
    assert "Not for diagnostic use" in read.provenance["not_for_diagnostic_use"]


def test_the_third_axis_carries_the_slabs(tmp_path: Path):
    image = sitk.ReadImage(str(write_stack(make_stack(), tmp_path / "stack.nrrd")))
    assert image.GetSize() == (6, 5, 4)
    assert image.GetSpacing() == (0.25, 0.5, 20.0)
    assert image.GetPixelID() == sitk.sitkInt16


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_float_values_are_kept_when_asked(tmp_path: Path, suffix: str):
    stack = make_stack()
    read = read_stack(write_stack(stack, tmp_path / f"stack{suffix}", as_float=True))
    assert np.array_equal(read.hu, stack.hu)


def test_a_stack_of_one_slab_stays_a_stack(tmp_path: Path):
    one = make_stack(hu=np.zeros((1, 5, 6), np.float32))
    for suffix in SUFFIXES:
        assert read_stack(write_stack(one, tmp_path / f"one{suffix}")).hu.shape == (1, 5, 6)


def test_compression_makes_a_smaller_file_of_the_same_values(tmp_path: Path):
    stack = make_stack(hu=np.zeros((4, 100, 100), np.float32))
    plain = write_stack(stack, tmp_path / "plain.nrrd")
    small = write_stack(stack, tmp_path / "small.nrrd", compress=True)
    assert small.stat().st_size < plain.stat().st_size / 10
    assert np.array_equal(read_stack(small).hu, stack.hu)


def test_values_beyond_int16_are_clamped_not_wrapped(tmp_path: Path):
    hu = np.array([[[1e6, -1e6, 0.5, 1.5]]], np.float32)
    read = read_stack(write_stack(make_stack(hu=hu), tmp_path / "stack.nrrd"))
    assert read.hu.ravel().tolist() == [32767.0, -32768.0, 0.0, 2.0]


@pytest.mark.parametrize("name", ["stack.png", "stack.dcm", "stack", ".nrrd", "stack.nrrd.zip"])
def test_another_suffix_is_refused(tmp_path: Path, name: str):
    assert stack_suffix(name) is None
    with pytest.raises(XrayToCTError, match=r"\.nrrd"):
        write_stack(make_stack(), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_the_radiograph_itself_is_never_replaced(tmp_path: Path):
    radiograph = tmp_path / "chest.nrrd"
    radiograph.write_bytes(b"the only copy")
    stack = make_stack(provenance={"source": str(radiograph)})
    with pytest.raises(XrayToCTError, match="radiograph itself"):
        write_stack(stack, tmp_path / "." / "chest.nrrd")
    assert radiograph.read_bytes() == b"the only copy"


def test_a_file_is_replaced_unless_that_is_forbidden(tmp_path: Path):
    path = write_stack(make_stack(), tmp_path / "stack.nrrd")
    with pytest.raises(XrayToCTError, match="exists already"):
        write_stack(make_stack(), path, overwrite=False)
    write_stack(make_stack(slab_thickness=10.0), path)
    assert read_stack(path).slab_thickness == 10.0


def test_a_missing_folder_is_refused(tmp_path: Path):
    with pytest.raises(XrayToCTError, match="no folder"):
        write_stack(make_stack(), tmp_path / "missing" / "stack.nrrd")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = write_stack(make_stack(), tmp_path / "stack.nrrd")
    before = path.read_bytes()

    def fail(image: sitk.Image, target: str, **_: object) -> None:
        Path(target).write_bytes(b"half")
        raise RuntimeError("ITK ERROR: no space left on device")

    monkeypatch.setattr(sitk, "WriteImage", fail)
    with pytest.raises(XrayToCTError, match="no space left"):
        write_stack(make_stack(), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_stack_of_another_program_is_read_with_a_warning(tmp_path: Path):
    image = sitk.GetImageFromArray(np.zeros((3, 4, 5), np.float64))
    image.SetSpacing((1.0, 2.0, 15.0))
    sitk.WriteImage(image, str(tmp_path / "other.nrrd"))
    read = read_stack(tmp_path / "other.nrrd")
    assert read.spacing == (2.0, 1.0)
    assert read.slab_thickness == 15.0
    assert "does not say that it is a stack" in read.warnings[0]


def test_what_is_no_stack_is_refused(tmp_path: Path):
    (tmp_path / "text.nrrd").write_text("not an image")
    sitk.WriteImage(sitk.GetImageFromArray(np.zeros((4, 5), np.int16)), str(tmp_path / "flat.nrrd"))
    colour = sitk.GetImageFromArray(np.zeros((3, 4, 5, 3), np.uint8), isVector=True)
    sitk.WriteImage(colour, str(tmp_path / "colour.nrrd"))
    broken = sitk.GetImageFromArray(np.full((3, 4, 5), np.nan, np.float32))
    sitk.WriteImage(broken, str(tmp_path / "nan.nrrd"))
    for name in ("missing.nrrd", "text.nrrd", "flat.nrrd", "colour.nrrd", "nan.nrrd"):
        with pytest.raises(XrayToCTError, match=name):
            read_stack(tmp_path / name)


def test_a_truncated_stack_is_refused(tmp_path: Path):
    path = write_stack(make_stack(hu=np.zeros((4, 64, 64), np.float32)), tmp_path / "stack.nrrd")
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(XrayToCTError, match=r"stack\.nrrd"):
        read_stack(path)


@pytest.mark.parametrize("suffix", [".nrrd", ".nii", ".mha"])
@pytest.mark.parametrize("shape", [(4, 5, 6), (1, 5, 6), (3, 1, 7)])
@pytest.mark.parametrize("as_float", [False, True])
def test_a_streamed_file_is_the_file_that_itk_would_write(
    tmp_path: Path, suffix: str, shape: tuple[int, int, int], as_float: bool, monkeypatch: pytest.MonkeyPatch
):
    hu = np.random.default_rng(1).uniform(-40000, 40000, shape).astype(np.float32)
    stack = make_stack(hu=hu)
    streamed = write_stack(stack, tmp_path / f"streamed{suffix}", as_float=as_float)
    monkeypatch.setattr(stack_file, "can_stream", lambda *_: False)
    whole = write_stack(stack, tmp_path / f"whole{suffix}", as_float=as_float)
    assert streamed.read_bytes() == whole.read_bytes()


def test_a_nifti_longer_than_its_header_can_say_is_left_to_itk():
    assert not stack_file.can_stream(".nii", (1, 40000, 2))
    assert stack_file.can_stream(".nrrd", (1, 40000, 2))
    assert not stack_file.can_stream(".nii.gz", (1, 2, 2))


def test_a_disk_that_fills_up_within_a_stack_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def fill_up(stub: object, path: Path, *_: object) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(stack_file, "write_streamed", fill_up)
    with pytest.raises(XrayToCTError, match="No space left"):
        write_stack(make_stack(), tmp_path / "stack.nrrd")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("view", "suffix", "columns", "slabs"),
    [
        (View.PA, ".nrrd", (1, 0, 0), (0, 1, 0)),
        (View.AP, ".nii", (1, 0, 0), (0, -1, 0)),
        (View.LATERAL, ".mha", (0, 1, 0), (-1, 0, 0)),
    ],
)
def test_an_anatomical_file_lies_as_the_patient_stood_about_the_origin(
    tmp_path: Path, view: View, suffix: str, columns: tuple[int, ...], slabs: tuple[int, ...]
) -> None:
    stack = make_stack(view=view)
    image = sitk.ReadImage(str(write_stack(stack, tmp_path / f"stack{suffix}", anatomical=True)))
    directions = np.array(image.GetDirection()).reshape(3, 3).T  # LPS
    np.testing.assert_allclose(directions, (columns, (0, 0, -1), slabs), atol=1e-6)
    assert image.GetSpacing() == pytest.approx((0.25, 0.5, 20.0))
    middle = [(size - 1) / 2 for size in image.GetSize()]
    assert image.TransformContinuousIndexToPhysicalPoint(middle) == pytest.approx((0, 0, 0), abs=1e-5)
    np.testing.assert_allclose(sitk.GetArrayFromImage(image), stack.hu, atol=0.5)


@pytest.mark.parametrize("as_float", [False, True])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_stack_with_nan_is_not_written(tmp_path: Path, suffix: str, as_float: bool):
    stack = make_stack()
    stack.hu[2, 3, 4] = np.nan
    with pytest.raises(XrayToCTError, match="NaN"):
        write_stack(stack, tmp_path / f"a{suffix}", as_float=as_float)
    assert not list(tmp_path.iterdir())
