"""A stack that is turned to where the patient stood, in RAS millimetres; and what is done with it afterwards."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
import slicer
from Testing.host import SlicerHost

from panel_driver import press
from scene_probe import OBLIQUE, add_volume, chest_values, correlation, ijk_to_ras

LEFT, FRONT, FEET = (-1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, -1.0)  # RAS
BACK, RIGHT = (0.0, -1.0, 0.0), (1.0, 0.0, 0.0)
# The directions of columns, rows and slabs; the patient's right is on the left of a PA and of an AP image.
STANDING = {"PA": (LEFT, FEET, BACK), "AP": (LEFT, FEET, FRONT), "LATERAL": (BACK, FEET, RIGHT)}
SPACING = (2.5, 3.5, 50.0)


@pytest.fixture
def logic(module: ModuleType) -> Any:
    return module.XrayToCTLogic()


def bounds(node: Any) -> np.ndarray:
    found = np.zeros(6)
    node.GetRASBounds(found)  # with the transforms above it
    return found


def world_centre(node: Any) -> np.ndarray:
    return bounds(node).reshape(3, 2).mean(axis=1)


@pytest.mark.parametrize("view", STANDING)
def test_a_turned_stack_lies_as_the_patient_stood_about_its_own_centre(logic: Any, view: str) -> None:
    given = add_volume(chest_values(), OBLIQUE)
    kept, turned = (logic.translate(given, device="torch-cpu", view=view, anatomical=on) for on in (False, True))
    np.testing.assert_allclose(ijk_to_ras(turned)[:3, :3], np.array(STANDING[view]).T * SPACING, atol=1e-6)
    np.testing.assert_allclose(world_centre(turned), world_centre(kept), atol=1e-6)
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(turned), slicer.util.arrayFromVolume(kept))


def test_an_input_under_a_transform_is_turned_where_it_is_shown(logic: Any) -> None:
    given = add_volume(chest_values(), OBLIQUE)
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    doubled = np.array([[0, -2.0, 0, 7.0], [2.0, 0, 0, -8.0], [0, 0, 2.0, 9.0], [0, 0, 0, 1.0]])
    transform.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(doubled))
    given.SetAndObserveTransformNodeID(transform.GetID())
    kept, turned = (logic.translate(given, device="torch-cpu", anatomical=on) for on in (False, True))
    assert turned.GetParentTransformNode() is None
    np.testing.assert_allclose(ijk_to_ras(turned)[:3, :3], np.array(STANDING["PA"]).T * SPACING * 2, atol=1e-6)
    np.testing.assert_allclose(world_centre(turned), world_centre(kept), atol=1e-6)


def test_what_already_lies_anatomically_stays_under_its_transform_and_in_the_radiograph_s_plane(logic: Any) -> None:
    standing = np.eye(4)
    standing[:3, :3] = np.array(STANDING["PA"]).T * (2.5, 3.5, 1.25)
    standing[:3, 3] = (12.0, -34.0, 56.0)
    given = add_volume(chest_values(), standing)
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    given.SetAndObserveTransformNodeID(transform.GetID())
    stack = logic.translate(given, device="torch-cpu", anatomical=True)
    assert stack.GetParentTransformNode() is transform
    np.testing.assert_allclose(ijk_to_ras(stack)[:3, 3], (12.0, -34.0, 56.0), atol=1e-9)


def test_comparison_trust_and_dicom_take_a_turned_stack(logic: Any, tmp_path: Path) -> None:
    pytest.importorskip("pydicom")
    given = add_volume(chest_values(), OBLIQUE)
    kept, turned = (logic.translate(given, device="torch-cpu", anatomical=on) for on in (False, True))
    report = logic.evaluate(turned, kept, align=False)
    assert report.row("MAE").value == 0
    trust = logic.checkTrust(turned, device="torch-cpu", perturb=False)
    assert trust.to_record() == logic.checkTrust(kept, device="torch-cpu", perturb=False).to_record()
    shown = next(node for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
                 if node.GetNodeReference("XrayToCT.MapOf") is turned)  # fmt: skip
    np.testing.assert_allclose(bounds(shown), bounds(turned), atol=1e-6)
    image = sitk.ReadImage(str(logic.exportDicom(turned, tmp_path, patientId="P-7")))
    matrix = ijk_to_ras(turned)
    for index in ((0, 0, 0), (79, 95, 3), (5, 6, 2)):
        right, front, head = (matrix @ (*index, 1.0))[:3]
        np.testing.assert_allclose(image.TransformIndexToPhysicalPoint(index), (-right, -front, head), atol=1e-4)


def test_the_box_in_the_panel_turns_the_stacks_of_a_sequence_and_the_radiograph_lies_over_them(gui: SlicerHost) -> None:
    gui.show_main_window()
    panel = gui.open_panel("XrayToCT")
    sequence = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode", "fluoroscopy")
    for index in range(2):
        volume = add_volume(chest_values() + index, OBLIQUE)
        sequence.SetDataNodeAtValue(volume, str(index))
        slicer.mrmlScene.RemoveNode(volume)
    panel.ui.inputSelector.setCurrentNode(panel.logic.showSequence(sequence))
    assert not panel.ui.anatomicalCheckBox.checked
    panel.ui.anatomicalCheckBox.click()
    panel.ui.allFramesCheckBox.click()
    press(panel)
    stack = panel.parameterNode().viewStack
    made = next(node for node in slicer.util.getNodesByClass("vtkMRMLSequenceNode") if node is not sequence)
    for node in (stack, made.GetNthDataNode(0), made.GetNthDataNode(1)):
        np.testing.assert_allclose(ijk_to_ras(node)[:3, :3], np.array(STANDING["PA"]).T * SPACING, atol=1e-6)
    composite = slicer.mrmlScene.GetSingletonNode("XrayToCTRadiograph", "vtkMRMLSliceCompositeNode")
    radiograph = slicer.mrmlScene.GetNodeByID(composite.GetBackgroundVolumeID())
    np.testing.assert_allclose(bounds(radiograph), bounds(stack), atol=1e-6)
    assert correlation(slicer.util.arrayFromVolume(radiograph)[0], chest_values()[0]) == pytest.approx(1.0)
