"""Export: a run's averaged generator as a bundle that XrayToCT finds, checked before it gets its name."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
import torch

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.fidelity.pictures import save_overview
from XrayToCTLib.models.bundle import WEIGHTS_FILE, Bundle, write_bundle
from XrayToCTLib.readers import read_radiograph
from XrayToCTLib.translation.engine import translate
from XrayToCTLib.translation.resample import pad_to_multiple

from ..config import RunConfig
from ..data.manifest import load_cts, read_manifest
from ..data.reference_quantiles import reference_quantiles
from ..data.split import Split, make_split
from ..engine.checkpoint import load_generator
from ..evaluation.card_block import card_fidelity
from ..evaluation.rows import EVALUATION_FILE, read_rows
from ..families.table import uses_radiographs
from ..simulation.field import normalised, plain_geometry
from ..simulation.opencv_render import render
from .card_record import card_record, sources_used
from .onnx_graph import check_onnx, onnx_graph
from .run_gate import gate_of_run

ONNX_FILE = "network.onnx"
PREVIEW_FILE = "preview.png"
_ROOT = Path(__file__).resolve().parents[2]
_BUNDLES = _ROOT / "XrayToCTLib" / "Resources" / "Models"
_SAMPLE = _ROOT / "XrayToCT" / "Resources" / "SampleData" / "XrayToCT-sample-chest-PA.dcm"
# HU / 1000. The graph against torch with the same weights: the order of additions differs, no more.
_ONNX_TOLERANCE = 1e-5
# HU / 1000, mean over the stack. The bundle's float16 weights against the run's float32: a hundredth of the error of
# any model so far.
_ROUNDING_TOLERANCE = 2e-3
_LICENCE_TEXT = (
    "The weights in this folder are licensed under {licence}\n"
    "(CC-BY-4.0 is https://creativecommons.org/licenses/by/4.0/). The data they were trained on carry their own\n"
    "licences: see CREDITS.txt.\n"
)


def export(config: RunConfig) -> Bundle:
    """Write the bundle of a trained and evaluated run, replacing the one of the same id.

    The float16 weights, and the ONNX graph that shares them, are first compared with the run's own network on the plain
    view of a CT and on the sample radiograph.

    Raises:
        XrayToCTError: the run was not trained or not evaluated, or the exported forms differ from the network.
    """
    rows = read_rows(config.run / EVALUATION_FILE)
    network = load_generator(config.run).network
    manifest = read_manifest(config.data.prepared)
    split = make_split(manifest, config.data.split)
    sources = sources_used(manifest, split, with_radiographs=uses_radiographs(config) or config.card.gate)
    reference = reference_quantiles(manifest, split)
    multiple = int(network.multiple)  # type: ignore[arg-type]  # every generator has it
    in_channels = int(network.in_channels)  # type: ignore[arg-type]  # every generator has it
    record = card_record(
        config, multiple, in_channels, sources, reference, card_fidelity(rows, config.field.spacing), len(split.train)
    )
    credits_text = "\n".join(f"{s['name']} ({s['licence']}): {s['credit']}. {s['url']}" for s in sources) + "\n"
    files: dict[str, str | bytes | Path] = {
        "LICENSE.txt": _LICENCE_TEXT.format(licence=config.card.licence),
        "CREDITS.txt": credits_text,
    }
    if config.card.gate:
        fitted = gate_of_run(config, manifest, split, reference)
        record["gate"], files[fitted.file] = fitted.card_block, fitted.content
    folder = (config.card.folder or _BUNDLES) / config.card.id
    with tempfile.TemporaryDirectory(prefix="xraytoct-export-") as work:
        trial = write_bundle(Path(work) / config.card.id, record, network.state_dict(), files)
        image = _plain_view(config, split, multiple)[:, :in_channels]
        _check_rounding(network, trial, image)
        if config.card.onnx:
            files[ONNX_FILE] = _checked_graph(trial, image)
        files[PREVIEW_FILE] = _preview(trial, config.card.sample or _SAMPLE, Path(work) / PREVIEW_FILE)
        bundle = write_bundle(folder, record, network.state_dict(), files, overwrite=True)
    size = sum(path.stat().st_size for path in bundle.folder.iterdir()) / 1e6
    print(f"written to {bundle.folder} ({size:.1f} MB)")
    return bundle


def _plain_view(config: RunConfig, split: Split, multiple: int) -> torch.Tensor:
    """(1, 2, rows, cols): the plain PA view of a CT of the run, calibrated; of a test patient if there is one."""
    name = next(iter(split.test or split.train))
    (ct,) = load_cts(config.data.prepared, [name])
    sample = render(
        np.asarray(ct.attenuation, np.float32), ct.spacing, ct.centre, plain_geometry(config.field), config.field
    )
    image = pad_to_multiple(normalised(sample.integrals), multiple)
    return torch.from_numpy(np.stack((image, np.ones_like(image))))[None]


def _check_rounding(network: torch.nn.Module, bundle: Bundle, image: torch.Tensor) -> None:
    rounded = bundle.load_network()
    with torch.inference_mode():
        difference = float((network(image) - rounded(image)).abs().mean())
    print(f"float16 weights against float32: {difference * 1000:.2f} HU on average")
    if not difference <= _ROUNDING_TOLERANCE:
        raise XrayToCTError(
            f"The weights lose {difference * 1000:.1f} HU on average as float16.",
            hint="Train longer with a smaller learning rate, or from an earlier checkpoint. Nothing was written.",
        )


def _checked_graph(bundle: Bundle, image: torch.Tensor) -> bytes:
    """The graph, compared with torch on the view, on a batch of two, and on another size."""
    rounded = bundle.load_network()
    graph = onnx_graph(rounded, bundle.folder / WEIGHTS_FILE)
    # Beside a copy of the weights: the trial bundle's card does not list a graph.
    folder = bundle.folder.parent / "graph"
    folder.mkdir()
    shutil.copyfile(bundle.folder / WEIGHTS_FILE, folder / WEIGHTS_FILE)
    (folder / ONNX_FILE).write_bytes(graph)
    step = bundle.card.grid.multiple
    smaller = image[..., : max(2 * step, image.shape[-2] // 2 // step * step), :]
    largest = max(
        check_onnx(folder, ONNX_FILE, rounded, part.contiguous(), _ONNX_TOLERANCE)
        for part in (image, torch.cat((image, image.flip(-1))), smaller)
    )
    print(f"ONNX graph against torch: {largest * 1000:.4f} HU at most")
    return graph


def _preview(bundle: Bundle, sample: Path, path: Path) -> bytes:
    radiograph = read_radiograph(sample)
    stack = translate(radiograph, model=bundle.folder)
    save_overview(path, radiograph, stack, title=bundle.card.title)
    return path.read_bytes()
