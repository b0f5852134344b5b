"""A stack as DICOM: an archive takes it, Slicer reads its geometry, and nobody takes it for a CT."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

import XrayToCTLib as x2ct
from XrayToCTLib import CtStack, XrayToCTError
from XrayToCTLib.dicom import write_dx
from XrayToCTLib.radiograph import IntensityScale, Radiograph, SpacingSource, View

pydicom = pytest.importorskip("pydicom")

HU = (np.arange(4 * 5 * 6).reshape(4, 5, 6) * 10.0 - 1000.0).astype(np.float32)


def a_stack(view: View = View.PA, **provenance: str) -> CtStack:
    return CtStack(HU, (2.0, 3.0), 20.0, view, provenance=provenance, warnings=("Depth is a guess.",))


@pytest.fixture
def radiograph_file(tmp_path: Path) -> Path:
    pixels = np.linspace(0, 5, 30, dtype=np.float32).reshape(1, 5, 6)
    radiograph = Radiograph(
        pixels, (2.0, 3.0), SpacingSource.CALLER, IntensityScale.LINE_INTEGRAL, "made up", "1.2", view=View.PA
    )
    path = write_dx(
        radiograph,
        tmp_path / "chest.dcm",
        patient_id="P-17",
        patient_name="Müller^Jürgen",
        derivation="Made up for a test.",
        study_description="A study",
    )
    dataset = pydicom.dcmread(path)
    dataset.PatientBirthDate, dataset.AccessionNumber = "19700102", "A1"
    dataset.save_as(path)
    return path


def stack_of(path: Path) -> CtStack:
    radiograph = x2ct.read_radiograph(path)
    return a_stack(
        source=str(path),
        source_identity=radiograph.identity,
        source_frame="0",
        model_id="m",
        model_version="1.2.0",
        model_variant="fast",
    )


def conforms(path: Path) -> None:
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy is not installed")
    checked = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
    # The edition that it knows is older than Synthetic Data, (0008,001C); and DICOMDIR is about media, not archives.
    known = ("0x0008,0x001c", "Standard Extended SOP Class", "DICOMDIR")
    lines = [line for line in checked.stderr.splitlines() if line.startswith(("Error", "Warning"))]
    complaints = [line for line in lines if not any(word in line for word in known)]
    assert not complaints, complaints


def test_patient_and_study_are_those_of_the_radiograph_and_the_series_is_new(
    radiograph_file: Path, tmp_path: Path
) -> None:
    written = pydicom.dcmread(x2ct.write_dicom(stack_of(radiograph_file), tmp_path / "out"))
    source = pydicom.dcmread(radiograph_file)
    for keyword in ("PatientID", "PatientName", "PatientBirthDate", "StudyInstanceUID", "AccessionNumber"):
        assert written[keyword].value == source[keyword].value, keyword
    assert written.StudyDescription == "A study"
    assert written.SeriesInstanceUID != source.SeriesInstanceUID
    assert written.SourceImageSequence[0].ReferencedSOPInstanceUID == source.SOPInstanceUID
    assert written.BodyPartExamined == "CHEST"


def test_it_says_what_it_is_wherever_one_may_look(radiograph_file: Path, tmp_path: Path) -> None:
    written = pydicom.dcmread(x2ct.write_dicom(stack_of(radiograph_file), tmp_path))
    assert written.Modality == "OT"
    assert written.SOPClassUID.name == "Multi-frame Grayscale Word Secondary Capture Image Storage"
    assert "NOT FOR DIAGNOSTIC USE" in written.SeriesDescription
    assert list(written.ImageType[:2]) == ["DERIVED", "SECONDARY"]
    assert written[0x0008001C].value == "YES"
    assert written.DerivationDescription.startswith("SYNTHETIC, NO CT.")
    assert "Depth is a guess." in written.ImageComments
    assert written.ContributingEquipmentSequence[0].ManufacturerModelName == "m@1.2.0:fast"
    assert written.RescaleType == "US", "no viewer shall print HU beside a value"


@pytest.mark.parametrize("view", list(View))
def test_values_and_geometry_are_read_back_by_other_software(view: View, tmp_path: Path) -> None:
    path = x2ct.write_dicom(a_stack(view), tmp_path, patient_id="P")
    image = sitk.ReadImage(str(path))
    array = sitk.GetArrayFromImage(image)
    backwards = view is View.AP
    np.testing.assert_array_equal(array, HU[::-1] if backwards else HU)
    assert image.GetSpacing() == (3.0, 2.0, 20.0)
    # The same voxel at the same place: the slab nearest to the detector is anterior in a PA view, posterior in AP.
    towards_source = {View.PA: (0, 1, 0), View.AP: (0, -1, 0), View.LATERAL: (-1, 0, 0)}[view]
    index = (0, 0, 3 if backwards else 0)
    first = np.array(image.TransformIndexToPhysicalPoint(index))
    last = np.array(image.TransformIndexToPhysicalPoint((0, 0, 3 - index[2])))
    np.testing.assert_allclose((last - first) / 60.0, towards_source, atol=1e-6)
    centre = image.TransformContinuousIndexToPhysicalPoint((2.5, 2.0, 1.5))
    np.testing.assert_allclose(centre, 0.0, atol=1e-6)
    down = np.array(image.TransformIndexToPhysicalPoint((0, 1, 0))) - image.TransformIndexToPhysicalPoint((0, 0, 0))
    np.testing.assert_allclose(down, (0.0, 0.0, -2.0), atol=1e-6)


def test_a_given_oblique_geometry_is_kept(tmp_path: Path) -> None:
    turn = np.deg2rad(30.0)
    rotation = np.array(((np.cos(turn), -np.sin(turn), 0), (np.sin(turn), np.cos(turn), 0), (0, 0, 1.0)))
    matrix = np.eye(4)
    matrix[:3, :3] = rotation @ np.diag((3.0, 2.0, 20.0))
    matrix[:3, 3] = (11.0, -7.0, 5.0)
    image = sitk.ReadImage(str(x2ct.write_dicom(a_stack(), tmp_path, patient_id="P", ijk_to_lps=matrix)))
    for index in ((0, 0, 0), (5, 4, 3), (2, 1, 3)):
        wanted = (matrix @ (*index, 1.0))[:3]
        np.testing.assert_allclose(image.TransformIndexToPhysicalPoint(index), wanted, atol=1e-4)


def test_every_frame_says_which_slab_it_is(tmp_path: Path) -> None:
    written = pydicom.dcmread(x2ct.write_dicom(a_stack(View.AP), tmp_path, patient_id="P"))
    assert list(written.FrameLabelVector) == [f"slab {k} of 4" for k in (4, 3, 2, 1)]
    assert list(written.SliceLocationVector) == [60.0, 40.0, 20.0, 0.0]


@pytest.mark.parametrize("view", list(View))
def test_the_standard_s_own_checker_finds_nothing(view: View, radiograph_file: Path, tmp_path: Path) -> None:
    conforms(x2ct.write_dicom(a_stack(view, source=str(radiograph_file)), tmp_path))


def test_one_slab_alone_conforms_too(radiograph_file: Path, tmp_path: Path) -> None:
    one = CtStack(HU[:1].copy(), (2.0, 3.0), 320.0, View.PA, provenance={"source": str(radiograph_file)})
    conforms(x2ct.write_dicom(one, tmp_path))


def test_highdicom_finds_the_same_volume(tmp_path: Path) -> None:
    highdicom: Any = pytest.importorskip("highdicom", exc_type=ImportError)  # it wants pydicom 3
    volume = highdicom.imread(x2ct.write_dicom(a_stack(), tmp_path, patient_id="P")).get_volume()
    array = np.asarray(volume.array).squeeze()
    for slab, row, column in ((0, 0, 0), (3, 4, 5), (1, 2, 3)):
        place = ((column - 2.5) * 3.0, (slab - 1.5) * 20.0, (2.0 - row) * 2.0, 1.0)  # LPS of a PA view
        index = np.rint(np.linalg.inv(volume.affine) @ place)[:3].astype(int)
        assert array[tuple(index)] == HU[slab, row, column]


def test_hu_are_rounded_and_the_lowest_are_held(tmp_path: Path) -> None:
    hu = np.array([[[-3000.0, -1024.4, 0.6, 3071.0]]], np.float32)
    stack = CtStack(hu, (1.0, 1.0), 20.0, View.PA)
    image = sitk.ReadImage(str(x2ct.write_dicom(stack, tmp_path, patient_id="P")))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image).ravel(), (-1024, -1024, 1, 3071))


def test_what_was_once_compressed_with_loss_still_says_so(radiograph_file: Path, tmp_path: Path) -> None:
    dataset = pydicom.dcmread(radiograph_file)
    dataset.LossyImageCompression, dataset.LossyImageCompressionRatio = "01", "12"
    dataset.LossyImageCompressionMethod = "ISO_15444_1"
    dataset.save_as(radiograph_file)
    written = pydicom.dcmread(x2ct.write_dicom(stack_of(radiograph_file), tmp_path))
    assert (written.LossyImageCompression, float(written.LossyImageCompressionRatio)) == ("01", 12.0)


def test_without_a_patient_nothing_is_written(tmp_path: Path) -> None:
    for stack in (a_stack(), a_stack(source=str(tmp_path / "gone.png"))):
        with pytest.raises(XrayToCTError, match="Pass patient_id="):
            x2ct.write_dicom(stack, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_another_image_in_the_source_s_place_gives_no_identity(radiograph_file: Path, tmp_path: Path) -> None:
    stack = a_stack(source=str(radiograph_file), source_identity="9.9.9")
    with pytest.raises(XrayToCTError, match="names no patient"):
        x2ct.write_dicom(stack, tmp_path)


def test_a_file_that_is_there_is_kept_unless_it_may_be_replaced(tmp_path: Path) -> None:
    path = x2ct.write_dicom(a_stack(source="/data/a b.png"), tmp_path, patient_id="P")
    assert path.name == "a-b-ct-like-stack.dcm"
    before = path.read_bytes()
    with pytest.raises(XrayToCTError, match="exists already"):
        x2ct.write_dicom(a_stack(source="/data/a b.png"), tmp_path, patient_id="P")
    assert path.read_bytes() == before
    x2ct.write_dicom(a_stack(source="/data/a b.png"), tmp_path, patient_id="P", overwrite=True)
    assert [item.name for item in tmp_path.iterdir()] == [path.name], "no temporary file is left"


def test_a_sheared_or_flat_geometry_is_refused(tmp_path: Path) -> None:
    sheared = np.eye(4)
    sheared[0, 2] = 0.5
    with pytest.raises(XrayToCTError, match="not square"):
        x2ct.write_dicom(a_stack(), tmp_path, patient_id="P", ijk_to_lps=sheared)
    with pytest.raises(XrayToCTError, match="no usable geometry"):
        x2ct.write_dicom(a_stack(), tmp_path, patient_id="P", ijk_to_lps=np.zeros((4, 4)))


def test_a_source_that_is_no_dicom_file_and_a_folder_that_is_a_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(XrayToCTError, match="is no DICOM file"):
        x2ct.write_dicom(a_stack(), tmp_path, source=tmp_path / "a.png")
    with pytest.raises(XrayToCTError, match="cannot be made"):
        x2ct.write_dicom(a_stack(), tmp_path / "a.png" / "sub", patient_id="P")


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.skipif(pydicom.__version__ < "3", reason="older pydicom takes the pixels as one block of bytes")
def test_writing_holds_no_second_copy_of_the_stack(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
import numpy as np
from XrayToCTLib import CtStack, write_dicom
from XrayToCTLib.radiograph import View
def peak():
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) * 1024
def write(side):
    hu = np.full((16, side, side), 40.0, np.float32)
    before = peak()
    write_dicom(CtStack(hu, (0.5, 0.5), 20.0, View.PA), sys.argv[1], patient_id="P", name=f"{side}.dcm")
    return (peak() - before) / hu.nbytes
write(8)  # imports
print(write(700))
"""
    root = Path(x2ct.__file__).parents[1]
    command = [sys.executable, "-c", script, str(tmp_path)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert float(done.stdout) < 0.25  # one copy of the stored values would be 0.5
    written = pydicom.dcmread(tmp_path / "700.dcm").pixel_array
    assert written.shape == (16, 700, 700) and (written == 40 + 1024).all()
