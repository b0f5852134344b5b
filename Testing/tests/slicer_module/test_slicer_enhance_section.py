"""The section Enhance, driven as a user drives it: choose, edit, look, enhance, take back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import slicer
from Testing.host import SlicerHost
from XrayToCTLib.enhancement.pipeline import Pipeline, Step
from XrayToCTLib.enhancement.presets import presets

from panel_driver import wait_until
from scene_probe import add_volume, chest_values


@pytest.fixture(autouse=True)
def own_presets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "pipelines"
    monkeypatch.setenv("XRAYTOCT_PIPELINES", str(folder))
    return folder


@pytest.fixture
def panel(gui: SlicerHost) -> Any:
    panel = gui.open_panel("XrayToCT")
    panel.ui.inputSelector.setCurrentNode(add_volume(chest_values()))
    panel.ui.enhanceCollapsibleButton.collapsed = False
    settle(panel)
    return panel


def section(panel: Any) -> Any:
    return panel.sections.loaded["EnhanceSection"]


def settle(panel: Any) -> None:
    """Until nothing is still to come."""
    part = section(panel)
    wait_until(
        lambda: (
            not (part.preview.isBusy or part.tryAll.isBusy or part.help.isBusy or part.levels.isBusy or part.isSettling)
            and part.controls.run is None
            and part.writing.run is None
        ),
        "the section",
    )


def enhanced() -> list[Any]:
    volumes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    return [volume for volume in volumes if volume.GetAttribute("XrayToCT.Pipeline")]


def titles(panel: Any) -> list[str]:
    steps = panel.ui.enhanceStepsList
    return [steps.item(index).text() for index in range(steps.count)]


def choose_filter(panel: Any, name: str) -> None:
    combo = panel.ui.enhanceFilterComboBox
    combo.setCurrentIndex([combo.itemData(i) for i in range(combo.count)].index(name))


def choose_preset(panel: Any, name: str) -> None:
    combo = panel.ui.enhancePresetComboBox
    combo.setCurrentIndex([combo.itemText(i) for i in range(combo.count)].index(name))


def picture_of(label: Any) -> np.ndarray:
    image = label.pixmap.toImage()
    return np.array([[image.pixelColor(x, y).red() for x in range(image.width())] for y in range(image.height())])


def test_it_begins_with_a_preset_its_filters_and_a_preview(panel: Any) -> None:
    assert panel.ui.enhancePresetComboBox.currentText == "chest clarity"
    assert titles(panel) == ["Wavelet", "Background compression", "Multi-scale contrast", "Contrast stretch"]
    assert picture_of(panel.ui.enhancePictureLabel).std() > 10
    assert "80 x 96" in panel.ui.enhancePreviewStatusLabel.text
    assert enhanced() == []  # looking makes nothing


def test_nothing_is_computed_while_the_section_is_closed(gui: SlicerHost) -> None:
    panel = gui.open_panel("XrayToCT")
    panel.ui.inputSelector.setCurrentNode(add_volume(chest_values()))
    assert not section(panel).preview.isOn
    assert not section(panel).preview.isBusy


def test_pressing_enhance_makes_a_volume_that_says_what_ran(panel: Any) -> None:
    panel.ui.enhanceButton.click()
    settle(panel)
    (made,) = enhanced()
    assert json.loads(made.GetAttribute("XrayToCT.Pipeline"))["name"] == "chest clarity"
    assert panel.ui.enhanceStatusLabel.text.startswith("Made chest enhanced in ")
    assert panel.ui.enhanceOutputSelector.currentNode() is made
    for view in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode"):
        assert view.GetBackgroundVolumeID() == made.GetID()
    panel.ui.enhanceButton.click()
    settle(panel)
    assert enhanced() == [made]  # the same volume, filled again


def test_filters_are_added_moved_switched_and_removed_by_buttons_and_taken_back(panel: Any) -> None:
    ui = panel.ui
    choose_filter(panel, "clahe")
    ui.enhanceStepsList.setCurrentRow(0)
    ui.enhanceAddButton.click()
    assert titles(panel)[1] == "Adaptive equalisation (CLAHE)"
    assert ui.enhanceStepsList.currentRow == 1
    ui.enhanceUpButton.click()
    assert titles(panel)[0] == "Adaptive equalisation (CLAHE)"
    assert not ui.enhanceUpButton.enabled
    ui.enhanceRemoveButton.click()
    assert len(titles(panel)) == 4
    assert ui.enhancePresetComboBox.currentText == "chest clarity (changed)"
    for _edit in range(3):
        ui.enhanceUndoButton.click()
    assert ui.enhancePresetComboBox.currentText == "chest clarity"
    assert not ui.enhanceUndoButton.enabled
    ui.enhanceRedoButton.click()
    assert len(titles(panel)) == 5


def test_a_tick_switches_a_filter_off_and_undo_on_again(panel: Any) -> None:
    import qt

    item = panel.ui.enhanceStepsList.item(1)
    item.setCheckState(qt.Qt.Unchecked)
    assert [step.enabled for step in section(panel).editor.pipeline.steps] == [True, False, True, True]
    panel.ui.enhanceUndoButton.click()
    assert panel.ui.enhanceStepsList.item(1).checkState() == qt.Qt.Checked


def test_every_parameter_of_every_filter_has_a_control_with_a_tool_tip(panel: Any) -> None:
    import qt
    from XrayToCTLib.enhancement.table import FILTERS

    part = section(panel)
    for name in FILTERS:
        step = Step.of(name)
        part.form.show(step)
        assert set(part.form.controls) == set(step.values), name
        for label in panel.ui.enhanceParametersWidget.findChildren(qt.QLabel):
            assert label.toolTip, (name, label.text)
    part.form.show(Step.of("clahe"))
    labels = [label.text for label in panel.ui.enhanceParametersWidget.findChildren(qt.QLabel)]
    assert "Tile (mm):" in labels


def test_the_preview_follows_a_slider_and_the_whole_image_follows_when_it_is_let_go(panel: Any) -> None:
    before = picture_of(panel.ui.enhancePictureLabel)
    panel.ui.enhanceStepsList.setCurrentRow(2)
    slider = section(panel).form.controls["strength"].slider
    slider.setSliderDown(True)
    slider.setValue(950)
    wait_until(lambda: not section(panel).preview.isBusy, "the preview")
    assert np.abs(picture_of(panel.ui.enhancePictureLabel) - before).max() > 20
    assert enhanced() == [] and not section(panel).isSettling
    slider.setSliderDown(False)
    settle(panel)
    (made,) = enhanced()
    assert "strength 0.855" in made.GetAttribute("XrayToCT.Enhancement")
    stored = panel.parameterNode().enhancePipeline
    assert Pipeline.from_json(stored).steps[2].values["strength"] == pytest.approx(0.855)


def test_without_live_only_the_button_makes_a_volume(panel: Any) -> None:
    panel.ui.enhanceLiveCheckBox.setChecked(False)
    choose_preset(panel, "bone detail")
    settle(panel)
    assert enhanced() == []
    assert panel.parameterNode().enhancePipeline == "bone detail"


def test_the_preview_is_the_verb_s_result_where_the_image_is_small(panel: Any) -> None:
    panel.ui.enhanceButton.click()
    settle(panel)
    (made,) = enhanced()
    source = section(panel).preview._source
    np.testing.assert_array_equal(np.rint(source.runner.run("chest clarity").pixels), slicer.util.arrayFromVolume(made))


def test_after_before_split_and_blink_show_what_they_say(panel: Any) -> None:
    ui, label = panel.ui, panel.ui.enhancePictureLabel
    choose_preset(panel, "lines and tubes")
    settle(panel)
    seen = {}
    for index, name in enumerate(["After", "Before", "Split"]):
        ui.enhanceViewComboBox.setCurrentIndex(index)
        seen[name] = picture_of(label)
    middle = seen["Split"].shape[1] // 2
    np.testing.assert_array_equal(seen["Split"][:, : middle - 1], seen["Before"][:, : middle - 1])
    np.testing.assert_array_equal(seen["Split"][:, middle + 2 :], seen["After"][:, middle + 2 :])
    assert np.abs(seen["After"] - seen["Before"]).max() > 20
    ui.enhanceViewComboBox.setCurrentIndex(3)
    np.testing.assert_array_equal(picture_of(label), seen["After"])
    section(panel).comparison.blink()
    np.testing.assert_array_equal(picture_of(label), seen["Before"])


@pytest.mark.parametrize(("palette", "low", "high"), [("light", 200, 255), ("dark", 20, 100)])
def test_the_curve_is_drawn_in_the_colours_of_the_window(gui: SlicerHost, palette: str, low: int, high: int) -> None:
    from Testing.host.palettes import use_palette

    use_palette(palette)
    panel = gui.open_panel("XrayToCT")
    panel.ui.inputSelector.setCurrentNode(add_volume(chest_values()))
    panel.ui.enhanceCollapsibleButton.collapsed = False
    settle(panel)
    picture = picture_of(panel.ui.enhanceCurveLabel)
    assert low <= np.median(picture) <= high
    assert picture.std() > 5


def test_presets_of_one_s_own_are_kept_renamed_exported_imported_and_deleted(panel: Any, tmp_path: Path) -> None:
    ui = panel.ui
    assert not ui.enhanceSaveButton.enabled and not ui.enhanceDeleteButton.enabled
    ui.enhanceStepsList.setCurrentRow(0)
    ui.enhanceRemoveButton.click()
    ui.enhancePresetNameEdit.setText("mine")
    ui.enhanceSaveButton.click()
    assert [preset.name for preset in presets().user] == ["mine"]
    assert ui.enhancePresetComboBox.currentText == "mine"
    ui.enhancePresetFilePathEdit.setCurrentPath(str(tmp_path / "mine.json"))
    ui.enhanceExportButton.click()
    ui.enhancePresetNameEdit.setText("ours")
    ui.enhanceRenameButton.click()
    assert [preset.name for preset in presets().user] == ["ours"]
    ui.enhanceImportButton.click()
    assert {preset.name for preset in presets().user} == {"mine", "ours"}
    ui.enhanceDeleteButton.click()
    assert [preset.name for preset in presets().user] == ["ours"]
    assert "deleted" in ui.enhanceStatusLabel.text


def test_a_preset_that_cannot_be_kept_says_why(panel: Any, tmp_path: Path) -> None:
    ui = panel.ui
    for name, why in (("bone detail", "cannot be replaced"), ("clahe", "name of a filter")):
        ui.enhancePresetNameEdit.setText(name)
        ui.enhanceSaveButton.click()
        assert why in ui.enhanceStatusLabel.text
    ui.enhancePresetFilePathEdit.setCurrentPath(str(tmp_path / "none.json"))
    ui.enhanceImportButton.click()
    assert "cannot be read" in ui.enhanceStatusLabel.text
    assert presets().user == ()


def test_trying_all_shows_every_preset_and_choosing_one_loads_it(panel: Any) -> None:
    ui = panel.ui
    assert not ui.enhanceCandidatesList.isVisibleTo(ui.enhanceContentsWidget)
    ui.enhanceTryAllButton.click()
    settle(panel)
    shown = [ui.enhanceCandidatesList.item(i).text() for i in range(ui.enhanceCandidatesList.count)]
    assert [text.splitlines()[0] for text in shown][:3] == ["as it is", "as the seed project", "bone detail"]
    assert all("entropy" in text and "contrast/noise" in text for text in shown)
    ui.enhanceCandidatesList.setCurrentRow(2)
    assert ui.enhancePresetComboBox.currentText == "bone detail"
    ui.enhanceUndoButton.click()
    assert ui.enhancePresetComboBox.currentText == "chest clarity"


def test_candidates_of_one_radiograph_are_not_shown_for_another(gui: SlicerHost, panel: Any) -> None:
    ui = panel.ui
    ui.enhanceTryAllButton.click()
    settle(panel)
    assert ui.enhanceCandidatesList.count
    ui.inputSelector.setCurrentNode(add_volume(2 * chest_values(), name="second"))
    assert ui.enhanceCandidatesList.count == 0
    ui.enhanceTryAllButton.click()
    ui.inputSelector.setCurrentNode(slicer.util.getNode("chest"))  # while those of the second are being made
    settle(panel)
    assert ui.enhanceCandidatesList.count == 0
    gui.close_scene()
    assert ui.enhanceCandidatesList.count == 0


def test_what_is_done_after_the_radiograph_was_changed_is_kept_and_not_taken_for_that_of_the_new_one(
    panel: Any,
) -> None:
    ui, second = panel.ui, add_volume(chest_values(), name="second")
    ui.enhanceLiveCheckBox.setChecked(False)
    ui.enhanceButton.click()
    ui.enhancePresetComboBox.setCurrentText("bone detail")
    ui.inputSelector.setCurrentNode(second)
    settle(panel)
    (made,) = enhanced()
    assert made.GetNodeReference("XrayToCT.Source") is slicer.util.getNode("chest")
    assert panel.parameterNode().enhanceVolume is None
    assert ui.enhanceStatusLabel.text.endswith("chest clarity."), "what ran, not what is chosen by now"


def test_help_tells_method_source_and_parameters_with_a_picture(panel: Any) -> None:
    ui = panel.ui
    ui.enhanceStepsList.setCurrentRow(2)
    ui.enhanceHelpButton.setChecked(True)
    settle(panel)
    for part in ("Vuylsteke", "Noise protection", "radiography consoles"):
        assert part in ui.enhanceHelpLabel.text
    picture = picture_of(ui.enhanceHelpPictureLabel)
    half = picture.shape[1] // 2 - 1
    assert np.abs(picture[:, :half] - picture[:, -half:]).max() > 10
    ui.enhanceHelpButton.setChecked(False)
    assert not ui.enhanceHelpLabel.isVisibleTo(ui.enhanceContentsWidget)


def test_the_pipeline_and_its_result_come_back_with_the_scene(gui: SlicerHost, panel: Any, tmp_path: Path) -> None:
    panel.ui.enhanceStepsList.setCurrentRow(1)
    panel.ui.enhanceRemoveButton.click()
    settle(panel)
    assert gui.save_scene(tmp_path / "scene.mrb")
    gui.close_scene()
    assert panel.ui.enhancePresetComboBox.currentText == "chest clarity"
    assert gui.load_scene(tmp_path / "scene.mrb")
    gui.gui.leave_panel("XrayToCT")
    panel = gui.open_panel("XrayToCT")
    assert titles(panel) == ["Wavelet", "Multi-scale contrast", "Contrast stretch"]
    assert panel.ui.enhanceOutputSelector.currentNode().GetName() == "chest enhanced"


def test_a_pipeline_of_a_broken_scene_is_said_and_the_panel_works(panel: Any) -> None:
    panel.parameterNode().enhancePipeline = "no such preset"
    assert "no pipeline 'no such preset'" in panel.ui.enhanceStatusLabel.text
    choose_preset(panel, "bone detail")
    settle(panel)
    assert panel.parameterNode().enhancePipeline == "bone detail"


def test_removing_the_input_while_it_is_enhanced_ends_in_one_sentence(panel: Any) -> None:
    panel.ui.enhanceButton.click()
    slicer.mrmlScene.RemoveNode(panel.ui.inputSelector.currentNode())
    settle(panel)
    assert "gone from the scene" in panel.ui.enhanceStatusLabel.text
    assert enhanced() == []
    assert not panel.ui.enhanceButton.enabled


def test_an_enhancement_of_another_radiograph_is_never_replaced(panel: Any) -> None:
    panel.ui.enhanceButton.click()
    settle(panel)
    panel.ui.inputSelector.setCurrentNode(add_volume(chest_values(), name="second"))
    settle(panel)
    panel.ui.enhanceButton.click()
    settle(panel)
    assert [volume.GetName() for volume in enhanced()] == ["chest enhanced", "second enhanced"]


def test_closing_the_scene_while_the_preview_is_drawn_is_quiet(gui: SlicerHost, panel: Any) -> None:
    choose_preset(panel, "low dose")
    gui.close_scene()
    settle(panel)
    assert not panel.ui.enhanceButton.enabled
    assert panel.ui.enhanceStatusLabel.text == ""


def test_without_packages_the_section_is_there_and_computes_nothing(
    gui: SlicerHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    from XrayToCTPanel import enhance_section

    monkeypatch.setattr(enhance_section, "missingPackages", lambda: ["opencv-python-headless>=4.8"])
    panel = gui.open_panel("XrayToCT")
    panel.ui.inputSelector.setCurrentNode(add_volume(chest_values()))
    panel.ui.enhanceCollapsibleButton.collapsed = False
    assert not section(panel).preview.isOn
    assert "packages" in panel.ui.enhancePreviewStatusLabel.text


def test_the_choice_before_translate_warns_where_the_model_expects_another(panel: Any) -> None:
    combo, label = panel.ui.enhanceFirstComboBox, panel.ui.enhanceFirstWarningLabel
    assert combo.currentText == "what the model expects (none)"
    assert label.text == ""
    combo.setCurrentIndex(2)
    assert panel.parameterNode().enhanceFirst == "@pipeline"
    assert 'enhanced with "chest clarity"' in label.text and "not enhanced" in label.text
    combo.setCurrentIndex(1)
    assert label.text == ""


def test_the_enhanced_volume_is_written_as_dicom_that_says_what_ran(panel: Any, tmp_path: Path) -> None:
    import XrayToCTLib as x2ct
    from XrayToCTLib.enhancement.history import enhancement_names

    ui = panel.ui
    assert not ui.enhanceWriteButton.enabled and "Press Enhance" in ui.enhanceWriteButton.toolTip
    ui.enhanceButton.click()
    settle(panel)
    ui.enhanceWritePathEdit.setCurrentPath(str(tmp_path / "a.dcm"))
    ui.enhanceWriteButton.click()
    settle(panel)
    assert "Written to" in ui.enhanceStatusLabel.text
    assert enhancement_names(x2ct.read_radiograph(tmp_path / "a.dcm").history) == ("chest clarity",)
    ui.enhanceWriteButton.click()
    assert "exists already. Choose another name, or delete the one" in ui.enhanceStatusLabel.text
    ui.enhanceWritePathEdit.setCurrentPath(str(tmp_path / "a.gif"))
    ui.enhanceWriteButton.click()
    assert ".dcm" in ui.enhanceStatusLabel.text and not (tmp_path / "a.gif").exists()
    ui.enhanceWritePathEdit.setCurrentPath(str(tmp_path / "a.png"))
    ui.enhanceWriteButton.click()
    settle(panel)
    assert (
        "Written to" in ui.enhanceStatusLabel.text and "does not state the pixel spacing" in ui.enhanceStatusLabel.text
    )


def test_a_reference_adds_psnr_and_ssim_to_the_captions(panel: Any) -> None:
    ui = panel.ui
    ui.enhanceReferenceSelector.setCurrentNode(add_volume(chest_values(), name="reference"))
    ui.enhanceTryAllButton.click()
    settle(panel)
    captions = [ui.enhanceCandidatesList.item(i).text() for i in range(ui.enhanceCandidatesList.count)]
    assert captions and all("PSNR" in text and "SSIM" in text for text in captions)
    assert "SSIM 1.000" in captions[0]


def test_histogram_matching_takes_the_levels_of_the_reference_volume(panel: Any) -> None:
    import qt

    ui = panel.ui
    choose_filter(panel, "histogram_matching")
    ui.enhanceStepsList.setCurrentRow(3)
    ui.enhanceAddButton.click()
    (button,) = ui.enhanceParametersWidget.findChildren(qt.QPushButton)
    button.click()
    assert "no reference volume" in ui.enhanceStatusLabel.text
    ui.enhanceReferenceSelector.setCurrentNode(add_volume(chest_values() // 2, name="reference"))
    settle(panel)
    default = section(panel).steps.step.values["reference"]
    (button,) = ui.enhanceParametersWidget.findChildren(qt.QPushButton)
    button.click()
    settle(panel)
    taken = section(panel).steps.step.values["reference"]
    assert len(taken) == 257 and taken != default
    assert Pipeline.from_json(panel.parameterNode().enhancePipeline).steps[4].values["reference"] == taken
