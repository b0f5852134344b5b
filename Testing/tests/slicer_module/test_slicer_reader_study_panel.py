"""The reader study's section, driven as a reader drives it: open, press numbers, go on, pause, come back."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import slicer
from PySide6 import QtGui
from study_files import METHODS, make_study, read_whole
from Testing.host import SlicerHost
from XrayToCTLib.reader_study import read_study
from XrayToCTLib.reader_study.journal import read_events

from panel_driver import wait_until
from scene_probe import add_volume, node_ids
from study_scene import leaks

JOURNAL = "pilot.R1.session.jsonl"


class Reader:
    """Someone who sits in front of the panel."""

    def __init__(self, gui: SlicerHost, study: Path) -> None:
        self.gui, self.study = gui, study
        self.panel = gui.open_panel("XrayToCT")
        self.ui = self.panel.ui
        self.section = self.panel.sections.loaded["ReaderStudySection"]
        self.ui.readerStudyCollapsibleButton.collapsed = False

    def wait(self) -> None:
        wait_until(lambda: not self.section.isBusy(), "an image")

    def start(self, reader: str = "R1") -> None:
        self.ui.studyPathEdit.setCurrentPath(str(self.study))
        self.ui.studyReaderEdit.setText(reader)
        self.ui.studyStartButton.click()
        self.wait()

    def press(self, *keys: str) -> None:
        """Shortcuts, as Qt activates them."""
        for key in keys:
            (shortcut,) = [each for each in self.section._keys._shortcuts if each.objectName == f"studyKey_{key}"]
            if shortcut.enabled:
                QtGui.QShortcut.activated.__get__(shortcut).emit()
            self.wait()

    def click(self, button: Any) -> None:
        button.click()
        self.wait()

    def radio(self, question: str, number: int) -> Any:
        import qt

        name = f"studyAnswer_{question}_{number}"
        (button,) = [each for each in self.section.widget.findChildren(qt.QRadioButton) if each.objectName == name]
        return button

    def checked(self) -> dict[str, int]:
        """Question -> number of the button that is checked."""
        import qt

        found = {}
        for button in self.section.widget.findChildren(qt.QRadioButton):
            if button.checked:
                _, question, number = button.objectName.split("_")
                found[question] = int(number)
        return found

    def said(self) -> str:
        return str(self.ui.reader_studyStatusLabel.text)

    def events(self) -> list[dict[str, Any]]:
        return read_events(self.study.parent / JOURNAL)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return make_study(tmp_path, methods=METHODS[:2], cases=2)


@pytest.fixture
def reader(gui: SlicerHost, study: Path) -> Iterator[Reader]:
    yield Reader(gui, study)


def test_a_whole_study_is_read_by_the_keyboard_alone(reader: Reader) -> None:
    reader.start()
    for position in range(4):
        assert reader.ui.studyPositionLabel.text == f"{position + 1} of 4"
        reader.press("4", "2", "5", "1")
        assert reader.checked() == {"realism": 4, "anatomy": 2, "usefulness": 5, "origin": 1}
        reader.press("Ctrl+Right")
    assert "Finished" in reader.said()
    assert reader.events()[-1]["event"] == "finished"
    assert not reader.ui.studyReadingWidget.visible
    assert reader.section.reading is None


def test_the_image_is_named_blinded_and_nothing_in_panel_or_scene_tells_more(reader: Reader) -> None:
    reader.start()
    label = reader.ui.studyImageLabel.text
    assert label == reader.section.reading.node.GetName()
    import qt

    secrets = [*METHODS[:2], "patient0", "patient1", ".nrrd"]
    assert leaks(secrets) == []
    for kind in (qt.QLabel, qt.QPushButton, qt.QRadioButton, qt.QGroupBox, qt.QLineEdit, qt.QTextBrowser):
        for widget in reader.section.widget.findChildren(kind):
            shown = [getattr(widget, name, "") for name in ("text", "toolTip", "title", "objectName", "plainText")]
            assert not any(secret in str(text) for secret in secrets for text in shown), shown
    reader.click(reader.ui.studyPauseButton)


def test_each_press_is_saved_at_once_and_moves_to_the_next_question(reader: Reader) -> None:
    reader.start()
    reader.press("3")
    assert reader.events()[-1]["question"] == "realism"
    reader.press("3")
    assert reader.events()[-1]["question"] == "anatomy"
    reader.press("Ctrl+Up", "Ctrl+Up", "5")
    event = reader.events()[-1]
    assert (event["question"], event["value"]) == ("realism", 5)
    reader.click(reader.ui.studyPauseButton)


def test_a_number_beyond_the_answers_does_nothing(reader: Reader) -> None:
    reader.start()
    before = len(reader.events())
    reader.press("6", "9")
    assert len(reader.events()) == before
    reader.click(reader.ui.studyPauseButton)


def test_answers_are_given_by_mouse_too(reader: Reader) -> None:
    reader.start()
    reader.radio("anatomy", 4).click()
    reader.radio("origin", 2).click()
    assert reader.section.reading.session.answers == {"anatomy": 4, "origin": "synthetic"}
    reader.click(reader.ui.studyPauseButton)


def test_next_says_what_is_still_missing_and_stays(reader: Reader) -> None:
    reader.start()
    reader.press("3", "Ctrl+Right")
    assert "Still to answer: anatomy, usefulness, origin" in reader.said()
    assert reader.ui.studyPositionLabel.text == "1 of 4"
    reader.click(reader.ui.studyPauseButton)


def test_back_shows_the_earlier_answers_and_a_change_is_recorded_beside_them(reader: Reader) -> None:
    reader.start()
    assert not reader.ui.studyBackButton.enabled
    first = reader.ui.studyImageLabel.text
    reader.press("1", "1", "1", "1", "Ctrl+Right")
    assert reader.checked() == {}
    reader.press("Ctrl+Left")
    assert reader.ui.studyImageLabel.text == first
    assert reader.checked() == {"realism": 1, "anatomy": 1, "usefulness": 1, "origin": 1}
    reader.radio("realism", 5).click()
    values = [event["value"] for event in reader.events() if event.get("question") == "realism"]
    assert values == [1, 5]
    reader.click(reader.ui.studyPauseButton)


def test_pause_and_start_go_on_at_the_same_image_with_its_answers(reader: Reader) -> None:
    reader.start()
    reader.press("2", "2", "2", "2", "Ctrl+Right", "5")
    label = reader.ui.studyImageLabel.text
    reader.click(reader.ui.studyPauseButton)
    assert "Paused" in reader.said()
    assert reader.events()[-1]["event"] == "paused"
    reader.start()
    assert reader.ui.studyImageLabel.text == label
    assert reader.checked() == {"realism": 5}
    assert "Resumed" in reader.said()
    reader.click(reader.ui.studyPauseButton)


def test_a_session_that_was_torn_in_a_write_is_resumed_and_the_reader_told(reader: Reader) -> None:
    reader.start()
    reader.press("2", "3")
    reader.click(reader.ui.studyPauseButton)
    journal = reader.study.parent / JOURNAL
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:-2]) + lines[-2][: len(lines[-2]) // 2])  # in the middle of the last answer
    reader.start()
    assert "cut off by a crash" in reader.said()
    assert reader.checked() == {"realism": 2}
    reader.click(reader.ui.studyPauseButton)


def test_keys_sleep_while_no_session_is_open_and_while_the_user_is_elsewhere(reader: Reader) -> None:
    assert not any(each.enabled for each in reader.section._keys._shortcuts)
    reader.start()
    assert all(each.enabled for each in reader.section._keys._shortcuts)
    reader.gui.gui.leave_panel("XrayToCT")
    assert not any(each.enabled for each in reader.section._keys._shortcuts)
    reader.gui.open_panel("XrayToCT")
    assert all(each.enabled for each in reader.section._keys._shortcuts)
    reader.click(reader.ui.studyPauseButton)
    assert not any(each.enabled for each in reader.section._keys._shortcuts)


def test_marks_are_counted_cleared_and_saved(reader: Reader) -> None:
    reader.start()
    slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLCrosshairNode").SetCrosshairRAS(1.0, 2.0, 3.0)
    reader.press("Ctrl+M")
    reader.ui.studyCrosshairButton.click()
    assert reader.ui.studyMarkLabel.text == "2 marked"
    assert reader.events()[-1]["value"] == [[1, 2, 3], [1, 2, 3]]
    reader.ui.studyClearMarksButton.click()
    assert reader.ui.studyMarkLabel.text == "0 marked"
    assert reader.events()[-1]["value"] == []
    reader.click(reader.ui.studyPauseButton)


def test_mark_a_region_makes_the_next_click_in_a_view_place_a_point(reader: Reader) -> None:
    reader.start()
    reader.ui.studyMarkButton.click()
    interaction = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLInteractionNode")
    selection = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLSelectionNode")
    assert interaction.GetCurrentInteractionMode() == interaction.Place
    assert slicer.mrmlScene.GetNodeByID(selection.GetActivePlaceNodeID()).IsA("vtkMRMLMarkupsFiducialNode")
    interaction.SetCurrentInteractionMode(interaction.ViewTransform)
    reader.click(reader.ui.studyPauseButton)


def test_closing_the_scene_shows_the_image_again(reader: Reader) -> None:
    reader.start()
    label = reader.ui.studyImageLabel.text
    reader.press("4")
    reader.gui.close_scene()
    reader.wait()
    assert reader.section.reading.isShown
    assert reader.section.reading.node.GetName() == label
    assert reader.checked() == {"realism": 4}
    reader.press("3")
    assert reader.checked() == {"realism": 4, "anatomy": 3}
    reader.click(reader.ui.studyPauseButton)
    reader.click(reader.ui.studyStartButton)  # the closed scene took the choice of the study with it
    assert reader.section.reading is not None and reader.checked() == {"realism": 4, "anatomy": 3}
    reader.click(reader.ui.studyPauseButton)


def test_a_pause_leaves_no_node_behind_where_slice_views_look_on(reader: Reader) -> None:
    reader.gui.show_main_window()
    before = node_ids()
    reader.start()
    reader.click(reader.ui.studyPauseButton)
    assert [node for node in node_ids() if node not in before] == []


def test_the_panel_is_closed_in_the_middle_and_nothing_is_lost(reader: Reader) -> None:
    reader.start()
    reader.press("4", "1")
    reader.panel.sections.cleanup()
    answers = {event["question"]: event["value"] for event in reader.events() if event["event"] == "answer"}
    assert answers == {"realism": 4, "anatomy": 1}
    assert slicer.util.getNodesByClass("vtkMRMLVolumeNode") == []


def test_what_start_lacks_is_its_tool_tip(reader: Reader) -> None:
    assert not reader.ui.studyStartButton.enabled
    assert "Choose a study file" in reader.ui.studyStartButton.toolTip
    reader.ui.studyPathEdit.setCurrentPath(str(reader.study))
    assert "reader's code" in reader.ui.studyStartButton.toolTip
    reader.ui.studyReaderEdit.setText("R1")
    assert reader.ui.studyStartButton.enabled


def test_reading_needs_nothing_that_runs_a_network_but_says_which_packages_it_needs(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    runners = ("torch", "openvino", "onnxruntime")
    monkeypatch.setattr("XrayToCTPanel.dependencies.find_spec", lambda name: None if name in runners else object())
    reader.start()
    assert reader.section.reading is not None
    reader.click(reader.ui.studyPauseButton)
    monkeypatch.setattr("XrayToCTPanel.dependencies.find_spec", lambda name: None if name == "jsonschema" else object())
    reader.start()
    assert "Not installed: jsonschema" in reader.said()
    assert reader.section.reading is None


@pytest.mark.parametrize(
    ("file", "code", "said"),
    [("nowhere.json", "R1", "cannot be read"), ("study.json", "no code!", "no reader's code"), (".", "R1", "read")],
)
def test_a_study_or_a_code_that_is_wrong_is_said_in_the_panel(reader: Reader, file: str, code: str, said: str) -> None:
    reader.study = reader.study.parent / file
    reader.start(code)
    assert said in reader.said()
    assert reader.section.reading is None
    assert reader.ui.studyStartButton.enabled


def test_a_session_that_is_open_elsewhere_is_said(reader: Reader) -> None:
    from XrayToCTLib.reader_study import open_session

    with open_session(reader.study, "R1"):
        reader.start()
        assert "open in another window" in reader.said()


def test_an_answer_that_cannot_be_saved_is_said_and_not_shown_as_given(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    reader.start()
    write = os.write

    def full(handle: int, content: bytes) -> int:
        if content.startswith(b'{"n"'):
            raise OSError(28, "No space left on device")
        return write(handle, content)

    monkeypatch.setattr(os, "write", full)
    reader.press("4")
    assert "could not be saved" in reader.said()
    assert reader.checked() == {}
    monkeypatch.undo()
    reader.press("4")
    assert reader.checked() == {"realism": 4}
    reader.click(reader.ui.studyPauseButton)


def test_an_image_that_cannot_be_read_is_said_blinded_and_shown_again_when_it_is_back(reader: Reader) -> None:
    reader.start()
    gone = reader.section.reading.session.image(1)
    content = gone.read_bytes()
    reader.section.reading._ahead.clear()  # it may have been read already
    gone.unlink()
    reader.press("1", "1", "1", "1", "Ctrl+Right")
    assert "cannot be shown" in reader.said()
    assert not any(secret in reader.said() for secret in (*METHODS, "patient", ".nrrd"))
    assert reader.ui.studyNextButton.text == "&Show again"
    reader.press("4")
    assert reader.checked() == {}  # what is not seen is not judged
    gone.write_bytes(content)
    reader.click(reader.ui.studyNextButton)
    assert reader.section.reading.isShown
    assert reader.ui.studyPositionLabel.text == "2 of 4"
    reader.click(reader.ui.studyPauseButton)


def test_other_volumes_in_the_scene_are_warned_of(reader: Reader) -> None:
    add_volume(np.zeros((2, 4, 4), np.int16), name="a CT by cyclegan")
    reader.start()
    assert "1 other volumes" in reader.said()
    reader.click(reader.ui.studyPauseButton)


def test_study_and_reader_are_remembered_with_the_scene(reader: Reader) -> None:
    reader.start()
    reader.click(reader.ui.studyPauseButton)
    reader.gui.gui.leave_panel("XrayToCT")
    reader.gui.open_panel("XrayToCT")
    assert reader.ui.studyPathEdit.currentPath == str(reader.study)
    assert reader.ui.studyReaderEdit.text == "R1"


def test_results_are_written_beside_the_study_and_never_over_earlier_ones(reader: Reader) -> None:
    read_whole(reader.study, "R1")
    reader.ui.studyPathEdit.setCurrentPath(str(reader.study))
    for folder in ("study-results", "study-results-2"):
        reader.ui.studyResultsButton.click()
        wait_until(lambda: reader.section.resultControls.run is None, "the results")
        page = reader.study.parent / folder / "results.html"
        assert page.is_file()
        assert page.as_uri() in reader.ui.studyResultsLabel.text
    assert len(slicer.util.getNodesByClass("vtkMRMLTableNode")) == 2


def test_a_study_is_made_from_a_folder_and_chosen(reader: Reader) -> None:
    ui, folder = reader.ui, reader.study.parent
    assert "Choose a folder of images" in ui.studyCreateButton.toolTip
    ui.studySourcePathEdit.setCurrentPath(str(folder / "images"))
    ui.studyRealMethodsEdit.setText("groundtruth")
    ui.studyReadersEdit.setText("R1, R2")
    ui.studyRepeatsSpinBox.setValue(1)
    ui.studyTitleEdit.setText("Mine")
    assert "where the study file goes" in ui.studyCreateButton.toolTip
    ui.studyTargetPathEdit.setCurrentPath(str(folder / "mine.json"))
    ui.studyCreateButton.click()
    wait_until(lambda: reader.section.creation.controls.run is None, "the study")
    study = read_study(folder / "mine.json")
    assert (study.title, study.readers, study.repeats) == ("Mine", ("R1", "R2"), 1)
    assert "Made mine.json: 2 cases, 4 images" in reader.said()
    assert "• 2 cases: confidence intervals" in reader.said()
    assert ui.studyPathEdit.currentPath == str(folder / "mine.json")


def test_a_study_is_made_from_volumes_of_the_scene(reader: Reader, tmp_path: Path) -> None:
    ui, rng = reader.ui, np.random.default_rng(1)
    for case in ("a", "b"):
        for method in ("truth", "net"):
            ui.studyImageSelector.setCurrentNode(add_volume(rng.integers(0, 99, (2, 8, 8)).astype(np.int16)))
            ui.studyCaseEdit.setText(case)
            ui.studyMethodEdit.setText(method)
            ui.studyRealCheckBox.setChecked(method == "truth")
            ui.studyAddImageButton.click()
    assert ui.studyImagesBrowser.toPlainText().count("truth (real)") == 2
    ui.studyTargetPathEdit.setCurrentPath(str(tmp_path / "scene.json"))
    ui.studyCreateButton.click()
    wait_until(lambda: reader.section.creation.controls.run is None, "the study")
    record = json.loads((tmp_path / "scene.json").read_text(encoding="utf-8"))
    assert [case["id"] for case in record["cases"]] == ["a", "b"]
    assert {c["method"]: c["origin"] for c in record["cases"][0]["candidates"]} == {"truth": "real", "net": "synthetic"}


def test_a_study_whose_making_is_cancelled_leaves_no_images(
    reader: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import XrayToCTPanel.study_creation as study_creation

    reached, go_on = threading.Event(), threading.Event()

    def held(*_arguments: Any, **_options: Any) -> None:
        reached.set()
        go_on.wait(30)

    monkeypatch.setattr(study_creation, "create_study", held)
    ui = reader.ui
    ui.studyImageSelector.setCurrentNode(add_volume(np.zeros((2, 8, 8), np.int16)))
    ui.studyCaseEdit.setText("a")
    ui.studyMethodEdit.setText("net")
    ui.studyAddImageButton.click()
    ui.studyTargetPathEdit.setCurrentPath(str(tmp_path / "scene.json"))
    ui.studyCreateButton.click()
    wait_until(reached.is_set, "the images")
    assert list((tmp_path / "scene-images").iterdir())
    ui.studyCreateButton.click()
    go_on.set()
    assert "Cancelled" in reader.said()
    assert not (tmp_path / "scene-images").exists()


def test_a_volume_that_was_deleted_before_the_study_is_made_is_said(reader: Reader, tmp_path: Path) -> None:
    ui = reader.ui
    node = add_volume(np.zeros((2, 8, 8), np.int16))
    ui.studyImageSelector.setCurrentNode(node)
    ui.studyCaseEdit.setText("a")
    ui.studyMethodEdit.setText("net")
    ui.studyAddImageButton.click()
    slicer.mrmlScene.RemoveNode(node)
    ui.studyTargetPathEdit.setCurrentPath(str(tmp_path / "scene.json"))
    ui.studyCreateButton.click()
    wait_until(lambda: reader.section.creation.controls.run is None, "the refusal")
    assert "The volume of net of a is gone" in reader.said()
    assert not (tmp_path / "scene.json").exists()
    assert not (tmp_path / "scene-images").exists()
    ui.studyClearImagesButton.click()
    assert ui.studyImagesBrowser.toPlainText() == ""
