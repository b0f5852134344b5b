"""Run: an image through a model's network, in the first backend that can."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...errors import XrayToCTError
from ...models.bundle import Bundle
from .memory import available_bytes, check_memory, graphics_bytes, network_bytes
from .protocol import Backend, BackendFailure, BackendOutOfMemory, LoadedNetwork, backend_key
from .threads import thread_count

_KEPT_NETWORKS = 2  # a session goes back and forth between two models at most; each holds its weights in memory
_networks: OrderedDict[tuple[str, str, int], LoadedNetwork] = OrderedDict()
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Output:
    """Of a network.

    Attributes:
        values: float32 (slabs, rows, cols).
        backend: that gave it.
        failures: (backend, why) of those that were tried before it.
        broken: one of them failed for another reason than a large image.
    """

    values: np.ndarray
    backend: Backend
    failures: tuple[tuple[Backend, str], ...] = ()
    broken: bool = False


def run_network(
    bundle: Bundle, image: np.ndarray, backends: tuple[Backend, ...], ready: Callable[[], None] | None = None
) -> Output:
    """Run a network on an image as a whole: tiles would be normalised apart and show seams.

    Args:
        bundle: of the model.
        image: float32 (channels, rows, cols), as ``network_input`` makes it.
        backends: to try, in this order; each must be usable and fit the model.
        ready: called once a network is loaded, before it runs.

    Raises:
        MemoryError: no backend has enough of it.
        XrayToCTError: all backends failed, or the bundle is broken.
    """
    failures: list[tuple[Backend, str]] = []
    full, broken = "", False
    for backend in backends:
        try:
            _check_memory(bundle, image, backend)
            network = kept_network(bundle, backend)
            if ready is not None:
                ready()
            return Output(network.run(image), backend, tuple(failures), broken)
        except BackendFailure as failure:
            failures.append((backend, str(failure)))
            if isinstance(failure, BackendOutOfMemory):
                full = str(failure)
            else:
                broken = True
            _drop(bundle, backend)
    if full:
        raise MemoryError(full)
    reasons = "; ".join(f"{backend_key(backend)}: {reason}" for backend, reason in failures)
    raise XrayToCTError(
        f"The network failed: {reasons or 'there is nothing to run it'}.", hint="Export or download the model again."
    )


def kept_network(bundle: Bundle, backend: Backend) -> LoadedNetwork:
    """The network, loaded; kept, so that a second translation starts at once. Raises as ``Backend.load``."""
    threads = thread_count()
    key = (bundle.sha256, backend_key(backend), threads)
    with _lock:
        if key not in _networks:
            _networks[key] = backend.load(bundle, threads)
            while len(_networks) > _KEPT_NETWORKS:
                _networks.popitem(last=False)
        _networks.move_to_end(key)
        return _networks[key]


def forget_networks(bundle_sha256: str | None = None) -> None:
    """Free the memory of the networks that are kept for the next call; of one bundle's only, if it is named."""
    with _lock:
        for key in [key for key in _networks if bundle_sha256 in (None, key[0])]:
            del _networks[key]


def _drop(bundle: Bundle, backend: Backend) -> None:
    with _lock:
        for key in [key for key in _networks if key[:2] == (bundle.sha256, backend_key(backend))]:
            del _networks[key]


def _check_memory(bundle: Bundle, image: np.ndarray, backend: Backend) -> None:
    needed = network_bytes(bundle.card, image.shape[1] * image.shape[2])
    if backend.device == "cpu":
        check_memory(needed, available_bytes(), "main memory")
    else:
        check_memory(needed, graphics_bytes(backend.device), f"the memory of {backend.device}")
