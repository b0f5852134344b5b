"""A real but tiny model with an ONNX graph beside its weights: what the tests of the backends share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tiny_bundle import FILES, card_record

from Training.exporting.onnx_graph import onnx_graph
from XrayToCTLib.models.bundle import Bundle, write_bundle
from XrayToCTLib.models.weights import read_tensors, write_tensors
from XrayToCTLib.networks.architectures import build_network

ARCHITECTURE: dict[str, Any] = {
    "name": "pyramid-slabs",
    "parameters": {
        "in_channels": 2,
        "slabs": 4,
        "widths": [16, 32],
        "detail_width": 16,
        "balance": {"mean": 2.5, "std": 1.5, "slab_thickness_mm": 50.0},
    },
}


def write_graph_bundle(folder: Path, **changes: Any) -> Bundle:
    """A bundle with seeded random weights that every backend can run; ``changes`` go into its card."""
    torch.manual_seed(0)
    record = card_record(architecture=ARCHITECTURE, **changes)
    record["input"]["channels"] = ["line_integral", "calibrated"]
    network = build_network(ARCHITECTURE["name"], ARCHITECTURE["parameters"]).eval()
    for parameter in network.parameters():
        if not parameter.any():  # a head that starts as zero would drop out of the comparison
            torch.nn.init.normal_(parameter, std=0.05)
    weights = folder.with_suffix(".parts") / "weights.safetensors"
    weights.parent.mkdir()
    write_tensors(weights, network.state_dict())
    network.load_state_dict({name: tensor.float() for name, tensor in read_tensors(weights).items()})
    graph = onnx_graph(network, weights)
    return write_bundle(folder, record, network.state_dict(), {**FILES, "network.onnx": graph})
