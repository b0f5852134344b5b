"""Where a stack lies: on its input's grid, slabs along the third axis."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import slicer
from phantom_files import dicom_file
from Testing.host import SlicerHost
from XrayToCTLib import read_radiograph, translate
from XrayToCTLib.radiograph import SpacingSource

from scene_probe import OBLIQUE, SPACING, add_volume, chest_values, ijk_to_ras, read_node


def test_the_stack_keeps_columns_and_rows_of_an_oblique_anisotropic_input(module: ModuleType) -> None:
    given = add_volume(chest_values())
    stack = module.XrayToCTLogic().translate(given)
    before, after = ijk_to_ras(given), ijk_to_ras(stack)
    np.testing.assert_allclose(after[:, :2], before[:, :2], atol=1e-9)
    np.testing.assert_allclose(after[:3, 3], before[:3, 3], atol=1e-9)  # slab 0 lies in the plane of the radiograph
    np.testing.assert_allclose(after[:3, 2], before[:3, 2] / np.linalg.norm(before[:3, 2]) * 50.0, atol=1e-6)


def test_a_stack_has_the_input_s_rows_and_columns_and_one_slice_a_slab(module: ModuleType) -> None:
    stack = module.XrayToCTLogic().translate(add_volume(chest_values()))
    assert slicer.util.arrayFromVolume(stack).shape == (4, 96, 80)
    assert slicer.util.arrayFromVolume(stack).dtype == np.int16


def test_a_left_handed_input_keeps_its_third_axis(module: ModuleType) -> None:
    mirrored = OBLIQUE.copy()
    mirrored[:3, 2] *= -1
    stack = module.XrayToCTLogic().translate(add_volume(chest_values(), mirrored))
    assert np.dot(ijk_to_ras(stack)[:3, 2], mirrored[:3, 2]) > 0


def test_row_and_column_spacing_are_not_swapped(host: SlicerHost, module: ModuleType, tmp_path: Path) -> None:
    node = host.load_volume(dicom_file(tmp_path / "a.dcm", chest_values()[0], **SPACING))
    radiograph = read_node(node)
    assert node.GetSpacing()[:2] == pytest.approx((2.5, 3.5))  # MRML: column first
    assert radiograph.spacing == (3.5, 2.5)  # the library: row first
    assert radiograph.spacing_source is SpacingSource.IMAGER_PIXEL_SPACING


def test_the_values_are_the_library_s_own(host: SlicerHost, module: ModuleType, tmp_path: Path) -> None:
    path = dicom_file(tmp_path / "a.dcm", chest_values()[0], **SPACING)
    stack = module.XrayToCTLogic().translate(host.load_volume(path), device="cpu")
    expected = translate(read_radiograph(path), device="cpu").hu
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(stack), np.rint(expected).astype(np.int16))


def test_the_result_hangs_under_the_input_s_transform(module: ModuleType) -> None:
    given = add_volume(chest_values())
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    given.SetAndObserveTransformNodeID(transform.GetID())
    assert module.XrayToCTLogic().translate(given).GetParentTransformNode() is transform
