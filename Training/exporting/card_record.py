"""The card of a run's bundle: everything that can be measured or looked up comes from the run itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from XrayToCTLib.models.card import ReferenceQuantiles

from ..config import RunConfig
from ..data.manifest import CtEntry, Manifest, RadiographEntry
from ..data.split import Split
from ..families.generator_in_hu import hu_scale
from ..simulation.field import INPUT_MEAN, INPUT_STD, TARGET_HIGH, TARGET_LOW


def card_record(
    config: RunConfig,
    multiple: int,
    in_channels: int,
    sources: Sequence[dict[str, Any]],
    reference: ReferenceQuantiles,
    fidelity: Sequence[dict[str, Any]],
    ct_patients: int,
) -> dict[str, Any]:
    """The card without its ``files``, as ``card.schema.json`` wants it."""
    card, field = config.card, config.field
    slope, intercept = hu_scale(config.network.name)
    return {
        "schema_version": 1,
        "id": card.id,
        "version": card.version,
        "title": card.title,
        "description": card.description,
        "source_modality": card.source_modality,
        "target_modality": card.target_modality,
        "anatomy": card.anatomy,
        "views": list(card.views),
        "architecture": {"name": config.network.name, "parameters": dict(config.network.parameters)},
        "grid": {
            "spacing_mm": [field.spacing] * 2,
            "trained_shape": [field.size] * 2,
            "multiple": multiple,
        },
        "slabs": {"count": field.slabs, "thickness_mm": field.slab_thickness},
        "input": {
            "quantity": "line_integral",
            "mean": INPUT_MEAN,
            "std": INPUT_STD,
            "channels": ["line_integral", "calibrated"][:in_channels],
            "reference_quantiles": {
                "probabilities": list(reference.probabilities),
                "line_integrals": [round(value, 5) for value in reference.line_integrals],
            },
        },
        "output": {
            "slope_hu": slope * 1000.0,
            "intercept_hu": intercept * 1000.0,
            "window_hu": [TARGET_LOW * 1000.0, TARGET_HIGH * 1000.0],
        },
        "training_data": list(sources),
        "fidelity": list(fidelity),
        "limits": [line.format(patients=ct_patients) for line in card.limits],
        "licence": card.licence,
    }


def sources_used(manifest: Manifest, split: Split, *, with_radiographs: bool) -> list[dict[str, Any]]:
    """The data sets behind a run, with the number of patients of each, CT first."""
    entries: list[CtEntry | RadiographEntry] = [entry for entry in manifest.cts if entry.name in split.train]
    if with_radiographs:
        held_out = split.held_out_radiographs
        entries += [item for item in manifest.radiographs.items if item.name not in held_out]
    patients: dict[tuple[str, str, str, str], set[str]] = {}
    for entry in entries:
        patients.setdefault((entry.source, entry.licence, entry.credit, entry.url), set()).add(entry.patient)
    return [
        {"name": name, "patients": len(members), "licence": licence, "credit": credit, "url": url}
        for (name, licence, credit, url), members in patients.items()
    ]
