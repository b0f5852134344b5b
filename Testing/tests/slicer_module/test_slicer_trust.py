"""The trust check in Slicer: what is doubtful is said in words, and laid over the stack."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
import slicer
from Testing.host import SlicerHost
from XrayToCTLib import TrustReport, XrayToCTError

from panel_driver import press, wait_until
from scene_probe import add_volume, chest_values


@pytest.fixture
def logic(module: ModuleType) -> Any:
    return module.XrayToCTLogic()


def translated(logic: Any) -> Any:
    return logic.translate(add_volume(chest_values()), device="torch-cpu")


def maps_of(stack: Any) -> dict[str, Any]:
    from XrayToCTPanel.map_volume import MAP_NAME, mapVolumes

    return {node.GetAttribute(MAP_NAME): node for node in mapVolumes(stack)}


def test_the_verb_gives_a_report_and_its_maps_lie_over_the_stack(logic: Any) -> None:
    stack = translated(logic)
    said: list[str] = []
    report = logic.checkTrust(stack, device="torch-cpu", progress=lambda fraction, phase: said.append(phase))
    assert isinstance(report, TrustReport)
    maps = maps_of(stack)
    assert set(maps) == {"reprojection", "unsteadiness"}
    box, inside = np.zeros(6), np.zeros(6)
    stack.GetBounds(box)
    for node in maps.values():
        node.GetBounds(inside)
        np.testing.assert_allclose(inside, box, atol=1e-6)
        assert node.GetDisplayNode().GetColorNode() is not None
    assert any("moved radiograph" in phase for phase in said)  # one look may miss a single one


def test_asked_again_the_same_maps_are_brought_up_to_date(logic: Any) -> None:
    stack = translated(logic)
    logic.checkTrust(stack, device="torch-cpu", perturb=False)
    first = maps_of(stack)
    logic.checkTrust(stack, device="torch-cpu", perturb=False)
    assert maps_of(stack) == first
    assert set(first) == {"reprojection"}


def test_a_stack_that_was_edited_is_doubted(logic: Any) -> None:
    stack = translated(logic)
    slicer.util.updateVolumeFromArray(stack, slicer.util.arrayFromVolume(stack)[:, ::-1].copy())
    report = logic.checkTrust(stack, device="torch-cpu")
    assert any("not what the model makes of this radiograph" in sentence for sentence in report.sentences)


def test_the_polarity_of_the_translation_is_that_of_the_check(logic: Any) -> None:
    given = add_volume(chest_values().max() - chest_values())
    stack = logic.translate(given, device="torch-cpu", polarity="bone-dark")
    fine = logic.checkTrust(stack, device="torch-cpu", polarity="bone-dark")
    assert any("is what the model makes" in sentence for sentence in fine.sentences)


def test_without_its_radiograph_a_stack_cannot_be_checked(logic: Any) -> None:
    stack = translated(logic)
    slicer.mrmlScene.RemoveNode(stack.GetNodeReference("XrayToCT.Source"))
    with pytest.raises(XrayToCTError, match="is not in the scene"):
        logic.checkTrust(stack)
    with pytest.raises(XrayToCTError, match="No stack is chosen"):
        logic.checkTrust(None)


def test_a_cancelled_check_leaves_nothing_behind(logic: Any) -> None:
    stack = translated(logic)
    with pytest.raises(XrayToCTError, match="cancelled"):
        logic.checkTrust(stack, device="torch-cpu", progress=lambda fraction, phase: "moved" not in phase)
    assert maps_of(stack) == {}


def test_a_check_that_is_cancelled_between_its_maps_leaves_none(logic: Any) -> None:
    stack = translated(logic)
    run = logic.checkTrust(stack, device="torch-cpu", perturb=False, wait=False)
    while not maps_of(stack):
        assert not run.state.done
        run._slice()
    assert not run.state.done  # each map is a slice of its own, and so is the verdict
    run.cancel()
    assert maps_of(stack) == {}
    assert stack.GetAttribute("XrayToCTTrust") is None


@pytest.fixture
def panel(gui: SlicerHost) -> Any:
    gui.show_main_window()
    found = gui.open_panel("XrayToCT")
    found.ui.inputSelector.setCurrentNode(add_volume(chest_values()))
    press(found)
    return found


def check(panel: Any) -> None:
    panel.ui.trustButton.click()
    wait_until(lambda: panel.sections.loaded["TrustSection"].controls.run is None, "the trust check")


def test_press_check_read_the_flags_and_look_at_the_maps(panel: Any) -> None:
    assert panel.ui.trustButton.enabled
    assert not panel.ui.trustReprojectionButton.enabled
    check(panel)
    lines = panel.ui.trustVerdictLabel.text.splitlines()
    assert len(lines) == 5 and all(line[0] in "✓⚠?" for line in lines)
    assert "CT alone" in panel.ui.trustStatusLabel.text
    panel.ui.trustUnsteadinessButton.click()
    composite = slicer.mrmlScene.GetSingletonNode("XrayToCTStack", "vtkMRMLSliceCompositeNode")
    stack = panel.parameterNode().viewStack
    assert composite.GetForegroundVolumeID() == maps_of(stack)["unsteadiness"].GetID()
    assert panel.ui.viewOverlayComboBox.currentText == "Unsteadiness of the network"


def test_the_verdict_is_there_again_when_the_stack_is_chosen_again(panel: Any) -> None:
    check(panel)
    stack, said = panel.parameterNode().viewStack, panel.ui.trustVerdictLabel.text
    panel.ui.viewStackSelector.setCurrentNode(None)
    assert panel.ui.trustVerdictLabel.text == ""
    panel.ui.trustStackSelector.setCurrentNode(stack)
    assert panel.ui.trustVerdictLabel.text == said


def test_the_verdict_names_the_stack_that_was_checked_and_no_other(panel: Any) -> None:
    checked = panel.parameterNode().viewStack
    panel.ui.trustButton.click()
    panel.ui.viewStackSelector.setCurrentNode(None)
    wait_until(lambda: panel.sections.loaded["TrustSection"].controls.run is None, "the trust check")
    said = panel.ui.trustStatusLabel.text
    assert checked.GetName() in said and "this stack" not in said


def test_a_second_press_cancels(panel: Any) -> None:
    panel.ui.trustButton.click()
    panel.ui.trustButton.click()
    wait_until(lambda: panel.sections.loaded["TrustSection"].controls.run is None, "the end")
    assert "Cancelled" in panel.ui.trustStatusLabel.text
    assert maps_of(panel.parameterNode().viewStack) == {}


def test_a_radiograph_that_is_deleted_turns_the_button_off_and_says_why(panel: Any) -> None:
    slicer.mrmlScene.RemoveNode(panel.parameterNode().viewStack.GetNodeReference("XrayToCT.Source"))
    panel.onParametersChanged()
    assert not panel.ui.trustButton.enabled
    assert "not in the scene" in panel.ui.trustButton.toolTip
