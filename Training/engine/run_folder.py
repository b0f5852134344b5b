"""The run's folder: may this run begin or go on in it?"""

from __future__ import annotations

from typing import Any

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.whole_file import write_whole

from ..config import RunConfig, config_text, flat_values
from .checkpoint import CHECKPOINT_FILE, config_of, read_checkpoint
from .settings import changeable_names

# Parts of a configuration that a resumed run may change: they come after training, or say where things lie.
_AFTERWARDS = ("evaluation", "card", "run", "start_from", "simulation.workers", "data.workers")


def open_run(config: RunConfig, *, resume: bool) -> dict[str, Any] | None:
    """The checkpoint to go on from, or None for a new run.

    Raises:
        XrayToCTError: the folder has a checkpoint and ``resume`` is false, or the other way round; or the checkpoint is
            that of another configuration.
    """
    if not resume:
        if (config.run / CHECKPOINT_FILE).exists():
            raise XrayToCTError(
                f"{config.run} already has a checkpoint.", hint="Pass --resume to go on, or give another run folder."
            )
        return None
    state = read_checkpoint(config.run)
    differing = _differing(config_of(state, config.run), config)
    if differing:
        raise XrayToCTError(
            f"{config.run} was trained with another configuration: {'; '.join(differing)}.",
            hint=f"Resume with the values of {config.run / 'config.yaml'}, or give another run folder.",
        )
    return state


def save_config(config: RunConfig) -> None:
    """Write ``config.yaml`` into the run's folder, defaults included."""
    config.run.mkdir(parents=True, exist_ok=True)
    write_whole(config.run / "config.yaml", config_text(config).encode())


def _differing(before: RunConfig, now: RunConfig) -> list[str]:
    old, new = flat_values(before), flat_values(now)
    free = {f"engine.{name}" for name in changeable_names()}
    names = [
        name
        for name in sorted(set(old) | set(new))
        if name not in free and not any(name == part or name.startswith(f"{part}.") for part in _AFTERWARDS)
    ]
    return [
        f"{name} was {old.get(name, 'not given')}, is {new.get(name, 'not given')}"
        for name in names
        if old.get(name) != new.get(name)
    ]
