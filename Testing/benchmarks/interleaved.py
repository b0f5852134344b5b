"""Interleaved timing: what slows the machine slows every case alike, so that their ratio stays."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable


def time_interleaved(cases: dict[str, Callable[[], object]], repeats: int) -> dict[str, dict[str, float]]:
    """Median wall and CPU seconds of each case; the first two rounds warm up."""
    wall: dict[str, list[float]] = {name: [] for name in cases}
    cpu: dict[str, list[float]] = {name: [] for name in cases}
    for round_number in range(repeats + 2):
        for name, case in cases.items():
            start, start_cpu = time.perf_counter(), time.process_time()
            case()
            if round_number >= 2:
                wall[name].append(time.perf_counter() - start)
                cpu[name].append(time.process_time() - start_cpu)
    return {name: {"wall": statistics.median(wall[name]), "cpu": statistics.median(cpu[name])} for name in cases}
