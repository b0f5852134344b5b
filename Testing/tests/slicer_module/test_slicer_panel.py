"""The panel, driven as a user drives it: choose, press, look, close the scene."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import slicer
from phantom_files import dicom_file
from Testing.host import SlicerHost
from XrayToCTLib import XrayToCTError

from panel_driver import press, run_of, wait_until
from scene_probe import SPACING, add_volume, chest_values, ijk_to_ras, node_ids


@pytest.fixture
def panel(gui: SlicerHost) -> Any:
    return gui.open_panel("XrayToCT")


def stacks() -> list[Any]:
    volumes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    return [volume for volume in volumes if volume.GetAttribute("XrayToCT.ModelId")]


def test_choose_a_radiograph_press_translate_and_the_stack_is_there(panel: Any) -> None:
    given = add_volume(chest_values())
    panel.ui.inputSelector.setCurrentNode(given)
    assert panel.ui.translateButton.enabled
    press(panel)
    (stack,) = stacks()
    assert stack.GetNodeReference("XrayToCT.Source") is given
    assert panel.ui.translateStatusLabel.text.startswith("Made chest CT stack in ")
    assert "•" in panel.ui.translateStatusLabel.text  # a node without a file has something to warn of


def test_the_stack_is_shown_in_the_slice_views_at_its_central_slab(panel: Any) -> None:
    panel.ui.inputSelector.setCurrentNode(add_volume(chest_values()))
    press(panel)
    (stack,) = stacks()
    for view in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode"):
        assert view.GetBackgroundVolumeID() == stack.GetID()
    centre = (ijk_to_ras(stack) @ [39.5, 47.5, 2.0, 1.0])[:3]  # slab 2 of 4
    offsets = []
    for view in slicer.util.getNodesByClass("vtkMRMLSliceNode"):
        to_ras = slicer.util.arrayFromVTKMatrix(view.GetSliceToRAS())
        offsets.append((centre - to_ras[:3, 3]) @ to_ras[:3, 2])
    np.testing.assert_allclose(offsets, 0, atol=1e-6)


def test_without_an_input_the_button_is_off_and_says_why(panel: Any) -> None:
    assert not panel.ui.translateButton.enabled
    assert "Choose a radiograph" in panel.ui.translateButton.toolTip
    assert "Choose a radiograph" in panel.ui.hintLabel.text
    panel.ui.translateButton.click()
    assert stacks() == []


def test_a_radiograph_that_is_there_is_chosen_unasked_but_a_ct_is_not(gui: SlicerHost) -> None:
    add_volume(chest_values(frames=30), name="CT")
    radiograph = add_volume(chest_values(), name="radiograph")
    assert gui.open_panel("XrayToCT").ui.inputSelector.currentNode() is radiograph


def test_removing_the_input_turns_the_button_off(panel: Any) -> None:
    given = add_volume(chest_values())
    panel.ui.inputSelector.setCurrentNode(given)
    slicer.mrmlScene.RemoveNode(given)
    assert panel.ui.inputSelector.currentNode() is None
    assert not panel.ui.translateButton.enabled


def test_closing_the_scene_empties_the_panel_and_it_works_again(gui: SlicerHost, panel: Any) -> None:
    panel.ui.inputSelector.setCurrentNode(add_volume(chest_values()))
    press(panel)
    gui.close_scene()
    assert panel.ui.inputSelector.currentNode() is None
    assert not panel.ui.translateButton.enabled
    panel.ui.inputSelector.setCurrentNode(add_volume(chest_values()))
    press(panel)
    assert len(stacks()) == 1


def test_closing_the_scene_while_it_translates_ends_in_one_sentence(
    gui: SlicerHost, panel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A question about packages lets events in; the user closes the scene meanwhile."""
    panel.ui.inputSelector.setCurrentNode(add_volume(chest_values()))
    monkeypatch.setattr("XrayToCTPanel.translate_section.ensureDependencies", gui.close_scene)
    press(panel)
    assert "gone" in panel.ui.translateStatusLabel.text
    assert stacks() == []


def test_pressing_twice_while_a_question_is_open_runs_once(
    gui: SlicerHost, panel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel.ui.inputSelector.setCurrentNode(add_volume(chest_values()))
    monkeypatch.setattr("XrayToCTPanel.translate_section.ensureDependencies", panel.ui.translateButton.click)
    press(panel)
    assert len(stacks()) == 1


def test_an_error_is_said_in_the_panel_and_leaves_nothing_behind(gui: SlicerHost, panel: Any) -> None:
    panel.ui.inputSelector.setCurrentNode(add_volume(np.full((1, 96, 80), 7, np.uint16)))
    before = node_ids()
    press(panel)
    assert "constant" in panel.ui.translateStatusLabel.text
    assert node_ids() == before
    assert gui.app.hostCursors == []
    assert gui.gui.dialogs.shown == []
    wait_until(lambda: not panel.ui.translateButton.enabled, "the look at the radiograph")
    assert "constant" in panel.ui.translateButton.toolTip  # by now that was found without a press
    slicer.util.updateVolumeFromArray(panel.ui.inputSelector.currentNode(), chest_values())
    wait_until(lambda: panel.ui.translateButton.enabled, "the look at the new pixels")


def test_a_fault_of_ours_is_one_sentence_and_the_cursor_comes_back(
    gui: SlicerHost, panel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise KeyError("oops")

    panel.ui.inputSelector.setCurrentNode(add_volume(chest_values()))
    monkeypatch.setattr(panel.logic, "translate", fail)
    press(panel)
    assert "oops" in panel.ui.translateStatusLabel.text
    assert "Traceback" not in panel.ui.translateStatusLabel.text
    assert gui.app.hostCursors == []


def test_without_an_output_each_run_makes_a_volume_with_one_it_is_reused(panel: Any) -> None:
    panel.ui.inputSelector.setCurrentNode(add_volume(chest_values()))
    press(panel)
    press(panel)
    assert len(stacks()) == 2
    assert panel.ui.inputSelector.currentNode().GetName() == "chest"
    panel.ui.outputSelector.setCurrentNode(stacks()[0])
    press(panel)
    assert len(stacks()) == 2


def test_the_input_as_output_is_refused_before_it_is_pressed(panel: Any) -> None:
    given = add_volume(chest_values())
    panel.ui.inputSelector.setCurrentNode(given)
    panel.ui.outputSelector.setCurrentNode(given)
    assert not panel.ui.translateButton.enabled
    assert "input itself" in panel.ui.translateButton.toolTip


def test_the_model_s_card_is_in_the_panel(panel: Any) -> None:
    assert panel.ui.modelComboBox.currentText == "A tiny model for tests (0.1.0)"
    for part in ("MAE 999 HU", "nothing was measured", "It knows nothing.", "CC0-1.0", "4 slabs of 50 mm"):
        assert part in panel.ui.modelCardLabel.text


def test_without_a_model_the_button_says_so(gui: SlicerHost, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("XRAYTOCT_MODELS", str(tmp_path / "none"))
    add_volume(chest_values())
    panel = gui.open_panel("XrayToCT")
    assert not panel.ui.translateButton.enabled
    assert "no model" in panel.ui.translateButton.toolTip


def test_a_model_of_another_installation_is_named_not_replaced(panel: Any) -> None:
    panel.ui.inputSelector.setCurrentNode(add_volume(chest_values()))
    panel.logic.getParameterNode().modelId = "elsewhere@1.0.0"
    assert panel.ui.modelComboBox.currentText == "elsewhere@1.0.0 (not installed)"
    assert "not installed" in panel.ui.translateButton.toolTip
    panel.ui.modelComboBox.setCurrentIndex(0)
    assert panel.ui.translateButton.enabled
    assert panel.logic.getParameterNode().modelId == "tiny@0.1.0"


def test_the_parameters_come_back_with_the_scene(gui: SlicerHost, panel: Any, tmp_path: Path) -> None:
    add_volume(chest_values(), name="other")
    panel.ui.inputSelector.setCurrentNode(add_volume(chest_values(), name="mine"))
    panel.ui.deviceComboBox.setCurrentIndex(1)
    panel.ui.polarityComboBox.setCurrentIndex(2)
    assert gui.save_scene(tmp_path / "scene.mrb")
    gui.close_scene()
    assert panel.ui.deviceComboBox.currentText == "auto"
    assert gui.load_scene(tmp_path / "scene.mrb")
    gui.gui.leave_panel("XrayToCT")
    panel = gui.open_panel("XrayToCT")
    assert panel.ui.inputSelector.currentNode().GetName() == "mine"
    assert (panel.ui.deviceComboBox.currentText, panel.ui.polarityComboBox.currentText) == ("cpu", "bone-dark")


def test_a_saved_stack_keeps_its_provenance_and_its_source(gui: SlicerHost, panel: Any, tmp_path: Path) -> None:
    panel.ui.inputSelector.setCurrentNode(add_volume(chest_values(), name="mine"))
    press(panel)
    assert gui.save_scene(tmp_path / "scene.mrb")
    add_volume(chest_values(), name="takes the ID")
    gui.close_scene()
    assert gui.load_scene(tmp_path / "scene.mrb")
    (stack,) = stacks()
    assert stack.GetNodeReference("XrayToCT.Source").GetName() == "mine"
    assert "diagnostic" in stack.GetAttribute("XrayToCT.NotForDiagnosticUse")
    assert stack.GetDisplayNode().GetWindow() == 1500


def test_leaving_and_entering_again_keeps_the_choice(gui: SlicerHost, panel: Any) -> None:
    add_volume(chest_values(), name="other")
    given = add_volume(chest_values(), name="mine")
    panel.ui.inputSelector.setCurrentNode(given)
    gui.gui.leave_panel("XrayToCT")
    panel.ui.inputSelector.setCurrentNode(None)  # nobody listens now
    assert gui.open_panel("XrayToCT").ui.inputSelector.currentNode() is given


def test_what_is_translated_while_the_module_is_left_is_there_on_return(gui: SlicerHost, panel: Any) -> None:
    panel.ui.inputSelector.setCurrentNode(add_volume(chest_values()))
    panel.ui.translateButton.click()
    gui.gui.leave_panel("XrayToCT")
    wait_until(lambda: run_of(panel) is None, "the translation")
    gui.open_panel("XrayToCT")
    assert panel.ui.viewStackSelector.currentNode() is stacks()[-1]
    assert panel.ui.viewCompareButton.enabled


def test_a_closed_scene_leaves_no_word_about_it(gui: SlicerHost, panel: Any) -> None:
    for section in panel.sections.loaded.values():
        section.panel.showStatus("Made a volume of this scene.")
    gui.gui.leave_panel("XrayToCT")
    gui.open_panel("XrayToCT")
    assert panel.ui.exportStatusLabel.text and panel.ui.trustStatusLabel.text and panel.ui.enhanceStatusLabel.text
    gui.close_scene()
    said = {name: widget.text for name, widget in vars(panel.ui).items() if name.endswith("StatusLabel")}
    assert not {name: text for name, text in said.items() if "this scene" in text}


@pytest.fixture
def library_kept() -> Iterator[None]:
    """Reload drops the library from sys.modules; the tests that follow have its classes in their hands."""
    kept = {name: module for name, module in sys.modules.items() if name.split(".")[0] == "XrayToCTLib"}
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == "XrayToCTLib"]:
        del sys.modules[name]
    sys.modules.update(kept)


def test_reload_gives_a_panel_that_works_and_leaves_no_listener(
    gui: SlicerHost, panel: Any, library_kept: None
) -> None:
    library = sys.modules["XrayToCTLib.errors"]
    panel.ui.inputSelector.setCurrentNode(add_volume(chest_values()))
    listeners = gui.modules.hostListeners()
    panel.onReload()
    assert sys.modules["XrayToCTLib.errors"] is not library
    fresh = slicer.modules.XrayToCTWidget
    assert fresh is not panel
    assert gui.modules.hostListeners() == listeners
    assert panel.Observations == []  # of the scene and of the parameter node
    press(fresh)
    assert len(stacks()) == 1


def test_a_setup_that_fails_says_why_in_the_panel(gui: SlicerHost, monkeypatch: pytest.MonkeyPatch) -> None:
    import qt

    def fail(_path: str) -> None:
        raise RuntimeError("the .ui file is damaged")

    monkeypatch.setattr(slicer.util, "loadUI", fail)
    panel = gui.open_panel("XrayToCT")
    texts = [label.text for label in panel.parent.findChildren(qt.QLabel)]
    assert any("the .ui file is damaged" in text for text in texts)


def test_the_sample_button_loads_the_sample_and_chooses_it(panel: Any, tmp_path: Path, monkeypatch: Any) -> None:
    from XrayToCTPanel import sample_data

    path = dicom_file(tmp_path / "sample.dcm", chest_values()[0], **SPACING)
    monkeypatch.setattr(sample_data, "RADIOGRAPH_FILE", path)
    panel.ui.sampleButton.click()
    assert panel.ui.inputSelector.currentNode().GetName() == sample_data.RADIOGRAPH_NAME
    assert panel.ui.translateButton.enabled


def test_a_missing_sample_is_said_in_the_panel(panel: Any, tmp_path: Path, monkeypatch: Any) -> None:
    from XrayToCTPanel import sample_data

    monkeypatch.setattr(sample_data, "RADIOGRAPH_FILE", tmp_path / "none.dcm")
    panel.ui.sampleButton.click()
    assert "missing" in panel.ui.inputsStatusLabel.text


def test_every_widget_that_can_be_used_has_a_tool_tip(panel: Any) -> None:
    for name, widget in vars(panel.ui).items():
        if widget.className() not in ("qMRMLWidget", "QWidget"):  # frames, on which no mouse rests
            assert widget.toolTip, name


def test_hints_for_programmers_are_turned_into_hints_for_the_panel(panel: Any) -> None:
    from XrayToCTPanel.panel_words import forPanel

    error = XrayToCTError("Too large.", hint="Pass the right spacing=(row, column) in mm.")
    assert forPanel(str(error)) == "Too large. Set it in the Volumes module (Volume Information)."


def test_the_panel_can_be_grabbed(gui: SlicerHost, panel: Any, tmp_path: Path) -> None:
    import SimpleITK as sitk

    picture = sitk.GetArrayFromImage(sitk.ReadImage(str(gui.grab(panel.parent, tmp_path / "panel.png"))))
    assert picture.shape[1] == 480
    assert len(np.unique(picture.reshape(-1, picture.shape[-1]), axis=0)) > 20


def test_a_section_that_cannot_be_loaded_says_so_and_the_others_work(gui: SlicerHost, monkeypatch: Any) -> None:
    from XrayToCTPanel import sections

    broken = [("no_such_section", "NoSuchSection"), ("section", "SectionPanel")]
    monkeypatch.setattr(sections, "SECTIONS", (*broken, *sections.SECTIONS))
    panel = gui.open_panel("XrayToCT")
    assert "NoSuch cannot be shown: No module named" in panel.ui.no_suchStatusLabel.text
    panel.ui.inputSelector.setCurrentNode(add_volume(chest_values()))
    press(panel)
    assert len(stacks()) == 1


def test_no_two_sections_call_a_widget_alike(panel: Any) -> None:
    names = [name for section in panel.sections.loaded.values() for name in vars(section.ui)]
    assert len(names) == len(set(names))
