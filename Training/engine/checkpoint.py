"""Checkpoints: whole or not at all, and what is read back from them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.models.bundle import load_bundle
from XrayToCTLib.models.card import CARD_FILE

from ..config import RunConfig, read_config_text
from ..families.generator_in_hu import Scaled, build_generator

CHECKPOINT_FILE = "checkpoint.pt"


def write_checkpoint(run: Path, state: Mapping[str, Any]) -> None:
    """Write ``state`` as the run's checkpoint; whatever goes wrong, the one before it stays whole.

    Raises:
        XrayToCTError: it cannot be written, say because the disk is full.
    """
    partial = run / f"{CHECKPOINT_FILE}.partial"
    try:
        with partial.open("wb") as stream:
            torch.save(dict(state), stream)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(run / CHECKPOINT_FILE)
    except (OSError, RuntimeError) as error:  # torch's writer raises RuntimeError on a full disk
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        kept = "The one before it is whole." if (run / CHECKPOINT_FILE).exists() else "There is none before it."
        raise XrayToCTError(
            f"The checkpoint in {run} could not be written ({_reason(error)}). {kept}",
            hint="Free space on the disk, then go on with --resume.",
        ) from error


def read_checkpoint(run: Path) -> dict[str, Any]:
    """The run's checkpoint, on the CPU: ``model``, ``progress`` and ``config`` (YAML).

    Raises:
        XrayToCTError: there is none, or it is damaged.
    """
    path = run / CHECKPOINT_FILE
    if not path.exists():
        raise XrayToCTError(f"{run} has no checkpoint.", hint="Run `python -m Training train` first, without --resume.")
    try:
        state: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
        _ = state["model"]["average"], state["progress"], state["config"]
    except Exception as error:  # a damaged file fails in many ways
        raise XrayToCTError(
            f"The checkpoint {path} is damaged or of another version.", hint="Train the run again, in a new folder."
        ) from error
    return state


def load_generator(run: Path) -> Scaled:
    """The averaged generator of a run, in evaluation mode, on the CPU.

    It maps normalised line integrals (n, 1, rows, cols) to HU / 1000 (n, slabs, rows, cols); ``.network`` is the plain
    network that a bundle holds, whose output times ``.slope`` plus ``.intercept`` is HU / 1000.

    Raises:
        XrayToCTError: the run has no checkpoint, or it does not fit its own configuration.
    """
    state = read_checkpoint(run)
    generator = build_generator(config_of(state, run).network)
    try:
        generator.network.load_state_dict(state["model"]["average"])
    except RuntimeError as error:
        raise XrayToCTError(
            f"The weights in {run} do not fit the network that its configuration names.",
            hint="The architecture has changed since: train the run again, or use the version that trained it.",
        ) from error
    return generator.eval()


def load_run_config(run: Path) -> RunConfig:
    """The configuration that the run's checkpoint was made with.

    Raises:
        XrayToCTError: there is no checkpoint.
    """
    return config_of(read_checkpoint(run), run)


def config_of(state: Mapping[str, Any], run: Path) -> RunConfig:
    """The configuration that a checkpoint was made with."""
    return read_config_text(state["config"], source=f"in the checkpoint of {run}")


def start_from(network: nn.Module, average: nn.Module, run: Path) -> str:
    """Take the averaged generator of another run into ``network`` and its ``average``, where names and shapes fit.

    ``run`` may also be the folder of a bundle. When the other network is a part of this one (the coarse network of a
    pyramid), that part takes it.

    Returns:
        What was taken and what was not, as a sentence.

    Raises:
        XrayToCTError: the other run has no checkpoint, the bundle is broken, or nothing of it fits.
    """
    given: Mapping[str, torch.Tensor]
    if (run / CARD_FILE).exists():
        given = load_bundle(run).load_network().state_dict()
    else:
        given = read_checkpoint(run)["model"]["average"]
    own = network.state_dict()
    prefixes = ["", *(f"{name}." for name, _ in network.named_children())]
    fits = {prefix: _fitting(given, own, prefix) for prefix in prefixes}
    prefix = max(prefixes, key=lambda p: len(fits[p]))
    taken = fits[prefix]
    if not taken:
        raise XrayToCTError(
            f"Nothing of the generator in {run} fits this one.", hint="Leave start_from out, or use the same network."
        )
    for module in (network, average):
        module.load_state_dict({**module.state_dict(), **{prefix + name: given[name] for name in taken}})
    new = [name for name in own if not name.startswith(prefix) or name[len(prefix) :] not in taken]
    left = [name for name in given if name not in taken]
    part = f" into its part {prefix[:-1]}" if prefix else ""
    return (
        f"Started from {run}{part}: {len(taken)} of its {len(given)} tensors taken{_named('; not taken', left)}"
        f"{_named('; new here', new)}."
    )


def _fitting(given: Mapping[str, torch.Tensor], own: Mapping[str, torch.Tensor], prefix: str) -> list[str]:
    return [name for name, value in given.items() if prefix + name in own and own[prefix + name].shape == value.shape]


def _named(label: str, names: Sequence[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    return f"{label}: {', '.join(names[:4])}{more}"


def _reason(error: Exception) -> str:
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error).splitlines()[0]
