"""Cost: parameters, multiplications, time and memory of a network on one image."""

from __future__ import annotations

import multiprocessing
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

_WARM_UP, _REPEATS = 2, 5


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one translation of one image of ``shape`` (rows, cols) on a CPU.

    Attributes:
        parameters: numbers that were learned.
        gmac: 10^9 multiply-adds of convolutions and matrix products.
        milliseconds: median of some calls on ``threads`` threads, the network alone.
        peak_mb: how far the process's resident memory rises by the first call, weights not counted; None where it
            was not asked for or the system does not say.
    """

    parameters: int
    gmac: float
    milliseconds: float
    peak_mb: float | None
    shape: tuple[int, int]
    threads: int


def cost_of(module: nn.Module, shape: tuple[int, int], *, threads: int = 1, memory: bool = True) -> Cost:
    """Count and time a network that maps (1, 1, rows, cols); ``shape`` must fit its multiple.

    ``memory`` starts a process of its own, which takes some seconds.
    """
    image = torch.zeros(1, 1, *shape)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with torch.inference_mode():
            times = []
            for call in range(_WARM_UP + _REPEATS):
                start = time.perf_counter()
                module(image)
                if call >= _WARM_UP:
                    times.append(time.perf_counter() - start)
        return Cost(
            parameters=sum(parameter.numel() for parameter in module.parameters()),
            gmac=multiply_adds(module, shape) / 1e9,
            milliseconds=1000.0 * sorted(times)[len(times) // 2],
            peak_mb=_peak_in_a_fresh_process(module, shape, threads) if memory else None,
            shape=shape,
            threads=threads,
        )
    finally:
        torch.set_num_threads(before)


def multiply_adds(module: nn.Module, shape: tuple[int, int]) -> int:
    """Multiply-adds of one image: half of torch's count of floating-point operations."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        module(torch.zeros(1, 1, *shape))
    return int(counter.get_total_flops()) // 2


def _peak_in_a_fresh_process(module: nn.Module, shape: tuple[int, int], threads: int) -> float | None:
    """In a process of its own, because memory that an allocator keeps from earlier work would hide the rise."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_report_peak, args=(sender, module, shape, threads), daemon=True)
    try:
        process.start()
        sender.close()
        found = receiver.recv() if receiver.poll(120) else None
        return None if found is None else float(found)
    except (OSError, EOFError, RuntimeError):
        return None
    finally:
        process.join(5)


def _report_peak(sender: Any, module: nn.Module, shape: tuple[int, int], threads: int) -> None:
    torch.set_num_threads(threads)
    image = torch.zeros(1, 1, *shape)
    try:
        # Importing torch leaves a higher mark than most networks reach: 5 resets it (proc(5), clear_refs).
        Path("/proc/self/clear_refs").write_text("5")
        before = _status_mb("VmRSS")
        with torch.inference_mode():
            module(image)
        sender.send(_status_mb("VmHWM") - before)
    except OSError:  # not Linux, or /proc is closed
        sender.send(None)


def _status_mb(name: str) -> float:
    """A value of /proc/self/status. Unlike getrusage's, it does not inherit the parent's mark across exec."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise OSError(name)
