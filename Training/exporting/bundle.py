"""Export: a run's averaged generator as a bundle that XrayToCT finds, checked before it gets its name."""

from __future__ import annotations

import tempfile
from pathlib import Path

from XrayToCTLib.fidelity.pictures import save_overview
from XrayToCTLib.models.bundle import Bundle, write_bundle
from XrayToCTLib.models.card import GRAPH_FILE
from XrayToCTLib.readers import read_radiograph
from XrayToCTLib.translation.engine import translate

from ..config import RunConfig
from ..data.manifest import read_manifest
from ..data.reference_quantiles import reference_quantiles
from ..data.split import make_split
from ..engine.checkpoint import load_generator
from ..evaluation.card_block import card_fidelity
from ..evaluation.rows import EVALUATION_FILE, read_rows
from ..families.table import uses_radiographs
from .card_record import card_record, sources_used
from .checked_forms import check_rounding, checked_graph, plain_view
from .run_gate import gate_of_run
from .variant import export_variant

PREVIEW_FILE = "preview.png"
_ROOT = Path(__file__).resolve().parents[2]
_BUNDLES = _ROOT / "XrayToCTLib" / "Resources" / "Models"
_SAMPLE = _ROOT / "XrayToCT" / "Resources" / "SampleData" / "XrayToCT-sample-chest-PA.dcm"
_LICENCE_TEXT = (
    "The weights in this folder are licensed under {licence}\n"
    "(CC-BY-4.0 is https://creativecommons.org/licenses/by/4.0/). The data they were trained on carry their own\n"
    "licences: see CREDITS.txt.\n"
)


def export(config: RunConfig) -> Bundle:
    """Write the bundle of a trained and evaluated run, replacing the one of the same id; a variant joins that one.

    The float16 weights, and the ONNX graph that shares them, are first compared with the run's own network on the plain
    view of a CT and on the sample radiograph.

    Raises:
        XrayToCTError: the run was not trained or not evaluated, or the exported forms differ from the network.
    """
    folder = (config.card.folder or _BUNDLES) / config.card.id
    if config.card.variant is not None:
        return export_variant(config, folder)
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
    with tempfile.TemporaryDirectory(prefix="xraytoct-export-") as work:
        trial = write_bundle(Path(work) / config.card.id, record, network.state_dict(), files)
        image = plain_view(config, split, multiple)[:, :in_channels]
        check_rounding(network, trial, image)
        if config.card.onnx:
            files[GRAPH_FILE] = checked_graph(trial, image, Path(work))
        files[PREVIEW_FILE] = _preview(trial, config.card.sample or _SAMPLE, Path(work) / PREVIEW_FILE)
        bundle = write_bundle(folder, record, network.state_dict(), files, overwrite=True)
    size = sum(path.stat().st_size for path in bundle.folder.iterdir()) / 1e6
    print(f"written to {bundle.folder} ({size:.1f} MB)")
    return bundle


def _preview(bundle: Bundle, sample: Path, path: Path) -> bytes:
    radiograph = read_radiograph(sample)
    stack = translate(radiograph, model=bundle.folder)
    save_overview(path, radiograph, stack, title=bundle.card.title)
    return path.read_bytes()
