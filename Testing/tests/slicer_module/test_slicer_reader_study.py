"""The reader study through the logic: blinded images in the scene, answers on the disk, studies from the scene."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
import slicer
from study_files import METHODS, make_study, read_whole
from Testing.host import SlicerHost
from XrayToCTLib import XrayToCTError
from XrayToCTLib.reader_study import read_study
from XrayToCTLib.reader_study.study_image import read_study_image

from scene_probe import OBLIQUE, add_volume, ijk_to_ras, node_ids
from study_scene import leaks, volumes

ANSWERS = {"realism": 4, "anatomy": 2, "usefulness": 5, "origin": "synthetic"}


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return make_study(tmp_path, cases=3, repeats=2)


@pytest.fixture
def logic(module: ModuleType) -> Any:
    return module.XrayToCTLogic()


def secrets(study: Path) -> list[str]:
    """What no reader may find: methods, files, cases, hashes."""
    found = [*METHODS, "patient0", "patient1", "patient2", ".nrrd"]
    return found + [candidate.sha256 for case in read_study(study).cases for candidate in case.candidates]


def answer_all(reading: Any) -> None:
    for question, value in ANSWERS.items():
        reading.answer(question, value)


def test_an_image_is_shown_blinded_with_its_voxels_and_its_geometry(logic: Any, study: Path) -> None:
    reading = logic.openReaderStudy(study, "R1")
    (node,) = volumes()
    assert node is reading.node
    assert node.GetName() == reading.session.presentation.label
    expected = read_study_image(reading.session.image(0))
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(node), expected.voxels)
    np.testing.assert_allclose(ijk_to_ras(node), expected.ijk_to_ras)
    for view in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode"):
        assert view.GetBackgroundVolumeID() == node.GetID()
    reading.close()


def test_no_string_of_the_scene_tells_the_method_at_any_image(logic: Any, study: Path) -> None:
    reading = logic.openReaderStudy(study, "R1")
    while True:
        assert leaks(secrets(study)) == []
        assert reading.node.GetStorageNode() is None
        assert list(reading.node.GetAttributeNames()) == []
        answer_all(reading)
        if reading.isLast:
            break
        reading.next().result()
    reading.finish()
    assert leaks(secrets(study)) == []


def test_the_scan_for_leaks_finds_a_loaded_file(host: SlicerHost, study: Path) -> None:
    """The test above can fail: an image that is loaded as usual gives itself away."""
    host.load_volume(study.parent / "images" / "cyclegan" / "patient0.nrrd", "Case 1 - image A")
    assert {secret for secret, _ in leaks(secrets(study))} == {"cyclegan", "patient0", ".nrrd"}


@pytest.mark.parametrize("suffix", [".nrrd", ".nii.gz", ".mha"])
def test_an_image_lies_where_slicer_would_put_its_file(host: SlicerHost, tmp_path: Path, suffix: str) -> None:
    image = sitk.GetImageFromArray(np.arange(4 * 5 * 6, dtype=np.int16).reshape(4, 5, 6))
    image.SetSpacing((1.5, 2.5, 3.5))
    image.SetOrigin((10.0, -20.0, 30.0))
    image.SetDirection((0.36, 0.48, -0.8, -0.8, 0.6, 0.0, 0.48, 0.64, 0.6))
    path = tmp_path / f"oblique{suffix}"
    sitk.WriteImage(image, str(path))
    loaded, ours = host.load_volume(path), read_study_image(path)
    np.testing.assert_allclose(ours.ijk_to_ras, ijk_to_ras(loaded), atol=1e-4)
    np.testing.assert_array_equal(ours.voxels, slicer.util.arrayFromVolume(loaded))


def test_real_radiographs_and_cts_are_shown_blinded(logic: Any, real_data: Path, tmp_path: Path) -> None:
    files = [
        (real_data / "xray_dicom" / "pydicomdata_RG3_J2KR.dcm", "scan.dcm"),
        (real_data / "coronal_ct" / "19001111-056.nii.gz", "scan.nii.gz"),
    ]
    for method, (source, name) in zip(METHODS, files, strict=False):
        (tmp_path / method).mkdir()
        (tmp_path / method / name).write_bytes(source.read_bytes())
    logic.createReaderStudy(tmp_path, tmp_path / "study.json", real=METHODS[:1])
    reading = logic.openReaderStudy(tmp_path / "study.json", "R1")
    assert leaks([*METHODS[:2], "scan.dcm", ".nii", "Rubo", "pydicom"]) == []
    answer_all(reading)
    reading.next().result()
    assert leaks([*METHODS[:2], "scan.dcm", ".nii", "Rubo", "pydicom"]) == []
    reading.close()


def test_window_and_level_are_the_same_for_all_whatever_the_reader_did(logic: Any, study: Path) -> None:
    reading = logic.openReaderStudy(study, "R1")
    display = read_study(study).display
    for _ in range(3):
        shown = reading.node.GetDisplayNode()
        assert not shown.GetAutoWindowLevel()
        assert (shown.GetWindow(), shown.GetLevel()) == pytest.approx((display.window, display.level))
        shown.SetWindowLevel(10, 1000)
        answer_all(reading)
        reading.next().result()
    reading.close()


def test_one_node_serves_the_whole_session_and_goes_with_it(logic: Any, study: Path) -> None:
    before = node_ids()
    reading = logic.openReaderStudy(study, "R1")
    first = reading.node.GetID()
    answer_all(reading)
    reading.next().result()
    assert reading.node.GetID() == first
    reading.pause()
    left = [node for node in node_ids() if node not in before]
    assert all("Volume" not in node and "Markups" not in node for node in left)


@pytest.mark.parametrize("orientation", ["image", "anatomical"])
def test_images_are_shown_in_the_planes_that_the_study_asks_for(logic: Any, tmp_path: Path, orientation: str) -> None:
    reading = logic.openReaderStudy(make_study(tmp_path, cases=2, orientation=orientation), "R1")
    names = {view.GetLayoutName(): view.GetOrientation() for view in slicer.util.getNodesByClass("vtkMRMLSliceNode")}
    if orientation == "anatomical":
        assert names == {"Red": "Axial", "Yellow": "Sagittal", "Green": "Coronal"}
    else:  # columns to the right, rows downwards: patient left to right, posterior below
        matrices = [
            slicer.util.arrayFromVTKMatrix(view.GetSliceToRAS())
            for view in slicer.util.getNodesByClass("vtkMRMLSliceNode")
        ]
        for matrix in matrices:
            np.testing.assert_allclose(matrix[:3, 0], (-1, 0, 0), atol=1e-9)
            np.testing.assert_allclose(matrix[:3, 1], (0, 1, 0), atol=1e-9)
    reading.close()


def test_a_reading_is_resumed_at_the_image_where_it_was_left(logic: Any, study: Path) -> None:
    reading = logic.openReaderStudy(study, "R1")
    answer_all(reading)
    reading.next().result()
    label = reading.node.GetName()
    reading.answer("realism", 1)
    reading.pause()
    again = logic.openReaderStudy(study, "R1")
    assert again.node.GetName() == label
    assert again.session.answers == {"realism": 1}
    again.close()


def test_marks_are_saved_with_their_place_and_come_back(logic: Any, study: Path) -> None:
    reading = logic.openReaderStudy(study, "R1")
    reading.marks.add([1.0, 2.0, 3.0])
    reading.marks.add([-4.0, 5.0, -6.0])
    assert reading.session.answers["suspicious"] == [[1, 2, 3], [-4, 5, -6]]
    (node,) = slicer.util.getNodesByClass("vtkMRMLMarkupsFiducialNode")
    node.RemoveNthControlPoint(0)
    assert reading.session.answers["suspicious"] == [[-4, 5, -6]]
    answer_all(reading)
    reading.next().result()
    assert node.GetNumberOfControlPoints() == 0
    assert "suspicious" not in reading.session.answers
    reading.back().result()
    assert reading.marks.points() == [[-4, 5, -6]]
    reading.pause()
    again = logic.openReaderStudy(study, "R1")
    assert again.marks.points() == [[-4, 5, -6]]
    again.marks.clear()
    assert again.session.answers["suspicious"] == []
    again.close()


def test_a_mark_can_be_set_without_a_mouse_at_the_crosshair(logic: Any, study: Path) -> None:
    reading = logic.openReaderStudy(study, "R1")
    slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLCrosshairNode").SetCrosshairRAS(7.0, 8.0, 9.0)
    reading.marks.addAtCrosshair()
    assert reading.session.answers["suspicious"] == [[7, 8, 9]]
    reading.close()


def test_what_is_not_shown_cannot_be_judged(host: SlicerHost, logic: Any, study: Path) -> None:
    reading = logic.openReaderStudy(study, "R1")
    host.close_scene()
    assert not reading.isShown
    with pytest.raises(XrayToCTError, match="not shown"):
        reading.answer("realism", 3)
    reading.show().result()
    reading.answer("realism", 3)
    reading.marks.add([0.0, 0.0, 0.0])
    assert reading.session.answers == {"realism": 3, "suspicious": [[0, 0, 0]]}
    reading.close()


def test_asking_for_the_next_image_twice_at_once_shows_the_last_one_asked_for(logic: Any, study: Path) -> None:
    reading = logic.openReaderStudy(study, "R1")
    answer_all(reading)
    first = reading.next()
    second = reading.back()
    second.result()
    with pytest.raises(XrayToCTError, match="cancelled"):
        first.result()
    assert reading.isShown
    assert reading.node.GetName() == reading.session.presentation.label
    reading.close()


def test_files_are_checked_before_anything_is_shown_and_not_named(logic: Any, study: Path) -> None:
    (study.parent / "images" / "secretnet" / "patient1.nrrd").unlink()
    before = node_ids()
    with pytest.raises(XrayToCTError, match=r"1 of the 9 images .* missing or were changed") as refused:
        logic.openReaderStudy(study, "R1")
    assert not any(secret in str(refused.value) for secret in secrets(study))
    assert node_ids() == before
    assert list(study.parent.glob("*.jsonl")) == []


def test_a_file_that_goes_while_one_reads_is_said_without_its_name(logic: Any, study: Path) -> None:
    reading = logic.openReaderStudy(study, "R1")
    answer_all(reading)
    reading.next().result()
    gone = reading.session.image(2)
    content = gone.read_bytes()
    reading._ahead.clear()  # it may have been read already
    gone.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    answer_all(reading)
    with pytest.raises(XrayToCTError, match=r"Case \d+ - image \w cannot be shown") as refused:
        reading.next().result()
    assert not any(secret in str(refused.value) for secret in secrets(study))
    assert not reading.isShown
    gone.write_bytes(content)
    reading.show().result()
    assert reading.isShown
    reading.close()


def test_a_finished_session_is_not_opened_again(logic: Any, study: Path) -> None:
    read_whole(study, "R1")
    before = node_ids()
    with pytest.raises(XrayToCTError, match="finished"):
        logic.openReaderStudy(study, "R1")
    assert node_ids() == before


def test_results_are_a_table_in_the_scene_and_files(logic: Any, study: Path, tmp_path: Path) -> None:
    for reader in ("R1", "R2"):
        read_whole(study, reader)
    results = logic.readerStudyResults(study, output=tmp_path / "results")
    assert (tmp_path / "results" / "results.html").is_file()
    (table,) = slicer.util.getNodesByClass("vtkMRMLTableNode")
    assert table.GetNumberOfRows() == len(results.measures)
    values = slicer.util.arrayFromTableColumn(table, "value")
    np.testing.assert_array_equal(values, [measure.value for measure in results.measures])
    assert "Not for diagnostic use" in table.GetAttribute("XrayToCT.NotForDiagnosticUse")


def test_results_of_a_running_study_are_refused(logic: Any, study: Path) -> None:
    reading = logic.openReaderStudy(study, "R1")
    with pytest.raises(XrayToCTError, match="Not finished: R1"):
        logic.readerStudyResults(study)
    reading.close()
    assert slicer.util.getNodesByClass("vtkMRMLTableNode") == []


def test_a_study_is_made_of_a_folder(logic: Any, tmp_path: Path) -> None:
    make_study(tmp_path)
    created = logic.createReaderStudy(
        tmp_path / "images", tmp_path / "second.json", title="Second", real=["groundtruth"], readers=["A"], repeats=1
    )
    assert read_study(tmp_path / "second.json") == created.study
    assert created.study.readers == ("A",)


def test_a_study_is_made_of_volumes_of_the_scene_under_names_that_tell_nothing(logic: Any, tmp_path: Path) -> None:
    from XrayToCTPanel.study_creation import SceneCandidate

    rng = np.random.default_rng(3)
    candidates = []
    for case in ("anna", "bert"):
        for method in METHODS:
            pixels = rng.integers(-1000, 1000, (3, 12, 10)).astype(np.int16)
            node = add_volume(pixels, OBLIQUE, name=f"{case} {method}")
            node.SetAttribute("XrayToCT.ModelId", method)
            candidates.append(SceneCandidate(node, case, method, real=method == "groundtruth"))
    path = tmp_path / "scene.json"
    study = logic.createReaderStudy(candidates, path).study
    files = sorted((tmp_path / "scene-images").iterdir())
    assert [file.name for file in files] == [f"image{number:04d}.nrrd" for number in range(1, 7)]
    for file in files:
        image = sitk.ReadImage(str(file))
        header = " ".join(image.GetMetaData(key) for key in image.GetMetaDataKeys())
        assert not any(secret in header for secret in (*METHODS, "anna", "bert"))
    for given in candidates:
        (candidate,) = [
            found
            for case in study.cases
            if case.id == given.case
            for found in case.candidates
            if found.method == given.method
        ]
        image = read_study_image(tmp_path / candidate.file)
        np.testing.assert_array_equal(image.voxels, slicer.util.arrayFromVolume(given.volumeNode))
        np.testing.assert_allclose(image.ijk_to_ras, ijk_to_ras(given.volumeNode), atol=1e-6)
        assert candidate.origin.value == ("real" if given.real else "synthetic")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"case": " "}, "no case or no method"),
        ({"method": ""}, "no case or no method"),
        ({"volumeNode": None}, "is gone"),
    ],
)
def test_a_scene_candidate_that_lacks_something_is_refused(
    logic: Any, tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    from XrayToCTPanel.study_creation import SceneCandidate

    given = {"volumeNode": add_volume(np.zeros((2, 4, 4), np.int16)), "case": "a", "method": "m"}
    with pytest.raises(XrayToCTError, match=said):
        logic.createReaderStudy([SceneCandidate(**{**given, **change})], tmp_path / "s.json")
    assert not (tmp_path / "s.json").exists()


def test_a_study_replaces_nothing(logic: Any, study: Path) -> None:
    content = study.read_bytes()
    with pytest.raises(XrayToCTError, match="exists already"):
        logic.createReaderStudy(study.parent / "images", study)
    with pytest.raises(XrayToCTError, match="has no images"):
        logic.createReaderStudy([], study.with_name("other.json"))
    with pytest.raises(XrayToCTError, match=r"End its name in \.json"):
        logic.createReaderStudy(study.parent / "images", study.with_suffix(".txt"))
    assert study.read_bytes() == content


def test_progress_is_reported_and_cancels(logic: Any, study: Path, tmp_path: Path) -> None:
    phases: list[str] = []
    logic.openReaderStudy(study, "R1", progress=lambda fraction, phase: phases.append(phase)).close()
    # A look now and then may miss any one of the phases, which are short here.
    known = {"reading the study", "checking the images", "checked", "loading the image"}
    assert phases[-1] == "done" and set(phases[:-1]) & known
    with pytest.raises(XrayToCTError, match="cancelled"):
        logic.createReaderStudy(tmp_path / "images", tmp_path / "new.json", progress=lambda *_: False)
    assert not (tmp_path / "new.json").exists()


def test_corner_annotations_are_off_while_one_reads_and_back_afterwards(
    logic: Any, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    updates: list[bool] = []  # as DataProbe's, which the host does not have
    annotations = SimpleNamespace(sliceViewAnnotationsEnabled=True)
    annotations.updateSliceViewFromGUI = lambda: updates.append(annotations.sliceViewAnnotationsEnabled)
    probe = SimpleNamespace(infoWidget=SimpleNamespace(sliceAnnotations=annotations))
    monkeypatch.setattr(slicer.modules, "DataProbeInstance", probe, raising=False)
    reading = logic.openReaderStudy(study, "R1")
    assert updates == [False]
    reading.pause()
    assert updates == [False, True]


def test_so_are_those_of_a_slicer_that_draws_them_in_cpp(
    logic: Any, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = [True]  # as vtkMRMLCornerTextLogic, which slicer-core does not have
    text = SimpleNamespace(
        GetSliceViewAnnotationsEnabled=lambda: shown[-1], SetSliceViewAnnotationsEnabled=shown.append
    )
    monkeypatch.setattr("XrayToCTPanel.corner_annotations._cornerTextLogic", lambda: text)
    logic.openReaderStudy(study, "R1").pause()
    assert shown == [True, False, True]
