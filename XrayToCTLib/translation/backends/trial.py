"""Trial: a tiny run of a model in each backend, which says whether it works, how fast, and whether its HU are right."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from ...errors import XrayToCTError
from ...models.bundle import Bundle
from ...models.card import ModelCard
from ..network_input import network_input
from .protocol import Backend, BackendFailure, LoadedNetwork, backend_key
from .threads import thread_count
from .tolerance import Difference, difference

_SMALLEST_SIDE = 128  # pixels: smaller images rank the backends by their overhead
_TIMED_SECONDS, _FEWEST_ROUNDS, _MOST_ROUNDS = 0.6, 3, 12


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of one backend.

    Attributes:
        key: "openvino/bf16".
        version: "openvino 2026.4.1", or "".
        seconds: of one run of the trial image, the fastest of some; None when it did not run.
        load_seconds: to make the network ready, the first run included.
        difference: from the most exact backend of the same trial; None for that itself.
        reason: why it is not used, as a clause; "" when it may be.
    """

    key: str
    version: str
    seconds: float | None = None
    load_seconds: float | None = None
    difference: Difference | None = None
    reason: str = ""


def try_backends(bundle: Bundle, backends: tuple[Backend, ...]) -> tuple[Trial, ...]:
    """Run each and compare their HU. Raises nothing that a backend raises."""
    image = trial_image(bundle.card)
    ready = {backend_key(backend): _make_ready(backend, bundle, image) for backend in backends}
    runs = {key: (network, hu) for key, (_, network, hu) in ready.items() if network is not None and hu is not None}
    seconds = _timed({key: network for key, (network, _) in runs.items()}, image)
    stacks = {key: hu for key, (_, hu) in runs.items()}
    reference = _most_exact(backends, stacks)
    trials = (replace(trial, seconds=seconds.get(trial.key)) for trial, _, _ in ready.values())
    return tuple(_judged(trial, stacks, reference) for trial in trials)


def trial_image(card: ModelCard) -> np.ndarray:
    """What the model may be fed: smooth, with the distribution of its training radiographs; (channels, rows, cols)."""
    multiple = card.grid.multiple
    side = multiple * max(2, -(-_SMALLEST_SIDE // multiple))
    rows, cols = np.mgrid[0:side, 0:side] / side
    shape = np.sin(7 * rows + 3 * cols) + np.cos(11 * cols * rows) + 0.1 * np.sin(90 * cols)
    ranks = shape.ravel().argsort().argsort().reshape(shape.shape) / (shape.size - 1)
    reference = card.input.reference_quantiles
    integrals = np.interp(ranks, reference.probabilities, reference.line_integrals).astype(np.float32)
    return network_input(integrals, card.input, multiple, calibrated=False)


def _make_ready(
    backend: Backend, bundle: Bundle, image: np.ndarray
) -> tuple[Trial, LoadedNetwork | None, np.ndarray | None]:
    """The trial without its time, the network, and the HU that it gave: None for both where it does not work."""
    trial = Trial(backend_key(backend), backend.version())
    reason = backend.unusable() or backend.unfit(bundle)
    if reason:
        return replace(trial, reason=reason), None, None
    try:
        start = time.perf_counter()
        network = backend.load(bundle, thread_count())
        output = network.run(image)
        loaded = time.perf_counter() - start
    except BackendFailure as failure:
        return replace(trial, reason=f"it failed ({failure})"), None, None
    except XrayToCTError as error:
        return replace(trial, reason=error.message.rstrip(".")), None, None
    card = bundle.card
    hu = np.clip(output * card.output.slope_hu + card.output.intercept_hu, *card.output.window_hu)
    return replace(trial, load_seconds=loaded), network, hu


def _timed(networks: dict[str, LoadedNetwork], image: np.ndarray) -> dict[str, float]:
    """Seconds of the fastest run of each; in turns, so that a machine that is busy with other things slows them all."""
    fastest: dict[str, float] = {}
    until = time.perf_counter() + _TIMED_SECONDS
    for done in range(_MOST_ROUNDS):
        for key, network in networks.items():
            start = time.perf_counter()
            try:
                network.run(image)
            except BackendFailure:  # it ran a moment ago: something else took its memory
                continue
            fastest[key] = min(fastest.get(key, float("inf")), time.perf_counter() - start)
        if time.perf_counter() > until and done >= _FEWEST_ROUNDS:
            break
    return fastest


def _most_exact(backends: tuple[Backend, ...], stacks: dict[str, np.ndarray]) -> str:
    """The key of the backend that the others are held against: PyTorch in single precision, where it ran."""
    ran = [backend for backend in backends if backend_key(backend) in stacks]
    ran.sort(key=lambda backend: (backend.precision != "fp32", backend.device != "cpu", backend.name != "torch-cpu"))
    return backend_key(ran[0]) if ran else ""


def _judged(trial: Trial, stacks: dict[str, np.ndarray], reference: str) -> Trial:
    if trial.key not in stacks or trial.key == reference:
        return trial
    if stacks[trial.key].shape != stacks[reference].shape:
        return replace(trial, reason=f"its stack has the shape {stacks[trial.key].shape}")
    found = difference(stacks[trial.key], stacks[reference])
    return replace(trial, difference=found, reason=found.fault(trial.key.rpartition("/")[2]))
