"""PyTorch: runs the library's own network, on the CPU, a CUDA card or Apple's graphics processor."""

from __future__ import annotations

import ctypes
import platform
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ...errors import XrayToCTError
from ...models.bundle import Bundle
from ...models.weights import require_torch
from .packages import installed_version
from .protocol import BackendFailure, failure_of


@dataclass(frozen=True, slots=True)
class TorchBackend:
    """See ``protocol.Backend``.

    Half precision is autocast: convolutions compute in it, the balance of line integrals stays in single precision.
    Single precision is single precision: the TF32 of newer cards, which rounds to 10 bits, is off.
    """

    device: str = "cpu"
    precision: str = "fp32"

    @property
    def name(self) -> str:
        return "torch-cpu" if self.device == "cpu" else self.device

    def version(self) -> str:
        found = installed_version("torch")
        return f"torch {found}" if found else ""

    def unusable(self) -> str:
        if not self.version():
            return "the package torch is not installed"
        return _probe(self.device)[1]

    def unfit(self, bundle: Bundle) -> str:
        return ""

    def describe(self) -> str:
        return _probe(self.device)[0]

    def load(self, bundle: Bundle, threads: int) -> _TorchNetwork:
        try:
            torch = require_torch()
        except XrayToCTError as error:
            raise BackendFailure(error.message.rstrip(".")) from error
        if threads and torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        network: Any = bundle.load_network()
        try:
            # channels_last: the same numbers to rounding, a third faster on CPUs
            network = network.to(device=self.device, memory_format=torch.channels_last)
        except (RuntimeError, MemoryError) as error:
            raise failure_of(error) from error
        return _TorchNetwork(network, self.device, self.precision)


class _TorchNetwork:
    def __init__(self, network: Any, device: str, precision: str) -> None:
        self._network, self._device, self._precision = network, device, precision

    def run(self, image: np.ndarray) -> np.ndarray:
        torch = require_torch()
        half = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(self._precision)
        kind = self._device.partition(":")[0]
        try:
            with ExitStack() as stack:
                stack.enter_context(torch.inference_mode())
                if half is not None:
                    stack.enter_context(torch.autocast(kind, half))
                elif kind == "cuda":
                    stack.enter_context(torch.backends.cudnn.flags(enabled=True, allow_tf32=False))
                batch = torch.from_numpy(np.ascontiguousarray(image, np.float32))[None]
                batch = batch.to(self._device, memory_format=torch.channels_last)
                output: np.ndarray = self._network(batch)[0].float().contiguous().cpu().numpy()
                return output
        except (RuntimeError, MemoryError) as error:
            raise failure_of(error) from error


def cuda_is_possible() -> bool:
    """Whether asking torch for a CUDA card is worth the seconds of its import: its build and a driver are there."""
    found = installed_version("torch")
    if not found or "+cpu" in found or sys.platform == "darwin":
        return False
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        # AMD's builds of torch call their cards CUDA too
        return "+rocm" in found
    return True


def mps_is_possible() -> bool:
    return sys.platform == "darwin" and platform.machine() == "arm64" and bool(installed_version("torch"))


@lru_cache(maxsize=8)
def _probe(device: str) -> tuple[str, str]:
    """(description, "") of a device that works, ("", reason) of one that does not."""
    try:
        torch = require_torch()
    except XrayToCTError as error:
        return "", error.message.rstrip(".")
    if device == "cpu":
        return "cpu", ""
    present = torch.cuda.is_available() if device.startswith("cuda") else torch.backends.mps.is_available()
    if not present:
        return "", "this PyTorch finds no such device"
    try:
        # is_available() is true for cards that this build of torch has no kernels for: run one.
        ones = torch.ones(1, 1, 4, 4, device=device)
        convolved = torch.nn.functional.conv2d(ones, torch.ones(1, 1, 3, 3, device=device))
        if float(convolved.sum()) != 36.0:
            return "", "a test computation on it gave a wrong result"
    except (RuntimeError, AssertionError) as error:
        return "", f"a test computation on it failed ({str(error).splitlines()[0]})"
    return (f"{device} ({torch.cuda.get_device_name(device)})" if device.startswith("cuda") else device), ""


def forget_probes() -> None:
    """Look for devices again: one was added, or a test took one away."""
    _probe.cache_clear()
