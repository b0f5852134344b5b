"""The forms that a network is exported in, held against the run's own network on real input."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import torch

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.models.bundle import WEIGHTS_FILE, Bundle
from XrayToCTLib.models.card import GRAPH_FILE
from XrayToCTLib.translation.resample import pad_to_multiple

from ..config import RunConfig
from ..data.manifest import load_cts
from ..data.split import Split
from ..simulation.field import normalised, plain_geometry
from ..simulation.opencv_render import render
from .onnx_graph import check_onnx, onnx_graph

# HU / 1000. The graph against torch with the same weights: the order of additions differs, no more.
_ONNX_TOLERANCE = 1e-5
# HU / 1000, mean over the stack. The bundle's float16 weights against the run's float32: a hundredth of the error of
# any model so far.
_ROUNDING_TOLERANCE = 2e-3


def plain_view(config: RunConfig, split: Split, multiple: int) -> torch.Tensor:
    """(1, 2, rows, cols): the plain PA view of a CT of the run, calibrated; of a test patient if there is one."""
    name = next(iter(split.test or split.train))
    (ct,) = load_cts(config.data.prepared, [name])
    sample = render(
        np.asarray(ct.attenuation, np.float32), ct.spacing, ct.centre, plain_geometry(config.field), config.field
    )
    image = pad_to_multiple(normalised(sample.integrals), multiple)
    return torch.from_numpy(np.stack((image, np.ones_like(image))))[None]


def check_rounding(network: torch.nn.Module, bundle: Bundle, image: torch.Tensor) -> None:
    rounded = bundle.load_network()
    with torch.inference_mode():
        difference = float((network(image) - rounded(image)).abs().mean())
    print(f"float16 weights against float32: {difference * 1000:.2f} HU on average")
    if not difference <= _ROUNDING_TOLERANCE:
        raise XrayToCTError(
            f"The weights lose {difference * 1000:.1f} HU on average as float16.",
            hint="Train longer with a smaller learning rate, or from an earlier checkpoint. Nothing was written.",
        )


def checked_graph(bundle: Bundle, image: torch.Tensor, work: Path) -> bytes:
    """The graph, compared with torch on the view, on a batch of two, and on another size."""
    rounded = bundle.load_network()
    graph = onnx_graph(rounded, bundle.folder / WEIGHTS_FILE)
    # Beside a copy of the weights: the trial bundle's card does not list a graph.
    folder = work / "graph"
    folder.mkdir()
    shutil.copyfile(bundle.folder / WEIGHTS_FILE, folder / WEIGHTS_FILE)
    (folder / GRAPH_FILE).write_bytes(graph)
    step = bundle.card.grid.multiple
    smaller = image[..., : max(2 * step, image.shape[-2] // 2 // step * step), :]
    largest = max(
        check_onnx(folder, GRAPH_FILE, rounded, part.contiguous(), _ONNX_TOLERANCE)
        for part in (image, torch.cat((image, image.flip(-1))), smaller)
    )
    print(f"ONNX graph against torch: {largest * 1000:.4f} HU at most")
    return graph
