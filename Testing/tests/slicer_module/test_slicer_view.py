"""Seeing: radiograph and stack side by side, what lies over the stack, and the way back to the user's own layout."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import slicer
from phantom_files import dicom_file
from Testing.host import SlicerHost
from XrayToCTLib import TrustMap, XrayToCTError

from panel_driver import press, wait_until
from scene_probe import OBLIQUE, SPACING, add_volume, chest_values, ijk_to_ras

CONVENTIONAL = 2
RADIOGRAPH, STACK = "XrayToCTRadiograph", "XrayToCTStack"


@pytest.fixture
def window(host: SlicerHost) -> Any:
    return host.show_main_window()


@pytest.fixture
def logic(module: ModuleType) -> Any:
    return module.XrayToCTLogic()


@pytest.fixture
def stack(logic: Any) -> Any:
    return logic.translate(add_volume(chest_values()), device="torch-cpu")


def view(name: str) -> Any:
    return slicer.mrmlScene.GetSingletonNode(name, "vtkMRMLSliceNode")


def composite(name: str) -> Any:
    return slicer.mrmlScene.GetSingletonNode(name, "vtkMRMLSliceCompositeNode")


def plane_distance(name: str, point: np.ndarray) -> float:
    to_ras = slicer.util.arrayFromVTKMatrix(view(name).GetSliceToRAS())
    return float((point - to_ras[:3, 3]) @ to_ras[:3, 2])


def a_map(name: str = "reprojection", slabs: int = 1, limits: tuple[float, float] = (-80.0, 80.0)) -> TrustMap:
    values = np.linspace(*limits, slabs * 30 * 20, dtype=np.float32).reshape(slabs, 30, 20)
    return TrustMap(name, name.capitalize(), "mm of water", values, (1.0, 1.0), limits, "What it is.")


def add_map(stack: Any, shown: TrustMap) -> Any:
    from XrayToCTPanel.map_volume import volumeFromMap

    return volumeFromMap(shown, stack)


def test_radiograph_and_stack_are_shown_side_by_side_linked_and_the_own_layout_comes_back(
    window: Any, logic: Any, stack: Any
) -> None:
    before = composite("Red").GetBackgroundVolumeID()
    assert logic.compareViews(stack)
    assert window.sliceViewNames() == (RADIOGRAPH, STACK)
    assert composite(STACK).GetBackgroundVolumeID() == stack.GetID()
    assert composite(STACK).GetLinkedControl() and composite(RADIOGRAPH).GetLinkedControl()
    assert composite("Red").GetBackgroundVolumeID() == before, "the user's own views are left alone"
    assert logic.restoreLayout()
    assert window.layout == CONVENTIONAL
    assert not logic.restoreLayout(), "there is nothing to restore any more"


def test_after_the_scene_was_closed_there_is_still_a_way_out_of_the_layout(
    host: SlicerHost, window: Any, logic: Any, stack: Any
) -> None:
    window.setLayout(3)
    logic.compareViews(stack)
    host.close_scene()
    assert logic.restoreLayout()
    assert window.layout in (3, CONVENTIONAL)


def test_a_layout_that_the_user_chose_meanwhile_is_not_taken_away(window: Any, logic: Any, stack: Any) -> None:
    logic.compareViews(stack)
    window.setLayout(3)
    assert not logic.restoreLayout()
    assert window.layout == 3


def test_the_radiograph_is_seen_at_every_slab(window: Any, logic: Any, stack: Any) -> None:
    logic.compareViews(stack)
    shown = slicer.mrmlScene.GetNodeByID(composite(RADIOGRAPH).GetBackgroundVolumeID())
    source = stack.GetNodeReference("XrayToCT.Source")
    assert shown is not source and shown.GetImageData() is source.GetImageData(), "its pixels are shared, not copied"
    assert shown.GetHideFromEditors() and not shown.GetSaveWithScene()
    box, inside = np.zeros(6), np.zeros(6)
    stack.GetBounds(box)
    shown.GetBounds(inside)
    np.testing.assert_allclose(inside, box, atol=1e-6)
    for slab in range(4):
        logic.showSlab(stack, slab)
        centre = (ijk_to_ras(stack) @ (39.5, 47.5, slab, 1.0))[:3]
        for name in (RADIOGRAPH, STACK):
            assert plane_distance(name, centre) == pytest.approx(0.0, abs=1e-6)


def test_the_slices_are_looked_at_as_the_radiograph_is(window: Any, logic: Any, stack: Any) -> None:
    logic.compareViews(stack)
    to_ras = slicer.util.arrayFromVTKMatrix(view(STACK).GetSliceToRAS())
    columns, rows = (OBLIQUE[:3, axis] / np.linalg.norm(OBLIQUE[:3, axis]) for axis in (0, 1))
    np.testing.assert_allclose(to_ras[:3, 0], columns, atol=1e-6)
    np.testing.assert_allclose(to_ras[:3, 1], -rows, atol=1e-6)


def test_of_a_cine_radiograph_the_frame_that_was_translated_is_the_one_beside(
    host: SlicerHost, window: Any, logic: Any, tmp_path: Path
) -> None:
    pixels = chest_values(frames=3) // np.array([3, 2, 1], np.uint16)[:, None, None]
    path = dicom_file(
        tmp_path / "cine.dcm",
        pixels,
        modality="XA",
        sop_class="1.2.840.10008.5.1.4.1.1.12.1",
        NumberOfFrames=3,
        **SPACING,
    )
    given = host.load_volume(path)
    stack = logic.translate(given, device="torch-cpu", frame=1)
    logic.compareViews(stack)
    shown = slicer.mrmlScene.GetNodeByID(composite(RADIOGRAPH).GetBackgroundVolumeID())
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(shown)[0], slicer.util.arrayFromVolume(given)[1])


def test_windows_have_the_names_that_radiologists_use(logic: Any, stack: Any) -> None:
    for name, level, width in (("Lung", -600, 1500), ("Soft tissue", 40, 400), ("Bone", 300, 1500)):
        logic.setCtWindow(stack, name)
        display = stack.GetDisplayNode()
        assert (display.GetLevel(), display.GetWindow(), display.GetAutoWindowLevel()) == (level, width, 0)
    with pytest.raises(XrayToCTError, match="There is no window 'Brain'"):
        logic.setCtWindow(stack, "Brain")


def test_a_map_lies_over_the_stack_where_the_stack_lies(window: Any, logic: Any, stack: Any) -> None:
    over = add_map(stack, a_map())
    for slabs in (1, 4):
        over = add_map(stack, a_map(slabs=slabs))
        box, inside = np.zeros(6), np.zeros(6)
        stack.GetBounds(box)
        over.GetBounds(inside)
        np.testing.assert_allclose(inside, box, atol=1e-6)
    logic.compareViews(stack)
    logic.showOverlay(stack, "reprojection", opacity=0.7)
    assert composite(STACK).GetForegroundVolumeID() == over.GetID()
    assert composite(STACK).GetForegroundOpacity() == pytest.approx(0.7)
    assert composite(RADIOGRAPH).GetForegroundVolumeID() is None, "linking does not carry it over"
    (legend,) = slicer.util.getNodesByClass("vtkMRMLColorLegendDisplayNode")
    assert legend.GetVisibility() and legend.GetTitleText() == "Reprojection mm of water"
    logic.showOverlay(stack, "")
    assert composite(STACK).GetForegroundVolumeID() is None
    assert not legend.GetVisibility()


def test_a_map_that_is_made_again_replaces_the_earlier_one(logic: Any, stack: Any) -> None:
    first = add_map(stack, a_map())
    assert add_map(stack, a_map(slabs=4)) is first
    assert first.GetImageData().GetDimensions() == (20, 30, 4)


def test_the_colours_of_maps_are_clear_where_there_is_nothing_to_tell(logic: Any, stack: Any) -> None:
    signed = add_map(stack, a_map()).GetDisplayNode()
    unsigned = add_map(stack, a_map("unsteadiness", limits=(0.0, 60.0))).GetDisplayNode()
    for display, clear, opaque in ((signed, 128, 0), (unsigned, 0, 255)):
        colour = np.zeros(4)
        display.GetColorNode().GetColor(clear, colour)
        assert colour[3] == 0.0
        display.GetColorNode().GetColor(opaque, colour)
        assert colour[3] == 1.0
    assert (signed.GetWindowLevelMin(), signed.GetWindowLevelMax()) == (-80.0, 80.0)


def test_fading_is_the_opacity_of_the_radiograph_over_the_stack(window: Any, logic: Any, stack: Any) -> None:
    logic.compareViews(stack)
    logic.showOverlay(stack, "radiograph", opacity=0.25)
    over = slicer.mrmlScene.GetNodeByID(composite(STACK).GetForegroundVolumeID())
    assert over.GetImageData() is stack.GetNodeReference("XrayToCT.Source").GetImageData()
    assert composite(STACK).GetForegroundOpacity() == pytest.approx(0.25)


def test_what_cannot_be_shown_is_refused_in_words(window: Any, logic: Any, stack: Any) -> None:
    for given, words in ((None, "No stack is chosen"), (slicer.vtkMRMLScalarVolumeNode(), "has no pixels")):
        with pytest.raises(XrayToCTError, match=words):
            logic.compareViews(given)
    with pytest.raises(XrayToCTError, match="There is no slab 4"):
        logic.showSlab(stack, 4)
    with pytest.raises(XrayToCTError, match="has no map 'colour'"):
        logic.showOverlay(stack, "colour")
    slicer.mrmlScene.RemoveNode(stack.GetNodeReference("XrayToCT.Source"))
    with pytest.raises(XrayToCTError, match="no longer in the scene"):
        logic.showOverlay(stack, "radiograph")
    assert logic.compareViews(stack), "the stack alone is still shown"


def test_a_volume_rendering_comes_in_a_view_of_its_own_seen_from_the_detector(
    window: Any, logic: Any, stack: Any
) -> None:
    display = logic.renderVolume(stack)
    three_d = slicer.mrmlScene.GetSingletonNode("XrayToCT3D", "vtkMRMLViewNode")
    assert display.GetVisibility() and display.GetViewNodeIDs() == (three_d.GetID(),)
    opacity = display.GetVolumePropertyNode().GetVolumeProperty().GetScalarOpacity()
    assert opacity.GetValue(-1000) == 0.0 < opacity.GetValue(300)
    camera = slicer.modules.cameras.logic().GetViewActiveCameraNode(three_d)
    first, last = (np.array((ijk_to_ras(stack) @ (39.5, 47.5, slab, 1.0))[:3]) for slab in (0, 3))
    position = np.array(camera.GetPosition())
    assert np.linalg.norm(position - first) < np.linalg.norm(position - last)
    down = OBLIQUE[:3, 1] / np.linalg.norm(OBLIQUE[:3, 1])
    assert np.dot(camera.GetViewUp(), down) < -0.9
    logic.hideRendering(stack)
    assert not display.GetVisibility()
    assert logic.restoreLayout() and window.layout == CONVENTIONAL
    with pytest.raises(XrayToCTError, match="There is no preset 'CT-Toast'"):
        logic.renderVolume(stack, preset="CT-Toast")


def test_without_a_main_window_the_stack_goes_into_the_views_that_there_are(logic: Any, stack: Any) -> None:
    assert not logic.compareViews(stack)
    assert composite("Red").GetBackgroundVolumeID() == stack.GetID()
    assert not logic.restoreLayout()
    logic.showSlab(stack, 1)
    logic.showOverlay(stack, "")
    assert logic.renderVolume(stack).GetVisibility()


def test_the_helper_volume_is_not_saved_with_the_scene(host: SlicerHost, window: Any, logic: Any, stack: Any) -> None:
    logic.compareViews(stack)
    helpers = [n for n in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") if "all slabs" in n.GetName()]
    assert len(helpers) == 1
    logic.compareViews(stack)
    again = [n for n in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") if "all slabs" in n.GetName()]
    assert again == helpers, "one is enough"
    assert not helpers[0].GetSaveWithScene()


@pytest.fixture
def panel(gui: SlicerHost) -> Any:
    gui.show_main_window()
    return gui.open_panel("XrayToCT")


@pytest.fixture
def translated(panel: Any) -> Any:
    panel.ui.inputSelector.setCurrentNode(add_volume(chest_values()))
    press(panel)
    return panel.parameterNode().viewStack


def test_after_translate_the_stack_is_seen_beside_its_radiograph(gui: SlicerHost, panel: Any, translated: Any) -> None:
    assert gui.app.layoutManager().sliceViewNames() == (RADIOGRAPH, STACK)
    assert panel.ui.viewStackSelector.currentNode() is translated
    assert panel.ui.viewSlabDepthLabel.text == "3 of 4, 100–150 mm"
    panel.ui.viewRestoreButton.click()
    assert gui.app.layoutManager().layout == CONVENTIONAL
    assert not panel.ui.viewRestoreButton.enabled
    panel.ui.viewCompareButton.click()
    assert gui.app.layoutManager().sliceViewNames() == (RADIOGRAPH, STACK)


def test_whoever_wants_no_results_shown_keeps_the_layout(gui: SlicerHost, panel: Any) -> None:
    panel.parameterNode().showResult = False
    panel.ui.inputSelector.setCurrentNode(add_volume(chest_values()))
    press(panel)
    assert gui.app.layoutManager().layout == CONVENTIONAL
    assert panel.parameterNode().viewStack is not None


def test_the_slider_moves_the_views_and_scrolling_in_a_view_moves_the_slider(panel: Any, translated: Any) -> None:
    panel.ui.viewSlabSlider.setValue(0)
    centre = (ijk_to_ras(translated) @ (39.5, 47.5, 0, 1.0))[:3]
    assert plane_distance(STACK, centre) == pytest.approx(0.0, abs=1e-6)
    assert panel.ui.viewSlabDepthLabel.text == "1 of 4, 0–50 mm"
    view(STACK).JumpSliceByOffsetting(*(ijk_to_ras(translated) @ (39.5, 47.5, 3.2, 1.0))[:3])
    assert panel.ui.viewSlabSlider.value == 3


def test_window_overlay_and_fade_follow_the_controls_and_the_legend_says_what_is_seen(
    panel: Any, translated: Any
) -> None:
    assert [panel.ui.viewOverlayComboBox.itemText(i) for i in range(2)] == ["Nothing", "Radiograph"]
    panel.ui.viewWindowComboBox.setCurrentIndex(1)
    assert translated.GetDisplayNode().GetLevel() == -600
    panel.ui.viewOverlayComboBox.setCurrentIndex(1)
    panel.ui.viewOpacitySlider.setValue(80)
    assert composite(STACK).GetForegroundOpacity() == pytest.approx(0.8)
    assert panel.ui.viewLegendLabel.isHidden()
    over = add_map(translated, a_map())
    panel.onParametersChanged()
    panel.ui.viewOverlayComboBox.setCurrentIndex(2)
    assert composite(STACK).GetForegroundVolumeID() == over.GetID()
    assert not panel.ui.viewLegendLabel.isHidden()
    assert panel.ui.viewLegendTextLabel.text.startswith("-80 to 80 mm of water")
    assert panel.parameterNode().viewOverlay == "reprojection"


def test_blinking_changes_the_opacity_and_ends_where_the_slider_stands(panel: Any, translated: Any) -> None:
    panel.ui.viewOverlayComboBox.setCurrentIndex(1)
    panel.ui.viewOpacitySlider.setValue(60)
    panel.ui.viewBlinkCheckBox.setChecked(True)
    section = panel.sections.loaded["ViewSection"]
    seen = set()
    for _ in range(4):
        section.blink()
        seen.add(round(composite(STACK).GetForegroundOpacity(), 2))
    assert seen == {0.0, 0.6}
    panel.ui.viewBlinkCheckBox.setChecked(False)
    assert composite(STACK).GetForegroundOpacity() == pytest.approx(0.6)


def test_nothing_can_be_faded_where_nothing_lies_over_the_stack(panel: Any, translated: Any) -> None:
    controls, own = (panel.ui.viewOpacitySlider, panel.ui.viewBlinkCheckBox), []
    panel.ui.viewOverlayComboBox.setCurrentIndex(1)
    for control in controls:
        assert control.enabled
        own.append(control.toolTip)
    panel.ui.viewOverlayComboBox.setCurrentIndex(0)
    for control in controls:
        assert not control.enabled
        assert "Choose what lies over the stack" in control.toolTip
    panel.ui.viewOverlayComboBox.setCurrentIndex(1)
    assert [control.toolTip for control in controls] == own


def test_one_press_renders_the_stack_and_another_hides_it(panel: Any, translated: Any) -> None:
    panel.ui.viewRenderButton.click()
    (display,) = slicer.util.getNodesByClass("vtkMRMLVolumeRenderingDisplayNode")
    assert display.GetVisibility()
    panel.ui.viewRenderButton.click()
    assert not display.GetVisibility()


def test_the_3d_view_shows_the_chosen_stack_and_no_other(gui: SlicerHost, panel: Any, translated: Any) -> None:
    def rendered() -> list[Any]:
        displays = slicer.util.getNodesByClass("vtkMRMLVolumeRenderingDisplayNode")
        return [display.GetDisplayableNode() for display in displays if display.GetVisibility()]

    panel.ui.viewRenderButton.click()
    press(panel)
    other = panel.parameterNode().viewStack
    assert other is not translated and rendered() == [other]
    assert panel.ui.viewRenderButton.checked
    panel.ui.viewStackSelector.setCurrentNode(translated)
    assert rendered() == [translated]
    panel.ui.viewRenderButton.click()
    assert rendered() == []
    panel.ui.viewStackSelector.setCurrentNode(other)
    assert rendered() == [] and not panel.ui.viewRenderButton.checked
    panel.ui.viewRenderButton.click()
    gui.close_scene()
    assert not panel.ui.viewRenderButton.checked


def test_a_blink_that_ends_in_the_dark_leaves_what_lies_over_the_stack_in_sight(
    gui: SlicerHost, panel: Any, translated: Any
) -> None:
    section = panel.sections.loaded["ViewSection"]
    panel.ui.viewOverlayComboBox.setCurrentIndex(1)
    panel.ui.viewOpacitySlider.setValue(60)
    panel.ui.viewBlinkCheckBox.setChecked(True)
    section.blink()
    assert composite(STACK).GetForegroundOpacity() == 0
    gui.gui.leave_panel("XrayToCT")
    assert composite(STACK).GetForegroundOpacity() == pytest.approx(0.6)
    gui.open_panel("XrayToCT")
    section.blink()
    panel.parameterNode().viewStack = None
    panel.ui.viewBlinkCheckBox.setChecked(False)
    panel.parameterNode().viewStack = translated
    panel.ui.viewOpacitySlider.setValue(80)
    assert composite(STACK).GetForegroundOpacity() == pytest.approx(0.8)


def test_without_a_stack_the_controls_are_off_and_say_why(panel: Any) -> None:
    for name in ("viewCompareButton", "viewSlabSlider", "viewOverlayComboBox", "viewRenderButton", "trustButton"):
        assert not getattr(panel.ui, name).enabled, name
    assert "translate a radiograph first" in panel.ui.viewCompareButton.toolTip


def test_a_stack_that_is_deleted_or_a_closed_scene_leaves_an_empty_section(
    gui: SlicerHost, panel: Any, translated: Any
) -> None:
    panel.ui.viewBlinkCheckBox.setChecked(True)
    slicer.mrmlScene.RemoveNode(translated)
    wait_until(lambda: not panel.ui.viewCompareButton.enabled, "the section to notice")
    gui.close_scene()
    assert panel.parameterNode().viewStack is None
    panel.ui.inputSelector.setCurrentNode(add_volume(chest_values()))
    press(panel)
    assert panel.ui.viewCompareButton.enabled


def test_a_saved_scene_opens_with_the_stack_its_maps_and_how_they_were_shown(
    gui: SlicerHost, panel: Any, translated: Any, tmp_path: Path
) -> None:
    add_map(translated, a_map())
    panel.onParametersChanged()
    panel.ui.viewOverlayComboBox.setCurrentIndex(2)
    panel.ui.viewWindowComboBox.setCurrentIndex(2)
    gui.save_scene(tmp_path / "scene.mrb")
    gui.close_scene()
    gui.load_scene(tmp_path / "scene.mrb")
    stack = panel.parameterNode().viewStack
    assert stack is not None and stack.GetNodeReference("XrayToCT.Source") is not None
    assert panel.ui.viewOverlayComboBox.currentText == "Reprojection"
    assert panel.ui.viewWindowComboBox.currentText == "Soft tissue"
    panel.ui.viewCompareButton.click()
    over = slicer.mrmlScene.GetNodeByID(composite(STACK).GetForegroundVolumeID())
    assert over.GetAttribute("XrayToCT.Map") == "reprojection"
    assert over.GetDisplayNode().GetColorNode().GetNumberOfColors() == 256
