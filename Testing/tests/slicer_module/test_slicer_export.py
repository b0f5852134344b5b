"""Exports out of Slicer, and models into it."""

from __future__ import annotations

import threading
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
import slicer
import vtk
from phantom_files import dicom_file
from Testing.host import SlicerHost
from tiny_bundle import write_tiny_bundle
from XrayToCTLib import XrayToCTError, read_stack

from panel_driver import press, wait_until
from scene_probe import OBLIQUE, SPACING, add_volume, chest_values, ijk_to_ras

pydicom = pytest.importorskip("pydicom")
RAS_TO_LPS = np.diag((-1.0, -1.0, 1.0, 1.0))


@pytest.fixture
def logic(module: ModuleType) -> Any:
    return module.XrayToCTLogic()


@pytest.fixture
def from_file(host: SlicerHost, logic: Any, tmp_path: Path) -> Any:
    """The stack of a radiograph that was loaded from a DICOM file."""
    path = dicom_file(
        tmp_path / "chest.dcm",
        chest_values()[0],
        PatientID="P-5",
        StudyInstanceUID="1.2.840.99.1",
        ViewPosition="PA",
        **SPACING,
    )
    return logic.translate(host.load_volume(path), device="torch-cpu")


def corners(image: Any) -> np.ndarray:
    """LPS of the first and of the last voxel."""
    last = tuple(int(n) - 1 for n in image.GetSize())
    return np.array([image.TransformIndexToPhysicalPoint(index) for index in ((0, 0, 0), last)])


def lps(node: Any, index: tuple[float, float, float]) -> np.ndarray:
    return (RAS_TO_LPS @ ijk_to_ras(node) @ (*index, 1.0))[:3]


def test_dicom_carries_the_patient_of_the_radiograph_and_the_slabs_as_the_patient_stood(
    logic: Any, from_file: Any, tmp_path: Path
) -> None:
    path = logic.exportDicom(from_file, tmp_path / "out")
    written, source = pydicom.dcmread(path), pydicom.dcmread(tmp_path / "chest.dcm")
    assert (written.PatientID, written.StudyInstanceUID) == ("P-5", source.StudyInstanceUID)
    assert written.SourceImageSequence[0].ReferencedSOPInstanceUID == source.SOPInstanceUID
    image = sitk.ReadImage(str(path))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image), slicer.util.arrayFromVolume(from_file))
    # Loaded from a file, the node lies in an axial plane; a PA view is coronal.
    np.testing.assert_allclose(image.GetDirection(), (1, 0, 0, 0, 0, 1, 0, -1, 0), atol=1e-6)
    assert image.GetSpacing() == pytest.approx((2.5, 3.5, 50.0))


def test_a_geometry_that_can_be_the_patient_s_is_kept_with_its_transform(logic: Any, tmp_path: Path) -> None:
    coronal = np.array([[-2.5, 0, 0, 100.0], [0, 0, -1.25, 50.0], [0, -3.5, 0, 120.0], [0, 0, 0, 1.0]])
    stack = logic.translate(add_volume(chest_values(), coronal), device="torch-cpu")
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    moved = np.eye(4)
    moved[:3, 3] = (7.0, -8.0, 9.0)
    transform.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(moved))
    stack.SetAndObserveTransformNodeID(transform.GetID())
    image = sitk.ReadImage(str(logic.exportDicom(stack, tmp_path, patientId="P")))
    wanted = [(RAS_TO_LPS @ moved @ ijk_to_ras(stack) @ (*index, 1.0))[:3] for index in ((0, 0, 0), (79, 95, 3))]
    np.testing.assert_allclose(sorted(map(tuple, corners(image))), sorted(map(tuple, wanted)), atol=1e-4)


def test_a_transform_that_bends_is_refused(logic: Any, tmp_path: Path) -> None:
    stack = logic.translate(add_volume(chest_values()), device="torch-cpu")
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTransformNode")
    node.SetAndObserveTransformToParent(vtk.vtkThinPlateSplineTransform())
    stack.SetAndObserveTransformNodeID(node.GetID())
    with pytest.raises(XrayToCTError, match="bends it"):
        logic.exportStack(stack, tmp_path)


def test_a_radiograph_without_a_patient_needs_an_id(logic: Any, tmp_path: Path) -> None:
    stack = logic.translate(add_volume(chest_values()), device="torch-cpu")
    with pytest.raises(XrayToCTError, match="names no patient"):
        logic.exportDicom(stack, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert pydicom.dcmread(logic.exportDicom(stack, tmp_path / "out", patientId="P-6")).PatientID == "P-6"


def test_nrrd_lies_where_the_oblique_node_lies_and_knows_where_it_came_from(
    host: SlicerHost, logic: Any, tmp_path: Path
) -> None:
    stack = logic.translate(add_volume(chest_values(), OBLIQUE), device="torch-cpu")
    path = logic.exportStack(stack, tmp_path / "new" / "folder")
    image = sitk.ReadImage(str(path))
    for index in ((0, 0, 0), (79, 95, 3), (5, 6, 2)):
        np.testing.assert_allclose(image.TransformIndexToPhysicalPoint(index), lps(stack, index), atol=1e-4)
    assert read_stack(path).provenance["model_id"] == "tiny"
    back = host.load_volume(path)
    np.testing.assert_allclose(ijk_to_ras(back), ijk_to_ras(stack), atol=1e-4)


def test_a_picture_shows_radiograph_and_slab(logic: Any, from_file: Any, tmp_path: Path) -> None:
    path = logic.exportPicture(from_file, tmp_path, slab=1, window="Lung")
    assert path.name.endswith("slab 2 lung.png")
    pixels = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
    half = pixels.shape[1] // 2
    assert pixels[:, :half].std() > 10 and pixels[:, half:].std() > 5
    with pytest.raises(XrayToCTError, match="There is no slab 9"):
        logic.exportPicture(from_file, tmp_path, slab=9)


def test_files_that_are_there_are_kept_unless_they_may_be_replaced(logic: Any, from_file: Any, tmp_path: Path) -> None:
    for export in (logic.exportDicom, logic.exportStack, logic.exportPicture):
        path = export(from_file, tmp_path)
        before = path.stat().st_mtime_ns
        with pytest.raises(XrayToCTError, match="exists already"):
            export(from_file, tmp_path)
        assert path.stat().st_mtime_ns == before
        export(from_file, tmp_path, overwrite=True)


def test_nothing_to_export_and_nowhere_to_export_to_are_said(logic: Any, from_file: Any, tmp_path: Path) -> None:
    with pytest.raises(XrayToCTError, match="No stack is chosen"):
        logic.exportDicom(None, tmp_path)
    with pytest.raises(XrayToCTError, match="No folder is chosen"):
        logic.exportStack(from_file, "")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(XrayToCTError, match="cannot be made"):
        logic.exportStack(from_file, tmp_path / "file" / "sub")


@pytest.fixture
def own_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XRAYTOCT_MODELS", str(tmp_path / "own"))
    return tmp_path / "own"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = write_tiny_bundle(tmp_path / "made" / "other", id="other", title="Another model").folder
    path = tmp_path / "other.zip"
    with zipfile.ZipFile(path, "w") as opened:
        for file in folder.iterdir():
            opened.write(file, file.name)
    return path


def test_a_model_is_imported_by_a_verb(logic: Any, own_models: Path, archive: Path) -> None:
    assert logic.importModel(archive).name == "other@0.1.0"
    assert [card.id for card in logic.models()] == ["other"]
    with pytest.raises(XrayToCTError, match="SHA-256 differs"):
        logic.importModel(archive, "0" * 64)


@pytest.fixture
def panel(gui: SlicerHost) -> Any:
    found = gui.open_panel("XrayToCT")
    found.ui.inputSelector.setCurrentNode(add_volume(chest_values()))
    press(found)
    return found


def pressed(panel: Any, button: str) -> str:
    getattr(panel.ui, button).click()
    wait_until(lambda: not panel.sections.loaded["ExportSection"].running, button)
    return panel.ui.exportStatusLabel.text


def test_press_dicom_nrrd_and_picture_and_read_where_they_are(panel: Any, tmp_path: Path) -> None:
    assert not panel.ui.exportDicomButton.enabled
    assert "Choose the folder" in panel.ui.exportDicomButton.toolTip
    panel.ui.exportFolderPathEdit.setCurrentPath(str(tmp_path / "out"))
    assert panel.parameterNode().exportFolder == str(tmp_path / "out")
    assert "Fill in the patient ID" in pressed(panel, "exportDicomButton")
    panel.ui.exportPatientLineEdit.setText("P-7")
    assert "Wrote" in pressed(panel, "exportDicomButton")
    assert "Wrote" in pressed(panel, "exportStackButton")
    assert "Wrote" in pressed(panel, "exportPictureButton")
    assert {path.suffix for path in (tmp_path / "out").iterdir()} == {".dcm", ".nrrd", ".png"}
    assert "exists already. Choose another name, or allow replacing files." in pressed(panel, "exportStackButton")
    panel.ui.exportOverwriteCheckBox.setChecked(True)
    assert "Wrote" in pressed(panel, "exportStackButton")


def test_a_cancelled_export_leaves_no_file_and_no_folder(
    panel: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import XrayToCTPanel.export_run as export_run

    go_on, write = threading.Event(), export_run.write_stack
    written = []

    def held(*arguments: Any, **options: Any) -> Path:
        go_on.wait(30)
        written.append(write(*arguments, **options))
        return written[0]

    monkeypatch.setattr(export_run, "write_stack", held)
    panel.ui.exportCollapsibleButton.collapsed = False
    panel.ui.exportFolderPathEdit.setCurrentPath(str(tmp_path / "a" / "b"))
    panel.ui.exportStackButton.click()
    wait_until(lambda: "Writing" in panel.ui.exportPhaseLabel.text, "the thread")
    panel.onParametersChanged()
    assert not panel.ui.exportProgressBar.isHidden(), "three buttons share the bar"
    panel.ui.exportStackButton.click()
    assert panel.ui.exportStatusLabel.text == "Cancelled. Nothing was changed."
    go_on.set()
    wait_until(lambda: written and not (tmp_path / "a").exists(), "the thread")


def test_an_imported_model_can_be_chosen_at_once(panel: Any, own_models: Path, archive: Path) -> None:
    assert not panel.ui.importButton.enabled
    panel.ui.importPathEdit.setCurrentPath(str(archive))
    assert panel.ui.importButton.enabled
    assert "other@0.1.0 is among your models" in pressed(panel, "importButton")
    names = [panel.ui.modelComboBox.itemText(i) for i in range(panel.ui.modelComboBox.count)]
    assert any("Another model" in name or "other@0.1.0" in name for name in names), names


def test_an_import_that_fails_says_why_and_installs_nothing(panel: Any, own_models: Path, tmp_path: Path) -> None:
    (tmp_path / "no.zip").write_bytes(b"no zip")
    panel.ui.importPathEdit.setCurrentPath(str(tmp_path / "no.zip"))
    assert "cannot be unpacked" in pressed(panel, "importButton")
    panel.ui.importAddressLineEdit.setText("http://example.org/model.zip")
    assert "https only" in pressed(panel, "importButton")
    assert not own_models.exists() or list(own_models.iterdir()) == []
