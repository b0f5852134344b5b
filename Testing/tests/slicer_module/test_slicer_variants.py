"""A model's variant in the panel: in the list, and on the node that it made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import slicer
import torch
from Testing.host import SlicerHost
from tiny_bundle import write_tiny_bundle
from XrayToCTLib.models.bundle import write_variant
from XrayToCTLib.networks.architectures import build_network

from panel_driver import press
from scene_probe import add_volume, chest_values

NARROW = {"in_channels": 1, "slabs": 4, "widths": [2, 4], "unshuffle": 4}


@pytest.fixture
def panel(gui: SlicerHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """With a model that has a variant."""
    write_tiny_bundle(tmp_path / "models" / "tiny")
    torch.manual_seed(1)
    record = {
        "description": "Narrower, and so faster.",
        "architecture": {"name": "unet-slabs", "parameters": NARROW},
        "multiple": 8,
        "fidelity": [],
    }
    write_variant(tmp_path / "models" / "tiny", "fast", record, build_network("unet-slabs", NARROW).state_dict())
    monkeypatch.setenv("XRAYTOCT_MODELS", str(tmp_path / "models"))
    return gui.open_panel("XrayToCT")


def test_a_variant_is_listed_chosen_and_named_on_the_node(panel: Any) -> None:
    box = panel.ui.modelComboBox
    names = [box.itemData(index) for index in range(box.count)]
    assert names == ["tiny@0.1.0", "tiny@0.1.0:fast"]
    assert box.itemText(1) == "A tiny model for tests, fast (0.1.0)"
    box.setCurrentIndex(1)
    assert "Narrower, and so faster." in panel.ui.modelCardLabel.text
    panel.ui.inputSelector.setCurrentNode(add_volume(chest_values()))
    press(panel)
    (stack,) = [
        node for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") if node.GetAttribute("XrayToCT.ModelId")
    ]
    assert stack.GetAttribute("XrayToCT.ModelVariant") == "fast"
