"""A run's configuration: the rooms' settings put together, read from one YAML file and from the command line."""

from __future__ import annotations

import contextlib
import dataclasses
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from jsonargparse import ArgumentError, ArgumentParser, Namespace

from XrayToCTLib.errors import XrayToCTError

from .data.settings import DataSettings
from .engine.settings import EngineSettings
from .evaluation.settings import EvaluationSettings
from .exporting.settings import CardSettings
from .families.settings import FamilySettings, NetworkSettings
from .simulation.field import Field
from .simulation.settings import SimulationSettings


@dataclass(frozen=True)
class RunConfig:
    """One training run; each part is explained where it is defined, in its room's ``settings.py``.

    Attributes:
        run: folder of the run: configuration, checkpoint, log, pictures, evaluation.
        seed: of everything that is drawn.
        start_from: another run or a bundle, whose generator this one starts from where names and shapes fit.
    """

    run: Path
    seed: int
    data: DataSettings
    field: Field
    network: NetworkSettings
    family: FamilySettings
    engine: EngineSettings
    simulation: SimulationSettings = dataclasses.field(default_factory=SimulationSettings)
    evaluation: EvaluationSettings = dataclasses.field(default_factory=EvaluationSettings)
    card: CardSettings = dataclasses.field(default_factory=CardSettings)
    start_from: Path | None = None


def read_config(path: Path, overrides: Sequence[str] = ()) -> RunConfig:
    """Read a run's YAML; ``overrides`` are command-line words such as ``--engine.max_minutes 10``.

    Raises:
        XrayToCTError: the file is missing or no YAML, an entry is unknown, missing or of the wrong kind, or two entries
            contradict each other.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise XrayToCTError(f"The configuration {path} cannot be read.", hint=str(error)) from error
    return read_config_text(text, overrides, source=str(path))


def read_config_text(text: str, overrides: Sequence[str] = (), *, source: str = "as given") -> RunConfig:
    """As ``read_config``, from the text of a YAML file; ``source`` names it in messages."""
    try:
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise XrayToCTError(f"The configuration {source} is no YAML.", hint=str(error)) from error
    if not isinstance(values, dict):
        raise XrayToCTError(
            f"The configuration {source} has no entries.", hint="Compare it with Training/configs/cnn-chest-ct.yaml."
        )
    parser = config_parser()
    try:
        # The parser prints its usage on the way out of some errors; the sentence below is all a user needs.
        with contextlib.redirect_stderr(io.StringIO()):
            read = parser.parse_args(["--config", text, *overrides])
        config = _instantiate(parser, read)
    except (ArgumentError, TypeError, ValueError) as error:
        raise XrayToCTError(
            f"The configuration {source} does not fit: {_one_line(error)}.",
            hint="Correct the entry; `python -m Training train --help` explains all of them.",
        ) from error
    _check(config)
    return config


def config_parser() -> ArgumentParser:
    """One option for each value of a run, named as in the YAML with dots between."""
    parser = ArgumentParser(prog="python -m Training", exit_on_error=False, default_env=False)
    parser.add_argument("--config", action="config", help="the run's YAML")
    parser.add_class_arguments(RunConfig, None)
    return parser


def config_text(config: RunConfig) -> str:
    """The whole configuration as YAML, defaults included: what is saved with a run."""
    return yaml.safe_dump(_plain(config), sort_keys=False, allow_unicode=True)


def flat_values(config: RunConfig) -> dict[str, Any]:
    """``{"engine.batch": 4, ...}``, for comparing two configurations."""
    flat: dict[str, Any] = {}

    def walk(prefix: str, value: Any) -> None:
        if isinstance(value, Mapping) and value:
            for name, inner in value.items():
                walk(f"{prefix}.{name}" if prefix else str(name), inner)
        else:
            flat[prefix] = value

    walk("", _plain(config))
    return flat


def _instantiate(parser: ArgumentParser, read: Namespace) -> RunConfig:
    parts = vars(parser.instantiate_classes(read))
    return RunConfig(**{item.name: parts[item.name] for item in dataclasses.fields(RunConfig)})


def _plain(value: Any) -> Any:
    """Dataclasses, paths and tuples as YAML writes them."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: _plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value.as_posix() if isinstance(value, Path) else value


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")


def _check(config: RunConfig) -> None:
    """Contradictions between entries, which no type can tell."""
    engine, family = config.engine, config.family
    wrong: list[str] = []
    if engine.max_minutes is None and engine.max_steps is None:
        wrong.append("engine.max_minutes or engine.max_steps must be given")
    if engine.batch < 1 or engine.accumulate < 1 or engine.batch % engine.accumulate:
        wrong.append(f"engine.batch ({engine.batch}) must be a multiple of engine.accumulate ({engine.accumulate})")
    if family.radiographs < 1 or engine.batch % family.radiographs:
        wrong.append(f"family.radiographs ({family.radiographs}) must divide engine.batch ({engine.batch})")
    if not 0.0 <= family.average < 1.0:
        wrong.append(f"family.average ({family.average}) must be at least 0 and below 1")
    if config.seed < 0:
        wrong.append(f"seed ({config.seed}) must not be negative")
    if family.gradient_slabs < 1:
        wrong.append("family.gradient_slabs must be at least 1")
    if not config.field.whole_patient and (family.weights.projection or family.name == "physics-cyclegan"):
        wrong.append("one slab alone does not add up to the radiograph: set family.weights.projection to 0")
    if wrong:
        raise XrayToCTError(f"The configuration contradicts itself: {'; '.join(wrong)}.", hint="Correct the entries.")
