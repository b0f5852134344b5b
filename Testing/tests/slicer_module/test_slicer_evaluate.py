"""Measuring a stack in the scene against its reference."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
import slicer
from XrayToCTLib import XrayToCTError

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
