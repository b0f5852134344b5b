"""The input gate of a run: fitted on what the run trained on, its false alarms measured on radiographs held out."""

from __future__ import annotations

from XrayToCTLib.models.card import ReferenceQuantiles

from ..config import RunConfig
from ..data.manifest import Manifest, load_cts
from ..data.radiographs import open_radiographs
from ..data.split import Split
from .gate import FittedGate, fit_gate, flagged_share, with_measured
from .gate_inputs import lateral_inputs, radiograph_group, simulated_groups


def gate_of_run(config: RunConfig, manifest: Manifest, split: Split, reference: ReferenceQuantiles) -> FittedGate:
    """Fit the gate on the training patients, simulated and real.

    The physics test is left out: a generator that balances its line integrals passes it whatever it is fed.

    Raises:
        XrayToCTError: fewer than three patients whose scan shows a whole chest.
    """
    whole = [name for name in split.train if manifest.ct(name).quantiles is not None]
    cts = load_cts(manifest.folder, whole)
    groups = simulated_groups(cts, config.field, config.simulation, reference, seed=config.seed)
    images, items = open_radiographs(manifest), manifest.radiographs.items
    spacing = manifest.radiographs.spacing_mm
    on_grid = bool(items) and abs(spacing / config.field.spacing - 1.0) < 0.02
    training = [item for item in items if item.name not in split.held_out_radiographs] if on_grid else []
    held_out = [item for item in items if item.name in split.held_out_radiographs] if on_grid else []
    if training:
        rows = [item.row for item in training]
        groups.append(radiograph_group(images[rows], [item.patient for item in training], reference))
    fitted = fit_gate(
        groups,
        spacing_mm=config.field.spacing,
        reference=reference,
        laterals=lateral_inputs(cts, config.field, reference, seed=config.seed),
    )
    if not held_out:
        return fitted
    rows = [item.row for item in held_out]
    group = radiograph_group(images[rows], [item.patient for item in held_out], reference)
    rate = flagged_share(fitted, group, spacing_mm=config.field.spacing, reference=reference)
    patients = len({item.patient for item in held_out})
    words = f"{len(held_out)} real radiographs of {patients} patients that took no part in the fit"
    return with_measured(fitted, rate, words)
