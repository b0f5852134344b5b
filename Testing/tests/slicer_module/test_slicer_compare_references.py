"""References of every kind in the scene: CT and MR volumes under transforms, images; what is wrong is said plainly."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import slicer
from Testing.host import SlicerHost
from Testing.tests.alignment_phantom import phantom
from XrayToCTLib import XrayToCTError, project, reference_stack
from XrayToCTLib.projection import ProjectionGeometry

from compare_scene import choose, compare, pixels_of
from scene_probe import add_volume, chest_values, ijk_to_ras, node_ids

GEOMETRY = ProjectionGeometry(shape=(88, 100), spacing=(4.0, 4.0))
DETECTOR = np.diag((-4.0, -4.0, 25.0, 1.0))
RAS = np.diag((-3.0, -3.0, 4.0, 1.0))  # of the phantom's voxels


@pytest.fixture(scope="module")
def exact_values() -> np.ndarray:
    return reference_stack(phantom(), geometry=GEOMETRY, slabs=8, slab_thickness=25.0).hu


def add_candidate(values: np.ndarray, offset: float = 0.0) -> Any:
    node = slicer.util.addVolumeFromArray(np.rint(values + offset).astype(np.int16), DETECTOR, "stack")
    node.SetAttribute("XrayToCT.View", "PA")
    return node


def add_ct(matrix: np.ndarray = RAS, name: str = "CT") -> Any:
    return slicer.util.addVolumeFromArray(phantom().hu, matrix, name)


def test_a_ct_volume_is_projected_to_the_stack_and_stays_as_it_was(module: ModuleType, exact_values: Any) -> None:
    stack, ct = add_candidate(exact_values, 40), add_ct()
    before, place = pixels_of(stack, ct), ijk_to_ras(ct)
    report = module.XrayToCTLogic().evaluate(stack, ct)
    assert report.alignment_record.kind.value == "volume axes"
    assert report.row("ME", slabs="all slabs").value == pytest.approx(40, abs=1)
    assert report.row("MAE", slabs="all slabs").value == pytest.approx(40, abs=1)
    assert pixels_of(stack, ct) == before
    np.testing.assert_array_equal(ijk_to_ras(ct), place)


def test_the_transform_above_a_volume_counts_and_its_axes_do_not(module: ModuleType, exact_values: Any) -> None:
    """The same CT, its axes in another order, tilted in its own header, and set upright again by a transform."""
    angle = np.deg2rad(20)
    tilt = np.eye(4)
    tilt[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    values = np.ascontiguousarray(phantom().hu.transpose(1, 2, 0))  # (y, x, z)
    matrix = np.zeros((4, 4))
    matrix[2, 0], matrix[0, 1], matrix[1, 2], matrix[3, 3] = 4.0, -3.0, -3.0, 1.0
    node = slicer.util.addVolumeFromArray(values, tilt @ matrix, "tilted")
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    transform.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(np.linalg.inv(tilt)))
    stack = add_candidate(exact_values)
    logic = module.XrayToCTLogic()
    assert logic.evaluate(stack, node).row("MAE", slabs="all slabs").value > 20
    node.SetAndObserveTransformNodeID(transform.GetID())
    assert logic.evaluate(stack, node).row("MAE", slabs="all slabs").value < 3


def test_a_volume_is_registered_to_the_radiograph_that_the_stack_was_made_from(
    module: ModuleType, exact_values: Any
) -> None:
    turned = ProjectionGeometry(shape=(88, 100), spacing=(4.0, 4.0), rotation_deg=(4.0, -3.0, 2.0))
    pixels = np.rint(8000 * project(phantom(), geometry=turned).pixels).astype(np.uint16)
    radiograph = slicer.util.addVolumeFromArray(pixels, DETECTOR, "radiograph")
    stack = add_candidate(exact_values)
    stack.SetNodeReferenceID("XrayToCT.Source", radiograph.GetID())
    report = module.XrayToCTLogic().evaluate(stack, add_ct())
    record = report.alignment_record
    assert record.kind.value == "2D/3D registration"
    np.testing.assert_allclose(record.rotation_deg, turned.rotation_deg, atol=1)
    assert 0 <= record.residual < 0.2


def test_an_mri_is_told_apart_and_measured_by_what_holds_across_contrasts(
    module: ModuleType, exact_values: Any
) -> None:
    values = np.clip(phantom().hu + 1000, 0, None).astype(np.int16)
    mri = slicer.util.addVolumeFromArray(values, RAS, "T1")
    report = module.XrayToCTLogic().evaluate(add_candidate(exact_values), mri)
    assert report.modality == "MR"
    assert any("taken for an MRI" in warning for warning in report.warnings)
    assert "NMI" in {row.metric for row in report.rows}


def test_an_mri_has_no_maps_that_would_need_a_common_scale_and_still_a_page(
    module: ModuleType, exact_values: Any, tmp_path: Path
) -> None:
    values = np.clip(phantom().hu + 1000, 0, None).astype(np.int16)
    mri = slicer.util.addVolumeFromArray(values, RAS, "T1")
    logic = module.XrayToCTLogic()
    made = logic.compare([add_candidate(exact_values)], mri)
    assert made.reports[0].modality == "MR" and made.maps == []
    kinds = {node.GetAttribute("XrayToCT.ChartKind") for node in made.charts}
    assert kinds == {"histogram", "line profile", "joint histogram"}
    page = logic.saveComparison(made, tmp_path / "page.html")
    assert "NMI" in page.read_text(encoding="utf-8")
    made.forget()


def test_a_reference_on_the_candidate_s_grid_is_never_taken_for_hu_where_it_is_said_to_be_an_mri(
    module: ModuleType, exact_values: Any
) -> None:
    logic, stack = module.XrayToCTLogic(), add_candidate(exact_values)
    same = slicer.util.addVolumeFromArray(np.rint(exact_values + 40).astype(np.int16), DETECTOR, "T1")
    with pytest.raises(XrayToCTError, match=r"T1 has the slabs of a stack.*CT as the modality"):
        logic.evaluate(stack, same, modality="MR")
    assert logic.evaluate(stack, same, modality="CT").modality == "CT"


def test_images_are_compared_as_images(module: ModuleType) -> None:
    values = chest_values()
    noisy = values + np.random.default_rng(2).integers(0, 900, values.shape).astype(np.uint16)
    report = module.XrayToCTLogic().evaluate(add_volume(noisy, name="noisy"), add_volume(values, name="clean"))
    assert report.modality == "X-ray"
    assert {row.slabs for row in report.rows} == {"image"}


def spoiled_spacing() -> Any:
    node = add_ct()
    flat = RAS.copy()
    flat[:3, 2] = 0
    node.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(flat))
    return node


def positron() -> Any:
    node = add_ct(name="PET")
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    hierarchy.SetItemAttribute(hierarchy.GetItemByDataNode(node), "DICOM.Modality", "PT")
    return node


@pytest.mark.parametrize(
    ("reference", "sentence"),
    [
        (spoiled_spacing, "no voxel spacing"),
        (positron, "modality PT"),
        (lambda: slicer.util.addVolumeFromArray(np.full((20, 20, 20), 7, np.int16), RAS, "flat"), "constant"),
    ],
    ids=["missing spacing", "wrong modality", "constant"],
)
def test_what_is_no_reference_is_said_plainly_in_the_panel(
    gui: SlicerHost, exact_values: Any, reference: Any, sentence: str
) -> None:
    panel = gui.open_panel("XrayToCT")
    choose(panel, [add_candidate(exact_values)], reference())
    before = node_ids()
    assert compare(panel) is None
    assert sentence in panel.ui.compareStatusLabel.text
    assert node_ids() == before


def test_a_registration_without_a_ct_is_refused_plainly(module: ModuleType, exact_values: Any) -> None:
    values = np.clip(phantom().hu + 1000, 0, None).astype(np.int16)
    mri = slicer.util.addVolumeFromArray(values, RAS, "T1")
    with pytest.raises(XrayToCTError, match="is an MRI"):
        module.XrayToCTLogic().evaluate(add_candidate(exact_values), mri, align="registration")
    with pytest.raises(XrayToCTError, match="for CT volumes"):
        module.XrayToCTLogic().evaluate(add_candidate(exact_values), add_candidate(exact_values), align="axes")
