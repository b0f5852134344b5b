"""A tiny U-Net with random weights as a whole bundle: fast, and good for testing everything but the translation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

SLABS = 16
SLAB_THICKNESS_MM = 20.0
MODEL_ID = "tiny-random"
PARAMETERS = {"in_channels": 1, "slabs": SLABS, "widths": [8, 8, 8], "unshuffle": 2}


def tiny_card(model_id: str = MODEL_ID, version: str = "0.0.1") -> dict[str, Any]:
    """A card without its files, as ``write_bundle`` takes it."""
    return {
        "schema_version": 1,
        "id": model_id,
        "version": version,
        "title": "Tiny random network",
        "description": "Random weights, for tests.",
        "source_modality": "radiograph",
        "target_modality": "CT",
        "anatomy": "chest",
        "views": ["PA", "AP"],
        "architecture": {"name": "unet-slabs", "parameters": PARAMETERS},
        "grid": {"spacing_mm": [6.0, 6.0], "trained_shape": [64, 64], "multiple": 32},
        "slabs": {"count": SLABS, "thickness_mm": SLAB_THICKNESS_MM},
        "input": {
            "quantity": "line_integral",
            "mean": 2.5,
            "std": 1.5,
            "reference_quantiles": {"probabilities": [0.0, 0.5, 1.0], "line_integrals": [0.0, 2.5, 6.0]},
        },
        "output": {"slope_hu": 1000.0, "intercept_hu": 0.0, "window_hu": [-1024.0, 1476.0]},
        "training_data": [
            {"name": "none", "patients": 0, "licence": "CC0", "credit": "nobody", "url": "https://example.org"}
        ],
        "fidelity": [
            {"metric": "MAE", "value": 1000.0, "unit": "HU", "protocol": "Not measured: the weights are random."}
        ],
        "limits": ["It is random."],
        "licence": "CC-BY-4.0",
        "files": {},
    }


def write_tiny_model(folder: Path, model_id: str = MODEL_ID, version: str = "0.0.1", seed: int = 0) -> Path:
    """Writes the bundle ``folder/<model_id>``; for ``XRAYTOCT_MODELS=folder``."""
    import torch

    from XrayToCTLib.models.bundle import write_bundle
    from XrayToCTLib.networks.architectures import build_network

    torch.manual_seed(seed)
    card = tiny_card(model_id, version)
    network = build_network(**card["architecture"])
    card["grid"]["multiple"] = int(network.multiple)
    texts = {"LICENSE.txt": "CC BY 4.0\n", "CREDITS.txt": "Nobody: the weights are random.\n"}
    write_bundle(folder / model_id, card, network.state_dict(), texts)
    return folder / model_id
