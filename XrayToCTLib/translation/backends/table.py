"""Table: the names of the backends, and in which order they are thought of before anything was measured."""

from __future__ import annotations

import os
import re

from ...errors import XrayToCTError
from .onnxruntime_backend import OnnxRuntimeBackend
from .openvino_backend import OpenVinoBackend
from .protocol import Backend, backend_key
from .torch_backend import TorchBackend, cuda_is_possible, mps_is_possible

_NAME = re.compile(r"(auto|cpu|mps|cuda(?::\d+)?|torch-cpu|onnxruntime|openvino)(?:/(fp32|bf16|fp16))?")
# Which precision is the fastest is measured, and differs between machines; a study may want one for all of them.
PRECISION_ENVIRONMENT = "XRAYTOCT_PRECISION"
NAMES = "auto, cpu, cuda, cuda:0, mps, openvino, onnxruntime or torch-cpu"


def check_name(wanted: str) -> None:
    """Raises XrayToCTError unless a device or backend can be called so."""
    if not _NAME.fullmatch(wanted):
        raise XrayToCTError(
            f"There is no device {wanted!r}.",
            hint=f"Choose {NAMES}; a precision may follow, as in cpu/fp32.",
        )


def candidates(wanted: str) -> tuple[Backend, ...]:
    """What goes by a name, the likely fastest first.

    Args:
        wanted: "auto" (all), "cpu" (all that compute on the CPU), or a backend's name. "/fp32", "/bf16" or "/fp16"
            after it leaves one precision; without it, XRAYTOCT_PRECISION=fp32 leaves single precision.

    Raises:
        XrayToCTError: there is no such name, nothing of that precision, or XRAYTOCT_PRECISION is neither fp32 nor auto.
    """
    check_name(wanted)
    match = _NAME.fullmatch(wanted)
    assert match is not None
    name, precision = match.groups()
    if name == "auto":
        found = (*_graphics(), *_on_cpu())
    elif name == "cpu":
        found = _on_cpu()
    elif name in ("mps", "cuda") or name.startswith("cuda:"):
        found = _torch_on(name)
    else:
        found = tuple(backend for backend in _on_cpu() if backend.name == name)
    if precision:
        found = tuple(backend for backend in found if backend.precision == precision)
        if not found:
            raise XrayToCTError(f"{name} does not compute in {precision}.", hint=f"Choose {name} or {name}/fp32.")
    elif _single_precision_only():
        found = tuple(backend for backend in found if backend.precision == "fp32")
    return found


def _single_precision_only() -> bool:
    wanted = os.environ.get(PRECISION_ENVIRONMENT, "")
    if wanted not in ("", "auto", "fp32"):
        raise XrayToCTError(
            f"{PRECISION_ENVIRONMENT} is {wanted!r}.",
            hint=f"Set {PRECISION_ENVIRONMENT} to fp32 to keep to single precision, or remove it.",
        )
    return wanted == "fp32"


def backend_called(key: str) -> Backend | None:
    """The one backend of a ``backend_key``; None for a key of another version of this library."""
    try:
        found = candidates(key)
    except XrayToCTError:
        return None
    return found[0] if len(found) == 1 and backend_key(found[0]) == key else None


def _graphics() -> tuple[Backend, ...]:
    return (*(_torch_on("cuda") if cuda_is_possible() else ()), *(_torch_on("mps") if mps_is_possible() else ()))


def _torch_on(device: str) -> tuple[Backend, ...]:
    # fp16 rounds eight times finer than bf16, and the stack's values are far from its limits.
    return TorchBackend(device, "fp16"), TorchBackend(device, "fp32")


def _on_cpu() -> tuple[Backend, ...]:
    return (
        OpenVinoBackend("bf16"),
        OpenVinoBackend("fp32"),
        OnnxRuntimeBackend(),
        TorchBackend("cpu", "bf16"),
        TorchBackend("cpu", "fp32"),
    )
