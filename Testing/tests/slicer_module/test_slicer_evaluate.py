"""Measuring a stack in the scene against its reference, from a script."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import slicer
import vtk
from Testing.host import SlicerHost
from XrayToCTLib import XrayToCTError
from XrayToCTLib.radiograph import View

from compare_scene import COLS, ROWS, SLABS, add_stack, body_values, cell, columns, pixels_of
from scene_probe import OBLIQUE, add_volume, chest_values, ijk_to_ras, node_ids


def test_evaluate_returns_a_report_and_adds_a_table_of_it(module: ModuleType) -> None:
    logic = module.XrayToCTLogic()
    stack = logic.translate(add_volume(chest_values()))
    reference = slicer.util.addVolumeFromArray(body_values(), ijk_to_ras(stack), "reference")
    report = logic.evaluate(stack, reference)
    table = slicer.util.getNode("chest CT stack fidelity")
    assert table.GetNumberOfRows() == len(report.rows)
    assert columns(table)[:7] == ["metric", "value", "unit", "slabs", "region", "n", "protocol"]
    assert {"window", "data_range", "kernel", "grid", "better"} <= set(columns(table))
    for number, row in enumerate(report.rows):
        assert cell(table, number, "metric").ToString() == row.metric
        assert cell(table, number, "value").ToDouble() == pytest.approx(row.value, nan_ok=True)
        assert cell(table, number, "protocol").ToString() == row.protocol
    assert table.GetNodeReference("XrayToCT.Reference") is reference
    assert "diagnostic" in table.GetAttribute("XrayToCT.NotForDiagnosticUse")


def test_evaluate_leaves_candidate_and_reference_as_they_were_and_adds_the_table_alone(module: ModuleType) -> None:
    stack, reference = add_stack("stack", 25), add_stack("reference")
    before, ids = pixels_of(stack, reference), set(node_ids())
    report = module.XrayToCTLogic().evaluate(stack, reference)
    assert report.row("MAE").value == pytest.approx(25)
    assert (report.candidate, report.reference) == ("stack", "reference")
    assert pixels_of(stack, reference) == before
    added = [slicer.mrmlScene.GetNodeByID(node_id).GetClassName() for node_id in set(node_ids()) - ids]
    assert added == ["vtkMRMLTableNode"]


def test_a_stack_equals_itself(module: ModuleType) -> None:
    stack = add_stack("stack")
    mask = slicer.util.addVolumeFromArray(
        np.ones((SLABS, ROWS, COLS), np.uint8), ijk_to_ras(stack), "all", "vtkMRMLLabelMapVolumeNode"
    )
    report = module.XrayToCTLogic().evaluate(stack, stack, mask=mask)
    assert report.row("MAE", region="given mask").value == 0


def test_a_mask_elsewhere_is_taken_where_it_lies_in_the_world(module: ModuleType) -> None:
    """A mask of other voxels under a transform: 20 mm cubes of it are resampled to the candidate by RAS."""
    stack, reference = add_stack("stack"), add_stack("reference")
    values = slicer.util.arrayFromVolume(stack)
    values[:, 20:40, 20:40] += 77  # the error lies here alone
    coarse = np.zeros((SLABS, ROWS // 4, COLS // 4), np.uint8)
    coarse[:, 5:10, 5:10] = 1
    matrix = OBLIQUE.copy()
    matrix[:3, :2] *= 4
    matrix[:3, 3] += OBLIQUE[:3, :2] @ (1.5, 1.5)
    shift = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    shift.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(np.diag((1.0, 1.0, 1.0, 1.0))))
    moved = matrix.copy()
    moved[:3, 3] -= (100.0, 0.0, 0.0)
    mask = slicer.util.addVolumeFromArray(coarse, moved, "mask", "vtkMRMLLabelMapVolumeNode")
    across = np.eye(4)
    across[0, 3] = 100.0
    shift.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(across))
    mask.SetAndObserveTransformNodeID(shift.GetID())
    report = module.XrayToCTLogic().evaluate(stack, reference, mask=mask)
    row = report.row("MAE", slabs="all slabs", region="given mask")
    assert (row.n, row.value) == (SLABS * 400, pytest.approx(77))


def test_an_roi_is_a_mask_too(module: ModuleType) -> None:
    stack, reference = add_stack("stack"), add_stack("reference")
    slicer.util.arrayFromVolume(stack)[:, 20:40, 20:40] += 77
    roi = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "box")
    axes = OBLIQUE[:3, :3] / np.linalg.norm(OBLIQUE[:3, :3], axis=0)
    object_to_world = np.eye(4)
    object_to_world[:3, :3] = axes
    object_to_world[:3, 3] = (OBLIQUE @ (29.5, 29.5, 1.5, 1.0))[:3]
    roi.SetAndObserveObjectToNodeMatrix(slicer.util.vtkMatrixFromArray(object_to_world))
    roi.SetSize(20 * 2.5, 20 * 3.5, SLABS * 1.25)
    row = module.XrayToCTLogic().evaluate(stack, reference, mask=roi).row("MAE", slabs="all slabs", region="given mask")
    assert (row.n, row.value) == (SLABS * 400, pytest.approx(77))


def test_a_segmentation_s_visible_segments_are_a_mask_and_nothing_of_it_stays(module: ModuleType) -> None:
    stack, reference = add_stack("stack"), add_stack("reference")
    slicer.util.arrayFromVolume(stack)[:, 20:40, 20:40] += 77
    labels = np.zeros((SLABS, ROWS, COLS), np.uint8)
    labels[:, 20:40, 20:40] = 1
    node = slicer.util.addVolumeFromArray(labels, OBLIQUE, "labels", "vtkMRMLLabelMapVolumeNode")
    segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "segmentation")
    segmentation.CreateDefaultDisplayNodes()
    slicer.vtkSlicerSegmentationsModuleLogic.ImportLabelmapToSegmentationNode(node, segmentation)
    ids = set(node_ids())
    row = (
        module.XrayToCTLogic()
        .evaluate(stack, reference, mask=segmentation)
        .row("MAE", slabs="all slabs", region="given mask")
    )
    assert (row.n, row.value) == (SLABS * 400, pytest.approx(77))
    added = [slicer.mrmlScene.GetNodeByID(node_id).GetClassName() for node_id in set(node_ids()) - ids]
    assert added == ["vtkMRMLTableNode"]


def empty_label_map() -> Any:
    zeros = np.zeros((SLABS, ROWS, COLS), np.uint8)
    return slicer.util.addVolumeFromArray(zeros, OBLIQUE, "nothing", "vtkMRMLLabelMapVolumeNode")


def far_label_map() -> Any:
    matrix = OBLIQUE.copy()
    matrix[:3, 3] += 5000
    ones = np.ones((SLABS, ROWS, COLS), np.uint8)
    return slicer.util.addVolumeFromArray(ones, matrix, "far away", "vtkMRMLLabelMapVolumeNode")


@pytest.mark.parametrize(
    ("mask", "sentence"),
    [
        (empty_label_map, "nothing is empty"),
        (far_label_map, "far away is empty, or does not overlap stack"),
        (lambda: slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "no segments"), "no segments is empty"),
        (lambda: slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTextNode", "words"), "words cannot be a mask"),
    ],
)
def test_a_mask_that_is_none_gets_a_sentence_and_leaves_the_scene(module: ModuleType, mask: Any, sentence: str) -> None:
    stack, reference, given = add_stack("stack"), add_stack("reference"), mask()
    before = node_ids()
    with pytest.raises(XrayToCTError, match=sentence):
        module.XrayToCTLogic().evaluate(stack, reference, mask=given)
    assert node_ids() == before


def colour() -> Any:
    return slicer.util.addVolumeFromArray(
        np.zeros((1, 8, 8, 3), np.uint8), np.eye(4), "photograph", "vtkMRMLVectorVolumeNode"
    )


@pytest.mark.parametrize(
    ("reference", "sentence"),
    [
        (lambda: None, "No reference is chosen"),
        (colour, "photograph is no grey-scale volume"),
        (lambda: slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "hollow"), "hollow has no pixels"),
        (lambda: slicer.vtkMRMLScalarVolumeNode(), "no longer in the scene"),
    ],
)
def test_what_is_no_reference_gets_a_sentence_and_leaves_the_scene(
    module: ModuleType, reference: Any, sentence: str
) -> None:
    stack, given = add_stack("stack"), reference()
    before = node_ids()
    with pytest.raises(XrayToCTError, match=sentence):
        module.XrayToCTLogic().evaluate(stack, given)
    assert node_ids() == before


def test_stacks_of_other_slabs_or_fields_are_refused_plainly(module: ModuleType) -> None:
    stack = add_stack("stack")
    other = slicer.util.addVolumeFromArray(body_values()[:2], OBLIQUE, "two slabs")
    other.SetAttribute("XrayToCT.View", "PA")
    with pytest.raises(XrayToCTError, match="4 slabs, the reference 2"):
        module.XrayToCTLogic().evaluate(stack, other)


def test_nan_in_a_stack_is_said(module: ModuleType) -> None:
    stack = slicer.util.addVolumeFromArray(body_values().astype(np.float32), OBLIQUE, "holes")
    stack.SetAttribute("XrayToCT.View", "PA")
    slicer.util.arrayFromVolume(stack)[0, 0, 0] = np.nan
    with pytest.raises(XrayToCTError, match="NaN"):
        module.XrayToCTLogic().evaluate(stack, add_stack("reference"))


def test_a_transform_that_is_not_linear_is_said(module: ModuleType) -> None:
    stack, reference = add_stack("stack"), add_stack("reference")
    mask = empty_label_map()
    slicer.util.arrayFromVolume(mask)[:] = 1
    bend = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLBSplineTransformNode", "bend")
    spline = vtk.vtkThinPlateSplineTransform()
    bend.SetAndObserveTransformToParent(spline)
    mask.SetAndObserveTransformNodeID(bend.GetID())
    with pytest.raises(XrayToCTError, match="not linear"):
        module.XrayToCTLogic().evaluate(stack, reference, mask=mask)


def test_a_reference_from_a_file_keeps_the_view_that_its_header_states(
    host: SlicerHost, module: ModuleType, tmp_path: Path
) -> None:
    from XrayToCTLib import CtStack, write_stack
    from XrayToCTPanel.comparison_nodes import kindOf
    from XrayToCTPanel.stack_bridge import stackFromVolume

    hu = np.linspace(-1000, 400, 2 * 8 * 8, dtype=np.float32).reshape(2, 8, 8)
    path = write_stack(CtStack(hu, (1.5, 1.25), 20.0, View.AP), tmp_path / "reference.nrrd")
    node = host.load_volume(path)
    assert kindOf(node) == "stack"
    stack = stackFromVolume(node)
    assert stack.view is View.AP
    assert stack.spacing == pytest.approx((1.5, 1.25))
    assert stack.slab_thickness == pytest.approx(20.0)
    np.testing.assert_array_equal(stack.hu, np.rint(hu))


def test_a_volume_without_a_word_is_a_stack_only_if_it_has_the_candidate_s_slabs(module: ModuleType) -> None:
    from XrayToCTPanel.comparison_nodes import kindOf

    stack = add_stack("stack")
    same = slicer.util.addVolumeFromArray(body_values(), OBLIQUE, "same slabs")
    ct = slicer.util.addVolumeFromArray(np.zeros((60, 96, 80), np.int16), OBLIQUE, "CT")
    assert [kindOf(node, stack) for node in (same, ct, add_volume(chest_values()))] == ["stack", "volume", "image"]
