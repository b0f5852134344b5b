"""A real but tiny model, and radiographs to feed it: what the tests of models, translation and command line share."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import torch

from XrayToCTLib.models.bundle import Bundle, write_bundle
from XrayToCTLib.networks.architectures import build_network
from XrayToCTLib.radiograph import IntensityScale, Radiograph, SpacingSource, View

PARAMETERS = {"in_channels": 1, "slabs": 4, "widths": [4, 8, 8], "unshuffle": 2}
FILES = {"LICENSE.txt": "CC0-1.0\n", "CREDITS.txt": "Nobody.\n"}
_PROBABILITIES = [i / 16 for i in range(17)]

_RECORD: dict[str, Any] = {
    "schema_version": 1,
    "id": "tiny",
    "version": "0.1.0",
    "title": "A tiny model for tests",
    "description": "Seeded random weights.",
    "source_modality": "radiograph",
    "target_modality": "CT",
    "anatomy": "chest",
    "views": ["PA", "AP"],
    "architecture": {"name": "unet-slabs", "parameters": PARAMETERS},
    "grid": {"spacing_mm": [3.0, 3.0], "trained_shape": [64, 64], "multiple": 8},
    "slabs": {"count": 4, "thickness_mm": 50.0},
    "input": {
        "quantity": "line_integral",
        "mean": 2.5,
        "std": 1.5,
        "reference_quantiles": {"probabilities": _PROBABILITIES, "line_integrals": [5 * p for p in _PROBABILITIES]},
    },
    "output": {"slope_hu": 1000.0, "intercept_hu": 0.0, "window_hu": [-1024.0, 1476.0]},
    "training_data": [{"name": "none", "patients": 0, "licence": "CC0-1.0", "credit": "nobody", "url": ""}],
    "fidelity": [
        {"metric": "MAE", "value": 999.0, "unit": "HU", "protocol": "Made up for the tests: nothing was measured."}
    ],
    "limits": ["It knows nothing."],
    "licence": "CC0-1.0",
}


def card_record(**changes: Any) -> dict[str, Any]:
    """The card of the tiny model as JSON types, without "files", with some top-level fields changed."""
    return {**copy.deepcopy(_RECORD), **changes}


def write_tiny_bundle(folder: Path, **changes: Any) -> Bundle:
    """A bundle with seeded random weights; ``changes`` go into its card."""
    torch.manual_seed(0)
    record = card_record(**changes)
    network = build_network(record["architecture"]["name"], record["architecture"]["parameters"])
    return write_bundle(folder, record, network.state_dict(), FILES)


def make_radiograph(
    shape: tuple[int, int] = (120, 90), spacing: tuple[float, float] = (2.0, 2.0), frames: int = 1, **changes: Any
) -> Radiograph:
    """Two soft blobs whose position in mm depends on the extent only, so that grids can be compared."""
    height, width = shape[0] * spacing[0], shape[1] * spacing[1]
    rows = ((np.arange(shape[0]) + 0.5) * spacing[0])[:, None]
    cols = ((np.arange(shape[1]) + 0.5) * spacing[1])[None, :]

    def blob(row: float, col: float, sigma: float) -> np.ndarray:
        return np.exp(-((rows - row * height) ** 2 + (cols - col * width) ** 2) / (2 * sigma**2))

    frame = 3 * blob(0.4, 0.35, 40.0) + 2 * blob(0.7, 0.6, 30.0)
    pixels = np.stack([frame * (1 + index) for index in range(frames)]).astype(np.float32)
    fields = {
        "pixels": pixels,
        "spacing": spacing,
        "spacing_source": SpacingSource.CALLER,
        "scale": IntensityScale.LINE_INTEGRAL,
        "source": "blobs",
        "identity": "1.2.3",
        "view": View.PA,
    }
    return Radiograph(**{**fields, **changes})
