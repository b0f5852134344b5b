"""What the tests of comparisons share: stacks in a scene, the Compare section driven, tables read."""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer

from panel_driver import wait_until
from scene_probe import OBLIQUE

SLABS, ROWS, COLS = 4, 96, 80


def body_values(offset: float = 0.0) -> np.ndarray:
    """(slabs, rows, cols), int16 HU: a body with texture in air."""
    rng = np.random.default_rng(3)
    values = np.full((SLABS, ROWS, COLS), -1000.0)
    values[:, 10:80, 10:70] = 40 + rng.normal(0, 20, (SLABS, 70, 60))
    return np.rint(values + offset).astype(np.int16)


def add_stack(name: str, offset: float = 0.0, matrix: np.ndarray = OBLIQUE) -> Any:
    node = slicer.util.addVolumeFromArray(body_values(offset), matrix, name)
    node.SetAttribute("XrayToCT.View", "PA")
    return node


def columns(table: Any) -> list[str]:
    return [table.GetColumnName(i) for i in range(table.GetNumberOfColumns())]


def cell(table: Any, row: int, column: str) -> Any:
    return table.GetTable().GetValueByName(row, column)


def pixels_of(*nodes: Any) -> list[bytes]:
    return [slicer.util.arrayFromVolume(node).tobytes() for node in nodes]


def choose(panel: Any, candidates: list[Any], reference: Any) -> None:
    import qt

    for node in candidates:
        panel.ui.compareCandidatesComboBox.setCheckState(node, qt.Qt.Checked)
    panel.ui.compareReferenceSelector.setCurrentNode(reference)


def section(panel: Any) -> Any:
    return panel.sections.loaded["CompareSection"]


def compare(panel: Any) -> Any:
    """Presses Compare and waits; the section's Comparison, or None when it failed."""
    panel.ui.compareButton.click()
    wait_until(lambda: section(panel).controls.run is None, "the comparison")
    wait_until(lambda: section(panel).showing is None, "the layout")
    return section(panel).comparison
