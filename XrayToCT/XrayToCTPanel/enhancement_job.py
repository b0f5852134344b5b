"""Enhancement job: a function of the library in a thread, with the progress that it reports and the cancel it obeys."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from XrayToCTLib.worker.job import JobState

from .run import ThreadJob


class EnhancementJob(ThreadJob):
    """As ThreadJob; ``function`` also takes ``progress``, of which ``cancel`` makes it hear at its next report.

    Args:
        function, arguments, options: what to call.
        phase: what it does until it first reports.
    """

    def __init__(self, function: Callable[..., Any], *arguments: Any, phase: str = "", **options: Any) -> None:
        self._unwanted = threading.Event()
        self._reported = (0.0, phase)
        super().__init__(function, *arguments, phase=phase, progress=self._note, **options)

    def _note(self, fraction: float, phase: str) -> bool:
        self._reported = (fraction, phase)
        return not self._unwanted.is_set()

    def poll(self) -> JobState:
        state = super().poll()
        fraction, phase = self._reported
        return replace(state, fraction=1.0 if state.done else fraction, phase=phase)

    def cancel(self) -> None:
        """Ends the function at its next report of progress: between two filters."""
        self._unwanted.set()
