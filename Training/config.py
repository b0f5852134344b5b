"""A run's configuration: one YAML file, checked on reading."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from XrayToCTLib.errors import XrayToCTError


@dataclass(frozen=True, slots=True)
class CtSplit:
    train: dict[str, float]  # file stem -> sampling weight
    test: list[str]


@dataclass(frozen=True, slots=True)
class LossWeights:
    gradient: float
    projection: float
    cycle: float
    cycle_ct: float
    identity: float
    adversarial: float


@dataclass(frozen=True, slots=True)
class RunConfig:
    """One training run; the names are those of the YAML file, whose comments say what they mean."""

    data: Path
    prepared: Path
    run: Path
    seed: int
    ct: CtSplit
    radiograph_holdout_every: int
    radiograph_edge_mm: float
    grid_mm: float
    grid_size: int
    slabs: int
    slab_thickness_mm: float
    prepared_spacing_mm: tuple[float, float, float]
    widths: tuple[int, ...]
    batch: int
    learning_rate: float
    minutes: float
    gan_from: float
    weights: LossWeights


def read_config(path: Path) -> RunConfig:
    """Read a run's YAML.

    Raises:
        XrayToCTError: the file is missing, is no YAML mapping, or lacks or misspells an entry.
    """
    try:
        values: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise XrayToCTError(f"The configuration {path} cannot be read.", hint=str(error)) from error
    names = {field.name for field in fields(RunConfig)}
    if not isinstance(values, dict) or set(values) != names:
        wrong = sorted(set(values) ^ names) if isinstance(values, dict) else ["everything"]
        raise XrayToCTError(
            f"The configuration {path} has missing or unknown entries: {', '.join(wrong)}.",
            hint="Compare it with Training/configs/chest_pa.yaml.",
        )
    try:
        config = RunConfig(
            **{
                **values,
                "data": Path(values["data"]),
                "prepared": Path(values["prepared"]),
                "run": Path(values["run"]),
                "ct": CtSplit(**values["ct"]),
                "weights": LossWeights(**values["weights"]),
                "prepared_spacing_mm": tuple(values["prepared_spacing_mm"]),
                "widths": tuple(values["widths"]),
            }
        )
    except TypeError as error:
        raise XrayToCTError(f"The configuration {path} does not fit: {error}.", hint="Correct the entry.") from error
    both = set(config.ct.train) & set(config.ct.test)
    if both:
        raise XrayToCTError(
            f"Patients stand on both sides of the split: {', '.join(sorted(both))}.", hint="Keep each on one side."
        )
    return config
