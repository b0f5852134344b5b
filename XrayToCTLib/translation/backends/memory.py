"""Memory: what a translation will take, held against what there is, before anything is started."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from typing import Any

from ...models.card import ModelCard
from .protocol import BackendOutOfMemory

_MIB = 2**20
_FLOAT = 4
_CGROUP = Path("/sys/fs/cgroup")


def network_bytes(card: ModelCard, pixels: int) -> int:
    """About what a network's activations take at their peak, for an image of so many pixels on its grid.

    Not too little for any backend: at 1024 x 1024, where this says 1024 MiB for the flagship's architecture, PyTorch
    took 467 to 591, OpenVINO 493 to 597 and ONNX Runtime 655 MiB (Testing/benchmarks/bench_backends.py); for the
    classic ResNet-9 it says 1040, and PyTorch took 912. Deeper levels are smaller and fit in what is freed.
    """
    return pixels * _FLOAT * 4 * (card.slabs.count + _full_resolution_features(card))


def stack_bytes(card: ModelCard, pixels: int) -> int:
    """What the stack on the radiograph's own pixels takes."""
    return pixels * _FLOAT * card.slabs.count


def check_memory(needed: int, available: int | None, where: str) -> None:
    """Raises BackendOutOfMemory when there is less than what is needed; None is not known, which is no reason."""
    if available is not None and needed > available:
        raise BackendOutOfMemory(
            f"it would take about {_amount(needed)} of {where}, of which {_amount(available)} are free"
        )


def available_bytes() -> int | None:
    """Main memory that this process can still get; None where the system does not say."""
    found = [value for value in (_system_bytes(), _container_bytes()) if value is not None]
    return min(found, default=None)


def return_freed_memory() -> None:
    """Give memory that was freed, but that the C library keeps for what may come next, back to the system.

    glibc does so by itself only with large blocks: after a run of the flagship in PyTorch it kept 55 to 93 MiB.
    """
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        trim(0)


def graphics_bytes(device: str) -> int | None:
    """Free memory of a CUDA card that torch can use, what its own allocator holds unused included."""
    if not device.startswith("cuda"):
        return None
    import torch

    free, _ = torch.cuda.mem_get_info(device)
    return int(free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device))


def _full_resolution_features(card: ModelCard) -> int:
    given = card.architecture.parameters
    named: Any = given.get("detail_width") or given.get("filters") or (given.get("widths") or [64])[0]
    return int(named)


def _system_bytes() -> int | None:
    if sys.platform == "win32":
        return _windows_bytes()
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError, StopIteration):
        pass
    try:  # macOS tells what is built in; what is free means little there, as it compresses and swaps
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def _windows_bytes() -> int | None:
    class Status(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ulong), ("load", ctypes.c_ulong)] + [
            (name, ctypes.c_ulonglong)
            for name in ("total", "free", "total_page", "free_page", "total_virtual", "free_virtual", "extended")
        ]

    status = Status(length=ctypes.sizeof(Status))
    done = ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))  # type: ignore[attr-defined]
    return int(status.free) if done else None


def _container_bytes() -> int | None:
    """What is left below the limit of a Linux control group (version 2); None without one."""
    try:
        limit = (_CGROUP / "memory.max").read_text(encoding="ascii").strip()
        used = (_CGROUP / "memory.current").read_text(encoding="ascii")
        statistics = dict(line.split() for line in (_CGROUP / "memory.stat").read_text(encoding="ascii").splitlines())
        # The cache of files is given back when memory is needed.
        return None if limit == "max" else int(limit) - int(used) + int(statistics.get("inactive_file", 0))
    except (OSError, ValueError):
        return None


def _amount(count: int) -> str:
    return f"{count / _MIB:.0f} MiB" if count < 10 * 1024 * _MIB else f"{count / _MIB / 1024:.1f} GiB"
