"""Exporting a variant: a run's network joins the bundle of the model that it stands in for."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.models.bundle import Bundle, load_bundle, write_variant
from XrayToCTLib.models.card import ModelCard

from ..config import RunConfig
from ..data.manifest import read_manifest
from ..data.split import make_split
from ..engine.checkpoint import load_generator
from ..evaluation.card_block import card_fidelity
from ..evaluation.rows import EVALUATION_FILE, read_rows
from ..families.generator_in_hu import Scaled
from ..simulation.field import INPUT_MEAN, INPUT_STD
from .checked_forms import check_rounding, checked_graph, plain_view


def export_variant(config: RunConfig, folder: Path) -> Bundle:
    """Add the run's network to the bundle in ``folder`` as ``config.card.variant``, replacing the one of that name.

    It is checked as a model of its own would be. Exporting the model again takes its variants away: they learned from
    the one before.

    Raises:
        XrayToCTError: there is no such bundle, it is of another version, grid, input, output or number of slabs, the
            run was not evaluated, or the exported forms differ from the network.
    """
    name = config.card.variant
    assert name is not None
    base = load_bundle(folder)
    rows = read_rows(config.run / EVALUATION_FILE)
    generator = load_generator(config.run)
    _check_fits(config, generator, base.card)
    network = generator.network
    record = {
        "description": config.card.description,
        "architecture": {"name": config.network.name, "parameters": dict(config.network.parameters)},
        "multiple": generator.multiple,
        "fidelity": card_fidelity(rows, config.field.spacing),
    }
    split = make_split(read_manifest(config.data.prepared), config.data.split)
    with tempfile.TemporaryDirectory(prefix="xraytoct-export-") as work:
        copy = Path(shutil.copytree(base.folder, Path(work) / base.folder.name))
        trial = write_variant(copy, name, record, network.state_dict())
        image = plain_view(config, split, generator.multiple)[:, : generator.in_channels]
        check_rounding(network, trial, image)
        graph = checked_graph(trial, image, Path(work)) if config.card.onnx else None
        variant = write_variant(folder, name, record, network.state_dict(), graph)
    print(f"written to {variant.folder} ({sum(path.stat().st_size for path in variant.folder.iterdir()) / 1e6:.1f} MB)")
    for line in compared(variant.card, base.card):
        print(line)
    return variant


def compared(variant: ModelCard, base: ModelCard) -> list[str]:
    """The body-masked MAE of both, where they were measured by the same protocol."""

    def maes(card: ModelCard) -> dict[str, float]:
        # A protocol goes on with the single patients' values.
        return {row.protocol.partition(" patients (")[0]: row.value for row in card.fidelity if row.metric == "MAE"}

    own, given = maes(variant), maes(base)
    return [
        f"MAE {own[protocol]:g} HU, {100 * own[protocol] / given[protocol]:.1f} % of the model's {given[protocol]:g}: "
        f"{protocol} patients"
        for protocol in own
        if given.get(protocol)
    ]


def _check_fits(config: RunConfig, generator: Scaled, card: ModelCard) -> None:
    """All that the card says once for the model and its variants must hold for the run."""
    field = config.field
    same: dict[str, tuple[Any, Any]] = {
        "version": (config.card.version, card.version),
        "spacing in mm": ((field.spacing, field.spacing), card.grid.spacing_mm),
        "slabs": ((field.slabs, field.slab_thickness), (card.slabs.count, card.slabs.thickness_mm)),
        "channels": (generator.in_channels, len(card.input.channels)),
        "normalisation": ((INPUT_MEAN, INPUT_STD), (card.input.mean, card.input.std)),
        "output": (
            (generator.slope * 1000.0, generator.intercept * 1000.0),
            (card.output.slope_hu, card.output.intercept_hu),
        ),
    }
    wrong = [f"{what} {own} instead of {given}" for what, (own, given) in same.items() if own != given]
    if wrong:
        raise XrayToCTError(
            f"The run {config.run} cannot be a variant of {card.name}: {'; '.join(wrong)}.",
            hint="Train it as the model was trained, or export it as a model of its own, without card.variant.",
        )
