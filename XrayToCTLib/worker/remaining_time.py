"""Remaining time of a run: from how an earlier one of its kind went, else from the share that is done."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np

Course = Sequence[tuple[float, float]]
"""(fraction, seconds since the start) of a run, both rising."""

_ENOUGH_FRACTION, _ENOUGH_S = 0.05, 0.2  # below both, a share that is done says nothing yet
_STRETCH = (0.3, 5.0)


class RemainingTime:
    """The clock of one run.

    Args:
        earlier: the course of an earlier run on the same model and device, scaled to this one's size.
        now: a monotonic clock in seconds.
    """

    def __init__(self, earlier: Course = (), now: Callable[[], float] = time.monotonic) -> None:
        self._earlier = earlier
        self._now = now
        self._start = now()
        self.course: list[tuple[float, float]] = [(0.0, 0.0)]

    def note(self, fraction: float) -> None:
        """The run has come to ``fraction``; what is no advance is not noted."""
        if fraction > self.course[-1][0]:
            self.course.append((fraction, self._now() - self._start))

    def estimate(self) -> float | None:
        """Seconds, falling between two notes; None while nothing is known."""
        fraction, noted = self.course[-1]
        since = self._now() - self._start - noted
        if len(self._earlier) > 1:
            fractions, seconds = zip(*self._earlier, strict=True)
            then = float(np.interp(fraction, fractions, seconds))
            stretch = float(np.clip(noted / then, *_STRETCH)) if then > _ENOUGH_S else 1.0
            return max(0.0, (seconds[-1] - then) * stretch - since)
        if fraction < _ENOUGH_FRACTION or noted < _ENOUGH_S:
            return None
        return max(0.0, noted * (1.0 - fraction) / fraction - since)
