"""The node that a translation makes: what it says, how it looks, where it hangs."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import slicer
import vtk
from phantom_files import dicom_file
from Testing.host import SlicerHost
from XrayToCTLib import XrayToCTError

from scene_probe import SPACING, add_volume, chest_values, node_ids


def test_the_result_says_where_it_comes_from(host: SlicerHost, module: ModuleType, tmp_path: Path) -> None:
    given = host.load_volume(dicom_file(tmp_path / "a.dcm", chest_values()[0], **SPACING), "PA")
    stack = module.XrayToCTLogic().translate(given, device="cpu")
    attributes = {name: stack.GetAttribute(f"XrayToCT.{name}") for name in ("ModelId", "ModelVersion", "Device")}
    assert attributes == {"ModelId": "tiny", "ModelVersion": "0.1.0", "Device": "cpu"}
    assert len(stack.GetAttribute("XrayToCT.ModelSHA256")) == 64
    assert stack.GetAttribute("XrayToCT.SourceNodeID") == given.GetID()
    assert stack.GetAttribute("XrayToCT.SourceName") == "PA"
    assert "XrayToCT" in stack.GetAttribute("XrayToCT.SoftwareVersion")
    assert "diagnostic" in stack.GetAttribute("XrayToCT.NotForDiagnosticUse")
    assert stack.GetNodeReference("XrayToCT.Source") is given
    assert stack.GetName() == "PA CT stack"


def test_the_result_is_shown_with_a_ct_window_in_linear_grey(module: ModuleType) -> None:
    display = module.XrayToCTLogic().translate(add_volume(chest_values())).GetDisplayNode()
    assert (display.GetWindow(), display.GetLevel(), display.GetAutoWindowLevel()) == (1500, -300, 0)
    assert display.GetColorNodeID() == "vtkMRMLColorTableNodeGrey"


def test_the_result_lies_beside_its_input_in_the_subject_hierarchy(module: ModuleType) -> None:
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    study = hierarchy.CreateStudyItem(hierarchy.GetSceneItemID(), "study")
    nodes = [add_volume(chest_values(), name=name) for name in ("first", "second", "third")]
    for node in nodes:
        hierarchy.SetItemParent(hierarchy.GetItemByDataNode(node), study)
    module.XrayToCTLogic().translate(nodes[1])
    children = vtk.vtkIdList()
    hierarchy.GetItemChildren(study, children)
    names = [hierarchy.GetItemName(children.GetId(i)) for i in range(children.GetNumberOfIds())]
    assert names == ["first", "second", "second CT stack", "third"]


def test_each_run_makes_a_new_volume(module: ModuleType) -> None:
    given, logic = add_volume(chest_values()), module.XrayToCTLogic()
    first, second = logic.translate(given), logic.translate(given)
    assert first is not second
    assert first.GetName() != second.GetName()


def test_a_chosen_output_is_reused_and_forgets_its_earlier_run(module: ModuleType) -> None:
    given, logic = add_volume(chest_values()), module.XrayToCTLogic()
    output = slicer.util.addVolumeFromArray(np.zeros((2, 3, 4), np.uint8), name="mine")
    output.SetAttribute("XrayToCT.Warnings", "of an earlier run")
    output.SetAttribute("XrayToCT.NoLongerWritten", "of an earlier version")
    output.SetAttribute("Other.Attribute", "kept")
    before = node_ids()
    assert logic.translate(given, outputVolume=output) is output
    assert node_ids() == before or set(node_ids()) - set(before) == {output.GetDisplayNodeID()}
    assert output.GetName() == "mine"
    assert output.GetAttribute("Other.Attribute") == "kept"
    assert output.GetAttribute("XrayToCT.NoLongerWritten") is None
    assert "of an earlier run" not in output.GetAttribute("XrayToCT.Warnings")


def test_progress_reaches_the_caller_and_can_stop_the_run(module: ModuleType) -> None:
    given, seen = add_volume(chest_values()), []
    before = node_ids()
    with pytest.raises(XrayToCTError, match="cancelled"):
        module.XrayToCTLogic().translate(given, progress=lambda fraction, phase: seen.append(phase) or len(seen) < 2)
    assert len(seen) == 2
    assert node_ids() == before


@pytest.mark.parametrize("orientation", ["Axial", "Coronal", "Sagittal"])
def test_a_slice_view_shows_the_stack_upright_whatever_it_showed_before(module: ModuleType, orientation: str) -> None:
    from XrayToCTPanel.viewers import orientAsImage

    node = add_volume(chest_values())
    view = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSliceNode", "View")
    view.SetLayoutName("View")
    view.SetOrientation(orientation)
    orientAsImage(view, node)
    to_ijk, to_ras = vtk.vtkMatrix4x4(), view.GetSliceToRAS()
    node.GetRASToIJKMatrix(to_ijk)
    right, up = (
        np.array(to_ijk.MultiplyPoint([to_ras.GetElement(r, axis) for r in range(3)] + [0.0]))[:3] for axis in (0, 1)
    )
    assert right[0] > 0 and abs(right[1]) < 1e-9  # to the right: columns grow
    assert up[1] < 0 and abs(up[0]) < 1e-9  # upwards: rows shrink
