"""Job: one translation that runs elsewhere, seen from a program that must not wait."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import XrayToCTError
from ..progress import TranslationCancelled
from .remaining_time import Course, RemainingTime

if TYPE_CHECKING:
    from ..ct_stack import CtStack

QUEUED = "waiting for its turn"


@dataclass(frozen=True, slots=True)
class JobState:
    """Where a job stands.

    Attributes:
        phase: what is being done, in words.
        fraction: 0 to 1, never falling.
        remaining_s: estimated seconds to go; None while nothing is known, 0 when done.
        done: there is a result or an error.
        error: why there is no result; a TranslationCancelled after ``cancel``.
    """

    phase: str
    fraction: float
    remaining_s: float | None
    done: bool
    error: XrayToCTError | None

    @property
    def cancelled(self) -> bool:
        return isinstance(self.error, TranslationCancelled)


class Job:
    """Made by ``WorkerClient.submit``. Every method may be called from any thread; none but ``result`` ever waits."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._cancel_wanted = threading.Event()
        self._phase, self._fraction = QUEUED, 0.0
        self._clock: RemainingTime | None = None
        self._stack: CtStack | None = None
        self._error: XrayToCTError | None = None

    def poll(self) -> JobState:
        """Where the job stands now."""
        with self._lock:
            done = self._done.is_set()
            remaining = 0.0 if done else self._clock.estimate() if self._clock else None
            return JobState(self._phase, self._fraction, remaining, done, self._error)

    def cancel(self) -> None:
        """Ask for its end. A job that is done already keeps its result; else it ends as cancelled, within seconds."""
        self._cancel_wanted.set()

    def result(self, timeout_s: float | None = None) -> CtStack:
        """The stack; waits for it.

        Raises:
            XrayToCTError: the job failed or was cancelled, or ``timeout_s`` passed (the job goes on).
        """
        if not self._done.wait(timeout_s):
            raise XrayToCTError(
                f"The translation is not done after {timeout_s:g} s.", hint="Wait longer, or cancel the job."
            )
        if self._error is not None:
            raise self._error
        assert self._stack is not None
        return self._stack

    # What follows is the client's.

    @property
    def cancel_wanted(self) -> bool:
        return self._cancel_wanted.is_set()

    def start_clock(self, earlier: Course) -> None:
        with self._lock:
            self._clock = RemainingTime(earlier)

    @property
    def course(self) -> Course:
        with self._lock:
            return tuple(self._clock.course) if self._clock else ()

    def advance(self, fraction: float, phase: str) -> None:
        with self._lock:
            self._fraction = min(1.0, max(self._fraction, fraction))
            self._phase = phase
            if self._clock:
                self._clock.note(self._fraction)

    def finish(self, stack: CtStack | None, error: XrayToCTError | None) -> None:
        """Only the first call counts."""
        with self._lock:
            if self._done.is_set():
                return
            self._stack, self._error = stack, error
            if error is None:
                self._fraction, self._phase = 1.0, "done"
                if self._clock:
                    self._clock.note(1.0)
            else:
                self._phase = "cancelled" if isinstance(error, TranslationCancelled) else "failed"
            self._done.set()
