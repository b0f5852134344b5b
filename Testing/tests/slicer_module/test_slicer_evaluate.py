"""Measuring a stack in the scene against its reference."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import slicer
from Testing.host import SlicerHost
from XrayToCTLib import XrayToCTError
from XrayToCTLib.radiograph import View

from scene_probe import add_volume, chest_values, ijk_to_ras, node_ids


def test_evaluate_returns_a_report_and_adds_a_table_of_it(module: ModuleType) -> None:
    logic = module.XrayToCTLogic()
    stack = logic.translate(add_volume(chest_values()))
    body = slicer.util.arrayFromVolume(stack).copy()
    body[:] = -1000
    body[:, 10:80, 10:70] = 40
    reference = slicer.util.addVolumeFromArray(body, ijk_to_ras(stack), "reference")
    report = logic.evaluate(stack, reference)
    table = slicer.util.getNode("chest CT stack fidelity")
    assert table.GetNumberOfRows() == len(report.rows)
    names = [table.GetColumnName(i) for i in range(table.GetNumberOfColumns())]
    assert names == ["metric", "value", "unit", "slabs", "region", "n", "protocol"]
    assert table.GetTable().GetValueByName(0, "metric").ToString() == report.rows[0].metric
    assert table.GetTable().GetValueByName(0, "value").ToDouble() == pytest.approx(report.rows[0].value)
    assert table.GetNodeReference("XrayToCT.Reference") is reference


def test_a_stack_equals_itself(module: ModuleType) -> None:
    logic = module.XrayToCTLogic()
    stack = logic.translate(add_volume(chest_values()))
    mask = slicer.util.addVolumeFromArray(
        np.ones((4, 96, 80), np.uint8), ijk_to_ras(stack), "all", "vtkMRMLLabelMapVolumeNode"
    )
    assert logic.evaluate(stack, stack, mask=mask).row("MAE", region="given mask").value == 0


def test_evaluate_refuses_what_is_no_stack(module: ModuleType) -> None:
    logic, before = module.XrayToCTLogic(), node_ids()
    with pytest.raises(XrayToCTError, match="no stack"):
        logic.evaluate(None, None)
    assert node_ids() == before


def test_a_reference_from_a_file_keeps_the_view_that_its_header_states(
    host: SlicerHost, module: ModuleType, tmp_path: Path
) -> None:
    from XrayToCTLib import CtStack, write_stack
    from XrayToCTPanel.stack_bridge import stackFromVolume

    hu = np.linspace(-1000, 400, 2 * 8 * 8, dtype=np.float32).reshape(2, 8, 8)
    path = write_stack(CtStack(hu, (1.5, 1.25), 20.0, View.AP), tmp_path / "reference.nrrd")
    stack = stackFromVolume(host.load_volume(path))
    assert stack.view is View.AP
    assert stack.spacing == pytest.approx((1.5, 1.25))
    assert stack.slab_thickness == pytest.approx(20.0)
    np.testing.assert_array_equal(stack.hu, np.rint(hu))
