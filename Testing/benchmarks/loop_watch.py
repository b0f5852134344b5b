"""How long an event loop is held: the clocks, and the cases of a benchmark that are watched by them.

Wall time counts waiting for a core, which other programs cause. CPU time does not: that of the main thread is what it
did itself between two ticks; that of the process, what all its threads did while the loop was held.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

from Testing.host import SlicerHost

TICK_MS = 1


class LoopWatch:
    """Notes how long the event loop is held; a context manager."""

    def __init__(self) -> None:
        import qt

        self.holds: list[tuple[float, float, float]] = []  # (wall, CPU of the main thread, CPU of the process)
        self._timer = qt.QTimer()
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)

    def _tick(self) -> None:
        now = _clocks()
        wall, thread, process = (after - before for after, before in zip(now, self._last, strict=True))
        self.holds.append((wall, thread, process))
        self._last = now

    def __enter__(self) -> LoopWatch:
        self._last = _clocks()
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._tick()
        self._timer.stop()

    @property
    def longest(self) -> tuple[float, float, float]:
        """The longest of each clock, each of a hold of its own."""
        walls, threads, processes = zip(*self.holds, strict=True)
        return max(walls), max(threads), max(processes)


def _clocks() -> tuple[float, float, float]:
    return time.perf_counter(), time.thread_time(), time.process_time()


class LoopCases:
    """Named actions in a host, and how long each held the loop.

    Attributes:
        rows: case -> (three longest holds, duration), all in s, of each repeat.
    """

    def __init__(self, host: SlicerHost) -> None:
        self._host = host
        self.rows: dict[str, list[tuple[float, ...]]] = {}

    def watch(self, case: str, action: Callable[[], Any], done: Callable[[], bool] = lambda: True) -> None:
        start = time.perf_counter()
        with LoopWatch() as watch:
            action()
            while not done():
                self._host.gui.process_events(wait=True)
        self.rows.setdefault(case, []).append((*watch.longest, time.perf_counter() - start))


def report(rows: dict[str, list[tuple[float, ...]]]) -> dict[str, dict[str, float]]:
    """Case -> longest hold over all repeats in ms, by three clocks, and the median duration in s."""
    found = {}
    for case, values in rows.items():
        walls, threads, processes, durations = (sorted(column) for column in zip(*values, strict=True))
        found[case] = {
            "wall_ms": 1000 * walls[-1],
            "median_wall_ms": 1000 * statistics.median(walls),
            "main_thread_cpu_ms": 1000 * threads[-1],
            "process_cpu_ms": 1000 * processes[-1],
            "duration_s": statistics.median(durations),
        }
    return found
