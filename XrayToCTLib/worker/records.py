"""Records: a radiograph and a stack as JSON types, without their arrays."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ..ct_stack import CtStack
from ..models.card import ModelCard
from ..radiograph import IntensityScale, Radiograph, SpacingSource, View


def radiograph_record(radiograph: Radiograph) -> dict[str, Any]:
    """Everything but the pixels; enumerations by name."""
    record = {field.name: getattr(radiograph, field.name) for field in fields(radiograph) if field.name != "pixels"}
    record |= {
        "spacing": [float(mm) for mm in radiograph.spacing],
        "spacing_source": radiograph.spacing_source.name,
        "scale": radiograph.scale.name,
        "view": radiograph.view.name if radiograph.view else None,
        "frame_time_ms": None if radiograph.frame_time_ms is None else float(radiograph.frame_time_ms),
    }
    return record


def radiograph_of(record: Mapping[str, Any], pixels: np.ndarray) -> Radiograph:
    """Raises KeyError, TypeError or ValueError for a record of another version, XrayToCTError for impossible pixels."""
    known = dict(record)
    return Radiograph(
        **{
            **known,
            "pixels": pixels,
            "spacing": _pair(known["spacing"]),
            "spacing_source": SpacingSource[known["spacing_source"]],
            "scale": IntensityScale[known["scale"]],
            "view": View[known["view"]] if known["view"] else None,
            "history": tuple(known["history"]),
            "warnings": tuple(known["warnings"]),
        }
    )


def stack_record(stack: CtStack) -> dict[str, Any]:
    """Everything but the HU; the card as its JSON."""
    return {
        "spacing": [float(mm) for mm in stack.spacing],
        "slab_thickness": float(stack.slab_thickness),
        "view": stack.view.name,
        "card": stack.card.to_record() if stack.card else None,
        "provenance": {str(key): str(value) for key, value in stack.provenance.items()},
        "warnings": list(stack.warnings),
    }


def stack_of(record: Mapping[str, Any], hu: np.ndarray) -> CtStack:
    """Raises KeyError, TypeError or ValueError for a broken record, XrayToCTError for a broken card or array."""
    return CtStack(
        hu=hu,
        spacing=_pair(record["spacing"]),
        slab_thickness=float(record["slab_thickness"]),
        view=View[record["view"]],
        card=_card_of(json.dumps(record["card"])) if record["card"] else None,
        provenance=dict(record["provenance"]),
        warnings=tuple(record["warnings"]),
    )


@lru_cache(maxsize=8)
def _card_of(text: str) -> ModelCard:
    """Kept: checking a card against its schema takes longer than everything else that a record needs."""
    return ModelCard.from_json(text, "the card of the result")


def model_record(model: str | Path | ModelCard | None) -> dict[str, str] | None:
    """Which model, so that the other process finds the same: paths are made absolute."""
    if model is None:
        return None
    if isinstance(model, Path):
        return {"folder": str(model.expanduser().absolute())}
    return {"name": model.name if isinstance(model, ModelCard) else model}


def model_of(record: Mapping[str, str] | None) -> str | Path | None:
    if record is None:
        return None
    return Path(record["folder"]) if "folder" in record else record["name"]


def _pair(values: Any) -> tuple[float, float]:
    first, second = values
    return float(first), float(second)
