"""Several volumes, cines and sequences: one run, one progress, results where they are looked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import slicer
from phantom_files import XA, dicom_file
from Testing.host import SlicerHost
from XrayToCTLib import XrayToCTError

from panel_driver import press, run_of, wait_until
from scene_probe import SPACING, add_volume, chest_values, ijk_to_ras, node_ids


@pytest.fixture
def panel(gui: SlicerHost) -> Any:
    return gui.open_panel("XrayToCT")


def hierarchy() -> Any:
    return slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)


def folder_of(node: Any) -> str:
    return hierarchy().GetItemName(hierarchy().GetItemParent(hierarchy().GetItemByDataNode(node)))


def add_unshown_sequence(count: int) -> Any:
    """A sequence of chests, each brighter than the one before, that no browser shows."""
    sequence = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode", "fluoroscopy")
    sequence.SetIndexName("time")
    sequence.SetIndexUnit("ms")
    for index in range(count):
        volume = add_volume(chest_values() + index, name="chest")
        sequence.SetDataNodeAtValue(volume, str(40 * index))
        slicer.mrmlScene.RemoveNode(volume)
    return sequence


def add_sequence(count: int) -> tuple[Any, Any]:
    """(sequence, volume that shows it)."""
    sequence = add_unshown_sequence(count)
    browser = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", "browser")
    browser.AddSynchronizedSequenceNode(sequence)
    slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(browser)
    return sequence, browser.GetProxyNode(sequence)


def test_checked_volumes_are_translated_in_one_run_into_a_folder(panel: Any) -> None:
    import qt

    first, second, third = (add_volume(chest_values(), name=name) for name in ("one", "two", "three"))
    panel.ui.inputSelector.setCurrentNode(first)
    panel.ui.moreInputsComboBox.setCheckState(second, qt.Qt.Checked)
    panel.ui.moreInputsComboBox.setCheckState(third, qt.Qt.Checked)
    phases: set[str] = set()
    fractions: list[float] = []
    panel.ui.translateButton.click()
    run_of(panel).onChange(lambda state: (phases.add(state.phase.split(":")[0]), fractions.append(state.fraction)))
    wait_until(lambda: run_of(panel) is None, "three translations")
    stacks = [slicer.util.getNode(f"{name} CT stack") for name in ("one", "two", "three")]
    assert {folder_of(stack) for stack in stacks} == {"CT stacks"}
    for stack, given in zip(stacks, (first, second, third), strict=True):
        assert stack.GetNodeReference("XrayToCT.Source") is given
    assert {"1 of 3", "2 of 3", "3 of 3"} <= phases
    assert fractions == sorted(fractions)
    assert panel.ui.translateStatusLabel.text.startswith("Made 3 stacks in ")


def test_what_is_checked_comes_back_with_the_scene(gui: SlicerHost, panel: Any, tmp_path: Path) -> None:
    import qt

    panel.ui.inputSelector.setCurrentNode(add_volume(chest_values(), name="one"))
    panel.ui.moreInputsComboBox.setCheckState(add_volume(chest_values(), name="two"), qt.Qt.Checked)
    assert gui.save_scene(tmp_path / "scene.mrb")
    gui.close_scene()
    assert panel.ui.moreInputsComboBox.checkedNodes() == []
    assert gui.load_scene(tmp_path / "scene.mrb")
    gui.gui.leave_panel("XrayToCT")
    panel = gui.open_panel("XrayToCT")
    assert [node.GetName() for node in panel.ui.moreInputsComboBox.checkedNodes()] == ["two"]


def test_a_volume_that_fails_does_not_stop_the_others(panel: Any) -> None:
    volumes = [add_volume(chest_values(), name="good"), add_volume(np.full((1, 96, 80), 7, np.uint16), name="flat")]
    results = panel.logic.translateMany(volumes, device="cpu")
    assert [node.GetName() for node in results.nodes] == ["good CT stack"]
    (failure,) = results.failures
    assert failure.startswith("flat: ") and "constant" in failure


def test_when_all_fail_nothing_is_made(panel: Any) -> None:
    volumes = [add_volume(np.full((1, 96, 80), value, np.uint16)) for value in (3, 4)]
    before = node_ids()
    with pytest.raises(XrayToCTError, match="constant"):
        panel.logic.translateMany(volumes)
    assert node_ids() == before
    assert hierarchy().GetItemByName("CT stacks") == 0


def test_a_volume_deleted_meanwhile_is_said_and_the_others_are_made(panel: Any) -> None:
    volumes = [add_volume(chest_values(), name=name) for name in ("one", "two")]
    run = panel.logic.translateMany(volumes, device="cpu", wait=False)
    slicer.mrmlScene.RemoveNode(volumes[1])
    results = run.result()
    assert [node.GetName() for node in results.nodes] == ["one CT stack"]
    assert any("two" in failure for failure in results.failures)


def test_a_cancelled_run_over_many_leaves_nothing(panel: Any) -> None:
    volumes = [add_volume(chest_values(), name=name) for name in ("one", "two")]
    before = node_ids()
    run = panel.logic.translateMany(volumes, device="cpu", wait=False)
    wait_until(lambda: run.state.phase.startswith("2 of 2"), "the second translation")
    run.cancel()
    assert run.state.done and run.state.cancelled
    assert node_ids() == before


def test_more_stacks_than_memory_holds_are_refused_beforehand(panel: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("XrayToCTPanel.many_translations.available_bytes", lambda: 1000)
    with pytest.raises(XrayToCTError, match=r"2 stacks would take .* GiB"):
        panel.logic.translateMany([add_volume(chest_values()), add_volume(chest_values())])


def test_a_sequence_becomes_a_sequence_that_is_browsed_with_it(panel: Any) -> None:
    _, shown = add_sequence(3)
    results = panel.logic.translateMany(shown, allFrames=True, device="cpu")
    made = results.sequence
    assert [made.GetNthIndexValue(i) for i in range(made.GetNumberOfDataNodes())] == ["0", "40", "80"]
    assert (made.GetIndexName(), made.GetIndexUnit()) == ("time", "ms")
    for index in range(3):
        item = made.GetNthDataNode(index)
        assert item.GetImageData().GetDimensions()[2] == 4
        np.testing.assert_allclose(ijk_to_ras(item)[:3, :2], ijk_to_ras(shown)[:3, :2])
        np.testing.assert_allclose(ijk_to_ras(item)[:3, 3], ijk_to_ras(shown)[:3, 3])
    (browser,) = slicer.util.getNodesByClass("vtkMRMLSequenceBrowserNode")
    (stack,) = results.nodes
    assert browser.GetProxyNode(made) is stack
    browser.SetSelectedItemNumber(2)
    np.testing.assert_array_equal(
        slicer.util.arrayFromVolume(stack), slicer.util.arrayFromVolume(made.GetNthDataNode(2))
    )
    assert stack.GetAttribute("XrayToCT.ModelId") == "tiny"


def test_the_verbs_take_a_sequence_that_no_browser_shows(panel: Any) -> None:
    sequence = add_unshown_sequence(2)
    before = node_ids()
    with pytest.raises(XrayToCTError, match="cancelled"):
        panel.logic.translateMany(sequence, allFrames=True, device="cpu", progress=lambda fraction, phase: False)
    assert node_ids() == before
    made = panel.logic.translateMany(sequence, allFrames=True, device="cpu").sequence
    (browser,) = slicer.util.getNodesByClass("vtkMRMLSequenceBrowserNode")
    assert browser.GetName() == "fluoroscopy browser"
    assert browser.GetMasterSequenceNode() is sequence
    shown, stack = browser.GetProxyNode(sequence), browser.GetProxyNode(made)
    assert [made.GetNthIndexValue(i) for i in range(made.GetNumberOfDataNodes())] == ["0", "40"]
    assert stack.GetNodeReference("XrayToCT.Source") is shown
    np.testing.assert_allclose(ijk_to_ras(stack)[:3, :2], ijk_to_ras(shown)[:3, :2])
    browser.SetSelectedItemNumber(1)  # one image of a sequence: the item that is shown
    one = panel.logic.translate(sequence, device="torch-cpu")
    wanted = slicer.util.arrayFromVolume(made.GetNthDataNode(1))
    np.testing.assert_allclose(slicer.util.arrayFromVolume(one), wanted, atol=1)
    assert panel.logic.enhance(sequence, pipeline="clahe").GetNodeReference("XrayToCT.Source") is shown


def test_a_sequence_is_chosen_in_the_panel_and_gets_its_browser(gui: SlicerHost, panel: Any) -> None:
    assert panel.ui.sequenceComboBox.isHidden()
    sequence = add_unshown_sequence(2)
    others = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode", "tracking")
    others.SetDataNodeAtValue(slicer.vtkMRMLLinearTransformNode(), "0")
    box = panel.ui.sequenceComboBox
    wait_until(lambda: not box.isHidden(), "the list of sequences")
    assert [box.itemText(i) for i in range(box.count)] == ["Choose a sequence", "fluoroscopy"]
    box.setCurrentIndex(1)
    (browser,) = slicer.util.getNodesByClass("vtkMRMLSequenceBrowserNode")
    assert panel.parameterNode().inputVolume is browser.GetProxyNode(sequence)
    assert not panel.ui.allFramesCheckBox.isHidden()
    panel.ui.inputSelector.setCurrentNode(add_volume(chest_values()))
    assert box.currentIndex == 0  # an ordinary volume is of no sequence
    panel.ui.inputSelector.setCurrentNode(browser.GetProxyNode(sequence))
    assert box.currentIndex == 1
    gui.close_scene()
    wait_until(box.isHidden, "the list of sequences to go")


def test_a_sequence_without_radiographs_is_refused_in_words(panel: Any) -> None:
    empty = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode", "nothing")
    before = node_ids()
    for verb in (panel.logic.translate, panel.logic.enhance, panel.logic.showSequence):
        with pytest.raises(XrayToCTError, match="nothing is an empty sequence"):
            verb(empty)
    empty.SetDataNodeAtValue(slicer.vtkMRMLLinearTransformNode(), "0")
    with pytest.raises(XrayToCTError, match="a sequence of something else"):
        panel.logic.translateMany([empty], allFrames=True)
    assert node_ids() == before


def test_every_frame_of_a_cine_is_translated_by_two_presses(gui: SlicerHost, panel: Any, tmp_path: Path) -> None:
    frames = np.stack([chest_values()[0] + 10 * index for index in range(3)])
    path = dicom_file(tmp_path / "xa.dcm", frames, sop_class=XA, modality="XA", **SPACING)
    panel.ui.inputSelector.setCurrentNode(gui.load_volume(path, "cine"))
    assert not panel.ui.allFramesCheckBox.isHidden()
    panel.ui.allFramesCheckBox.click()
    press(panel)
    assert panel.ui.translateStatusLabel.text.startswith("Made 3 stacks in ")
    (sequence,) = slicer.util.getNodesByClass("vtkMRMLSequenceNode")
    assert sequence.GetIndexName() == "frame"
    assert sequence.GetNthDataNode(2).GetAttribute("XrayToCT.SourceFrame") == "2"


def test_all_frames_of_several_volumes_are_refused(panel: Any) -> None:
    with pytest.raises(XrayToCTError, match="one cine image or sequence at a time"):
        panel.logic.translateMany([add_volume(chest_values()), add_volume(chest_values())], allFrames=True)


def test_no_volumes_are_refused(panel: Any) -> None:
    for nothing in ([], [None]):
        with pytest.raises(XrayToCTError, match="No radiograph is chosen"):
            panel.logic.translateMany(nothing)
