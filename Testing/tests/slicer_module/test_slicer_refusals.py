"""What is refused, in a sentence, with nothing left behind."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import slicer
from phantom_files import CT, dicom_file
from Testing.host import SlicerHost
from XrayToCTLib import XrayToCTError

from scene_probe import OBLIQUE, add_volume, chest_values, node_ids


def bad_inputs() -> dict[str, tuple[np.ndarray | None, str, str]]:
    """name -> (array, node class, part of the message)"""
    nan = chest_values().astype(np.float32)
    nan[0, 3, 4] = np.nan
    color = np.repeat(chest_values().astype(np.uint8)[..., None], 3, axis=3)
    color[..., 0] += 90
    scalar, vector = "vtkMRMLScalarVolumeNode", "vtkMRMLVectorVolumeNode"
    return {
        "NaN": (nan, scalar, "NaN"),
        "constant": (np.full((1, 96, 80), 7, np.uint16), scalar, "constant"),
        "CT": (chest_values(frames=30), scalar, "a volume of 30 slices"),
        "colour": (color, vector, "colour"),
        "label map": (chest_values().astype(np.uint8), "vtkMRMLLabelMapVolumeNode", "label map"),
        "no pixels": (None, scalar, "no pixels"),
        "2 km wide": (np.tile(chest_values(), (1, 12, 12)), scalar, "no detector is that large"),
    }


@pytest.mark.parametrize("name", bad_inputs())
def test_a_bad_input_is_refused_and_leaves_nothing_behind(module: ModuleType, name: str) -> None:
    array, node_class, message = bad_inputs()[name]
    if array is None:
        node = slicer.mrmlScene.AddNewNodeByClass(node_class, "empty")
    else:
        node = slicer.util.addVolumeFromArray(array, np.diag([-2.0, -3.0, 1.0, 1.0]), "bad", node_class)
    before = node_ids()
    with pytest.raises(XrayToCTError, match=message):
        module.XrayToCTLogic().translate(node)
    assert node_ids() == before


def test_a_ct_slice_from_a_file_is_refused(host: SlicerHost, module: ModuleType, tmp_path: Path) -> None:
    path = dicom_file(tmp_path / "ct.dcm", chest_values()[0], sop_class=CT, modality="CT", PixelSpacing=[1.5, 1.5])
    node = host.load_volume(path)
    with pytest.raises(XrayToCTError, match="CT"):
        module.XrayToCTLogic().translate(node)


def test_a_grey_image_saved_as_colour_is_accepted(module: ModuleType) -> None:
    grey = np.repeat((chest_values() // 5).astype(np.uint8)[..., None], 3, axis=3)
    node = slicer.util.addVolumeFromArray(grey, OBLIQUE, "grey", "vtkMRMLVectorVolumeNode")
    assert module.XrayToCTLogic().translate(node).GetImageData().GetNumberOfScalarComponents() == 1


def test_no_node_is_refused(module: ModuleType) -> None:
    with pytest.raises(XrayToCTError, match="No radiograph is chosen"):
        module.XrayToCTLogic().translate(None)


def test_an_input_that_was_removed_is_refused(module: ModuleType) -> None:
    given = add_volume(chest_values())
    slicer.mrmlScene.RemoveNode(given)
    with pytest.raises(XrayToCTError, match="no longer in the scene"):
        module.XrayToCTLogic().translate(given)


def test_outputs_that_cannot_hold_a_stack_are_refused(module: ModuleType) -> None:
    given, logic = add_volume(chest_values()), module.XrayToCTLogic()
    gone = slicer.util.addVolumeFromArray(np.zeros((1, 2, 2), np.uint8))
    slicer.mrmlScene.RemoveNode(gone)
    labels = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode")
    for output, message in ((given, "input itself"), (gone, "no longer in the scene"), (labels, "not a scalar volume")):
        with pytest.raises(XrayToCTError, match=message):
            logic.translate(given, outputVolume=output)
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(given), chest_values())


def test_a_chosen_output_is_untouched_when_the_run_fails(module: ModuleType) -> None:
    output = slicer.util.addVolumeFromArray(np.full((1, 4, 4), 9, np.uint8), name="mine")
    with pytest.raises(XrayToCTError, match="no model"):
        module.XrayToCTLogic().translate(add_volume(chest_values()), model="unknown", outputVolume=output)
    assert slicer.util.arrayFromVolume(output).tolist() == np.full((1, 4, 4), 9).tolist()
    assert output.GetAttribute("XrayToCT.ModelId") is None


def test_a_failure_while_the_node_is_made_removes_the_node(module: ModuleType, monkeypatch) -> None:
    from XrayToCTPanel import stack_bridge

    def fail(*_: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(stack_bridge, "placeBeside", fail)
    given = add_volume(chest_values())
    before = node_ids()
    with pytest.raises(RuntimeError, match="the disk is full"):
        module.XrayToCTLogic().translate(given)
    assert node_ids() == before
