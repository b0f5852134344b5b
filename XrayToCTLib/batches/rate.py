"""Rate: how many images a second a batch makes, and how long it will take."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

_WINDOW_S = 60.0  # long enough for images that take seconds, short enough to follow a machine that gets busy


class Rate:
    """The clock of one batch.

    Args:
        total: of images.
        now: a monotonic clock in seconds.
    """

    def __init__(self, total: int, now: Callable[[], float] = time.monotonic) -> None:
        self._total, self._now = total, now
        self._start = now()
        self._seen: deque[tuple[float, int]] = deque()
        self._done = 0

    def note(self, done: int) -> None:
        """So many images are through."""
        self._done = done
        at = self._now()
        self._seen.append((at, done))
        while len(self._seen) > 2 and self._seen[1][0] < at - _WINDOW_S:
            self._seen.popleft()

    @property
    def elapsed_s(self) -> float:
        return self._now() - self._start

    @property
    def per_second(self) -> float | None:
        """Over the last minute; None before the second image: the first one's time is mostly that of the start."""
        if not self._seen:
            return None
        (then, before), (last, done) = self._seen[0], self._seen[-1]
        return (done - before) / (last - then) if done > before and last > then else None

    @property
    def remaining_s(self) -> float | None:
        """None while nothing is known."""
        rate = self.per_second
        return None if rate is None else (self._total - self._done) / rate

    def sentence(self) -> str:
        """ "0.80 a second, 2 min left"; "" while nothing is known."""
        rate, remaining = self.per_second, self.remaining_s
        if rate is None or remaining is None:
            return ""
        pace = f"{rate:.2f} a second" if rate >= 0.1 else f"{60 * rate:.2f} a minute"
        return f"{pace}, {_duration(remaining)} left"


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 6000:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.1f} days"
