"""Protocol: what every backend can do, so that nothing else needs to know which one runs."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from ...models.bundle import Bundle
from ...models.card import GRAPH_FILE


class BackendFailure(Exception):  # noqa: N818 - never leaves translation
    """A backend could not do its work; the message says why in one line. Another one may."""


class BackendOutOfMemory(BackendFailure):
    """Its memory is too small for this image."""


class LoadedNetwork(Protocol):
    """A bundle's network, ready to run; any thread may."""

    def run(self, image: np.ndarray) -> np.ndarray:
        """float32 (channels, rows, cols) in, float32 (slabs, rows, cols) out. Raises BackendFailure."""


class Backend(Protocol):
    """A program that runs networks, on one device and in one precision."""

    @property
    def name(self) -> str:
        """ "openvino", "onnxruntime", "torch-cpu", "cuda:1", ..."""

    @property
    def precision(self) -> str:
        """ "fp32", "bf16" or "fp16": of the convolutions; inputs and outputs are always float32."""

    @property
    def device(self) -> str:
        """Where it computes: "cpu", "cuda:1" or "mps"."""

    def version(self) -> str:
        """Name and version of the installed package, without importing it; "" when it is not installed."""

    def unusable(self) -> str:
        """Why it cannot work on this machine, as a clause; "" when it can. May import its package."""

    def unfit(self, bundle: Bundle) -> str:
        """Why it cannot run this model, as a clause; "" when it can."""

    def describe(self) -> str:
        """The device for people: "cpu", "cuda:0 (NVIDIA H100)". Only after ``unusable`` said ""."""

    def load(self, bundle: Bundle, threads: int) -> LoadedNetwork:
        """Make the network ready; ``threads`` 0 leaves their number to the backend.

        Raises:
            BackendFailure: it cannot.
            XrayToCTError: the bundle is broken: no other backend could either.
        """


def backend_key(backend: Backend) -> str:
    """ "openvino/bf16": the name under which a user gets exactly this backend."""
    return f"{backend.name}/{backend.precision}"


def failure_of(error: BaseException) -> BackendFailure:
    """A backend's own error as one of ours; none of the packages has a class of its own for a full main memory."""
    text = str(error).strip()
    line = text.splitlines()[0][:300] if text else type(error).__name__
    full = isinstance(error, MemoryError) or any(word in text.lower() for word in ("alloc", "out of memory"))
    return (BackendOutOfMemory if full else BackendFailure)(line)


def lacks_graph(bundle: Bundle) -> str:
    """For backends that run the ONNX graph: why they cannot run this bundle, or ""."""
    # Only a file whose SHA-256 was checked is run.
    return "" if GRAPH_FILE in bundle.card.files else f"the model has no {GRAPH_FILE}"
