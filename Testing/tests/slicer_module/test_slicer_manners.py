"""The panel's manners: keyboard, tool tips, words that can be translated, what is remembered, nothing modal."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import slicer
from Testing.host import SlicerHost
from Testing.host.pytest_fixtures import KeptClient

from panel_driver import press, wait_until
from scene_probe import add_volume, chest_values

OF_THE_FRAME = ("InputsSection", "TranslateSection", "AdvancedSection")
FOR_THE_KEYBOARD = (
    "inputSelector", "sequenceComboBox", "sampleButton", "polarityComboBox", "viewComboBox", "frameSpinBox",
    "allFramesCheckBox", "moreInputsComboBox", "modelComboBox", "deviceComboBox", "outputSelector",
    "anatomicalCheckBox", "translateButton", "showResultCheckBox", "warmUpCheckBox",
    "checkInstallationButton", "workerLogButton",
)  # fmt: skip


@pytest.fixture
def panel(gui: SlicerHost) -> Any:
    return gui.open_panel("XrayToCT")


def mnemonic(text: str) -> str:
    found = re.search(r"&([^&])", text)
    return found[1].lower() if found else ""


def test_every_control_can_be_reached_by_a_letter_of_its_own(panel: Any) -> None:
    """By its own mnemonic, or by that of the label whose buddy it is."""
    letters: dict[str, str] = {}
    for name in OF_THE_FRAME:
        ui = vars(panel.sections.loaded[name].ui)
        for widget in ui.values():
            buddy = widget.buddy() if widget.className() == "QLabel" else None
            if buddy is not None:
                letters[buddy.objectName] = mnemonic(widget.text)
            elif widget.objectName in FOR_THE_KEYBOARD and hasattr(widget, "text"):
                letters.setdefault(widget.objectName, mnemonic(widget.text))
    assert [name for name in FOR_THE_KEYBOARD if not letters.get(name)] == []
    used = [letters[name] for name in FOR_THE_KEYBOARD]
    assert sorted(used) == sorted(set(used))


@pytest.mark.parametrize("section", ["InputsSection", "TranslateSection", "AdvancedSection"])
def test_the_tab_key_goes_through_a_section_from_top_to_bottom(repository: Path, panel: Any, section: str) -> None:
    text = (repository / "XrayToCT" / "Resources" / "UI" / f"{section}.ui").read_text(encoding="utf-8")
    stops = re.findall(r"<tabstop>(\w+)</tabstop>", text)
    ui = vars(panel.sections.loaded[section].ui)
    assert stops == [name for name in FOR_THE_KEYBOARD if name in ui]


def test_a_button_that_cannot_be_pressed_says_why(repository: Path, panel: Any) -> None:
    """In its tool tip, which otherwise says what it does: that of the .ui file."""
    files = sorted((repository / "XrayToCT" / "Resources" / "UI").glob("*Section.ui"))
    tips = {
        widget.get("name"): widget.findtext("property[@name='toolTip']/string")
        for path in files
        for widget in ElementTree.parse(path).iter("widget")
        if widget.get("class") in ("QPushButton", "QToolButton")
    }
    ui = vars(panel.ui)
    reading = [button.objectName for button in ui["studyReadingWidget"].findChildren(type(ui["studyNextButton"]))]
    disabled = [name for name in tips if not ui[name].enabled and name not in reading]  # those are hidden
    assert len(disabled) > 20
    begin = ("translateButton", "studyStartButton", "studyResultsButton")  # the reason is in their .ui files already
    assert [name for name in disabled if tips[name] in ui[name].toolTip and name not in begin] == []


def test_nothing_has_a_style_sheet(repository: Path) -> None:
    """Slicer's dark and light theme are both readable only where nobody paints over them."""
    for path in (repository / "XrayToCT").rglob("*"):
        if path.suffix in (".ui", ".py"):
            assert not re.search("styleSheet|setStyleSheet", path.read_text(encoding="utf-8")), path


def test_every_word_of_the_frame_s_sections_can_be_translated(repository: Path) -> None:
    """A literal that is shown goes through tr."""
    shows = {"setText", "setToolTip", "showStatus", "say", "setReason", "setPlainText", "XrayToCTError"}
    files = ("section", "sections", "status_line", "run_controls", "inputs_section", "translate_section")
    files += ("advanced_section", "installation", "readiness", "model_chooser", "panel_words")
    for name in files:
        path = repository / "XrayToCT" / "XrayToCTPanel" / f"{name}.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
                literal = isinstance(argument, ast.JoinedStr) or (
                    isinstance(argument, ast.Constant) and isinstance(argument.value, str) and " " in argument.value
                )
                if called in shows and literal:
                    words = ast.unparse(argument)
                    assert not re.search(r"[A-Za-z]{3,} [a-z]{2,}", words), f"{path.name}:{node.lineno} {words}"


def test_a_new_scene_begins_with_the_model_and_the_device_that_were_used_last(gui: SlicerHost, panel: Any) -> None:
    panel.ui.inputSelector.setCurrentNode(add_volume(chest_values()))
    panel.ui.deviceComboBox.setCurrentIndex(1)
    panel.logic.getParameterNode().modelId = "tiny@0.1.0"
    press(panel)
    gui.close_scene()
    assert panel.ui.deviceComboBox.currentText == "cpu"
    assert panel.logic.getParameterNode().modelId == "tiny@0.1.0"
    panel.ui.deviceComboBox.setCurrentIndex(0)  # chosen, and not used yet: the choice of this scene stays
    gui.gui.leave_panel("XrayToCT")
    assert gui.open_panel("XrayToCT").ui.deviceComboBox.currentText == "auto"


def test_a_model_that_is_gone_is_not_remembered(gui: SlicerHost) -> None:
    slicer.app.userSettings().setValue("XrayToCT/LastModel", "gone@1.0.0")
    slicer.app.userSettings().setValue("XrayToCT/LastDevice", "quantum")
    parameters = gui.open_panel("XrayToCT").logic.getParameterNode()
    assert (parameters.modelId, parameters.device) == ("", "auto")


def test_too_old_a_slicer_is_told_so_and_a_supported_one_is_not(
    gui: SlicerHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    from XrayToCTPanel.installation import tooOldText

    assert tooOldText() == ""
    monkeypatch.setattr(type(gui.app), "minorVersion", 8)
    panel = gui.open_panel("XrayToCT")
    assert "Slicer 5.8" in panel.ui.tooOldLabel.text and "5.10 or later" in panel.ui.tooOldLabel.text
    assert not panel.ui.tooOldLabel.isHidden()


def test_entering_prepares_the_model_once_unless_that_is_switched_off(
    gui: SlicerHost, kept_client: KeptClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted: list[tuple[Any, str]] = []
    monkeypatch.setattr(kept_client, "warm_up", lambda *, model, device: wanted.append((model, device)))
    gui.app.hostTesting = False
    panel = gui.open_panel("XrayToCT")
    gui.gui.leave_panel("XrayToCT")
    gui.open_panel("XrayToCT")
    assert [device for _, device in wanted] == ["auto"]
    panel.ui.warmUpCheckBox.click()
    panel.logic.getParameterNode().device = "cpu"
    gui.gui.leave_panel("XrayToCT")
    gui.open_panel("XrayToCT")
    assert len(wanted) == 1


def test_nothing_is_prepared_while_slicer_tests(gui: SlicerHost, kept_client: KeptClient, monkeypatch: Any) -> None:
    def fail(**_: Any) -> None:
        raise AssertionError("a process for nobody")

    monkeypatch.setattr(kept_client, "warm_up", fail)
    gui.open_panel("XrayToCT")


def test_the_installation_check_names_the_versions_and_tries_the_devices(gui: SlicerHost, panel: Any) -> None:
    panel.ui.checkInstallationButton.click()
    assert not panel.ui.checkInstallationButton.enabled
    wait_until(lambda: panel.sections.loaded["AdvancedSection"].run is None, "the check")
    text = panel.ui.advancedTextBrowser.toPlainText()
    assert "X-ray to CT" in text and "Slicer 5.12" in text and "No package is missing." in text
    assert "torch-cpu" in text
    assert panel.ui.checkInstallationButton.enabled


def test_results_stay_out_of_the_slice_views_where_the_user_says_so(panel: Any) -> None:
    panel.ui.showResultCheckBox.click()
    panel.ui.inputSelector.setCurrentNode(add_volume(chest_values()))
    press(panel)
    stack = slicer.util.getNode("chest CT stack")
    views = slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
    assert all(view.GetBackgroundVolumeID() != stack.GetID() for view in views)


def test_from_loading_to_the_stack_no_dialog_is_shown(gui: SlicerHost, panel: Any) -> None:
    gui.app.hostTesting = False
    panel.ui.inputSelector.setCurrentNode(add_volume(chest_values()))
    press(panel)
    panel.ui.inputSelector.setCurrentNode(add_volume(chest_values(frames=9), name="CT"))
    wait_until(lambda: not panel.ui.translateButton.enabled, "the refusal")
    assert gui.gui.dialogs.shown == []
    assert gui.app.hostCursors == []


def test_who_made_it_and_what_it_is_built_on_is_said(gui: SlicerHost) -> None:
    module = gui.modules.module("XrayToCT")
    assert module.contributors and module.acknowledgementText
    assert "not for diagnostic use" in module.helpText
    assert "href" in module.helpText


def change(widget: Any) -> None:
    """As a user would, to another value than it has."""
    kind = widget.className()
    if kind == "QComboBox":
        widget.setCurrentIndex(1 if widget.currentIndex != 1 else 0)
    elif kind == "QSpinBox":
        widget.setMaximum(9)
        widget.setValue(widget.value + 1)
    elif kind == "QCheckBox":
        widget.click()
    elif kind == "qMRMLNodeComboBox":
        widget.setCurrentNode(slicer.util.getNode("another"))
    else:
        raise AssertionError(f"how does one change a {kind}?")


@pytest.mark.parametrize("section", OF_THE_FRAME)
def test_every_bound_control_sets_its_parameter_and_shows_it(panel: Any, section: str) -> None:
    # Neither is a radiograph, and the panel must not care here: only the binding is looked at.
    for name in ("one", "another"):
        add_volume(chest_values(frames=4), name=name)
    parameters = panel.logic.getParameterNode()
    widgets = [w for w in vars(panel.sections.loaded[section].ui).values() if w.property("SlicerParameterName")]
    assert widgets
    for widget in widgets:
        name = widget.property("SlicerParameterName")
        before = getattr(parameters, name)
        change(widget)
        after = getattr(parameters, name)
        assert after != before, name
        setattr(parameters, name, before)
        change(widget)
        assert getattr(parameters, name) == after, name
        setattr(parameters, name, before)


def test_every_parameter_comes_back_with_the_scene(gui: SlicerHost, panel: Any, tmp_path: Path) -> None:
    parameters = panel.logic.getParameterNode()
    set_to = {"device": "cpu", "polarity": "bone-dark", "view": "LATERAL", "allFrames": True, "showResult": False}
    set_to |= {"inputVolume": add_volume(chest_values(), name="in"), "modelId": "elsewhere@1.0.0"}
    set_to["outputVolume"] = add_volume(chest_values(), name="out")
    for name, value in set_to.items():
        setattr(parameters, name, value)
    assert gui.save_scene(tmp_path / "scene.mrb")
    gui.close_scene()
    assert gui.load_scene(tmp_path / "scene.mrb")
    gui.gui.leave_panel("XrayToCT")
    again = gui.open_panel("XrayToCT").logic.getParameterNode()
    for name, value in set_to.items():
        found = getattr(again, name)
        assert (found.GetName() if hasattr(found, "GetName") else found) == (
            {"inputVolume": "in", "outputVolume": "out"}.get(name, value)
        )


def test_a_process_of_the_panel_ends_with_all_that_it_started_when_it_is_cancelled(gui: SlicerHost) -> None:
    from XrayToCTPanel.process_job import ProcessJob

    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(300)'])"
    job = ProcessJob([sys.executable, "-c", code], phase="sleeping")
    assert not job.poll().done
    job.cancel()
    wait_until(lambda: job.poll().done, "the end of the process")


def test_a_process_that_fails_gives_what_it_said(gui: SlicerHost) -> None:
    from XrayToCTPanel.process_job import ProcessJob

    job = ProcessJob([sys.executable, "-c", "print('started'); raise SystemExit('oh dear')"], phase="failing")
    wait_until(lambda: job.poll().done, "the end of the process")
    assert job.result() == "started\noh dear"
