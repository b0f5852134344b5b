"""Run: a long task that never holds the event loop, in slices on the main thread, with threads and processes between.

A task is a generator. It runs on the main thread, where it may touch nodes and widgets, and yields often:

    def steps(volumeNode):
        pixels = slicer.util.arrayFromVolume(volumeNode).copy()
        yield Progress(0.1, "measuring")                      # gives the event loop a turn
        value = yield ThreadJob(numpy.median, pixels)         # plain numpy in a thread; its result is sent back
        stack = yield Wait(client.submit(...), 0.2, 0.9)      # a worker's Job, which moves the progress from 0.2 to 0.9
        return volumeFromStack(stack, volumeNode)

    run = Run(steps(node), guard=lambda: checkStillThere(node)).start()

``start`` polls with a QTimer. Without Qt, or in a script that wants to wait, ``run.result()`` drives it to its end.
``cancel`` closes the generator at the yield where it stands: its ``finally`` blocks run, nothing after them does. So do
all that can fail before the scene is touched, and touch it between two yields. A section shows a run with
``RunControls`` (run_controls.py): a button that becomes Cancel, a bar, phase, remaining time.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.progress import TranslationCancelled
from XrayToCTLib.worker.job import JobState
from XrayToCTLib.worker.remaining_time import RemainingTime

from .thread_job import ThreadJob

__all__ = ["Progress", "Run", "Steps", "ThreadJob", "Wait", "cancelAllRuns"]

Steps = Generator[Any, Any, Any]
POLL_MS = 10
_SLICE_S = 0.01  # slices are added up to this, then the event loop gets its turn
_active: list[Run] = []


@dataclass(frozen=True, slots=True)
class Progress:
    """Yielded to say how far the task is: fraction 0 to 1, and what is being done, in words."""

    fraction: float
    phase: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Yielded to wait for a job (anything with the methods of XrayToCTLib.worker.Job); yields its result.

    Attributes:
        start, end: the job's 0 and 1 on the run's own scale.
        prefix: put before the job's phase, such as "3 of 7: ".
    """

    job: Any
    start: float = 0.0
    end: float = 1.0
    prefix: str = ""


class Run:
    """One task. All methods belong to the main thread.

    Args:
        steps: the task.
        guard: called before each slice; what it raises ends the task there ("the radiograph was deleted").
        cancelled: the XrayToCTError that a cancelled run ends with.

    Attributes:
        state: JobState: phase, fraction (never falling), remaining_s, done, error.
    """

    def __init__(
        self,
        steps: Steps,
        *,
        guard: Callable[[], None] | None = None,
        cancelled: type[XrayToCTError] = TranslationCancelled,
    ) -> None:
        self._steps = steps
        self._guard = guard or (lambda: None)
        self._cancelled = cancelled
        self._listeners: list[Callable[[JobState], object]] = []
        self._clock = RemainingTime()
        self._wait: Wait | None = None
        self._isTimed = False
        self._result: Any = None
        self._busy = self._cancel_wanted = False
        self.seconds = 0.0
        self._started = time.monotonic()
        self.state = JobState("", 0.0, None, False, None)
        _active.append(self)

    def start(self) -> Run:
        """Lets a timer drive the run; without Qt it waits for ``result``."""
        self._isTimed = True
        _ticker.start()
        return self

    def onChange(self, listener: Callable[[JobState], object]) -> None:
        """``listener`` is called with the state after every slice, the last time when it is done."""
        self._listeners.append(listener)

    def reportTo(self, progress: Callable[[float, str], object] | None) -> Run:
        """``progress`` is called as the library's: with (fraction, phase); returning False cancels."""
        if progress is not None:
            self.onChange(lambda state: self._report(progress, state))
        return self

    def _report(self, progress: Callable[[float, str], object], state: JobState) -> None:
        if progress(state.fraction, state.phase) is False:
            self.cancel()

    def cancel(self) -> None:
        """Ends the run at once; a run that is done stays as it is."""
        self._cancel_wanted = True
        if not self._busy and not self.state.done:
            self._stop(self._cancelled())  # type: ignore[call-arg]  # each brings its own words

    def result(self, timeout_s: float | None = None) -> Any:
        """What the task returned; drives it to its end, without letting Qt's events in.

        Raises:
            XrayToCTError: it failed, was cancelled, or ``timeout_s`` passed (it goes on). Faults of ours pass through.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while not self.state.done:
            if deadline is not None and time.monotonic() > deadline:
                raise XrayToCTError(f"It is not done after {timeout_s:g} s.", hint="Wait longer, or cancel it.")
            self.advance()
            if self._wait is not None:
                time.sleep(POLL_MS / 1000)
        if self.state.error is not None:
            raise self.state.error
        return self._result

    def advance(self) -> None:
        """One slice. A step that lets events in (a dialog) is not entered twice."""
        if self.state.done or self._busy:
            return
        self._busy = True
        try:
            until = time.monotonic() + _SLICE_S
            while not self.state.done and time.monotonic() < until and self._slice():
                pass
        finally:
            self._busy = False
        if self._cancel_wanted and not self.state.done:
            self._stop(self._cancelled())  # type: ignore[call-arg]
        elif not self.state.done:
            self._tell()

    def _slice(self) -> bool:
        """One step; False when there is nothing to do but to wait."""
        try:
            self._guard()
        except Exception as error:
            self._stop(error)
            return False
        wait, give = self._wait, self._steps.send
        value: Any = None
        if wait is not None:
            state = wait.job.poll()
            self._note(wait, state)
            if not state.done:
                return False
            self._wait = None
            try:
                value = wait.job.result()
            except Exception as error:
                give, value = self._steps.throw, error
        try:
            self._take(give(value))
        except StopIteration as end:
            self._finish(end.value, None)
        except Exception as error:
            self._finish(None, error)
        return not self._cancel_wanted

    def _take(self, item: Any) -> None:
        """What the task has yielded."""
        if isinstance(item, Progress):
            self._say(item.fraction, item.phase, None)
        elif isinstance(item, Wait):
            self._wait = item
        elif item is not None:  # a job by itself is waited for, without progress
            self._wait = Wait(item, self.state.fraction, self.state.fraction)

    def _note(self, wait: Wait, state: JobState) -> None:
        remaining = state.remaining_s if (wait.start, wait.end) == (0.0, 1.0) or wait.end >= 0.95 else None
        phase = wait.prefix + state.phase if state.phase else self.state.phase
        self._say(wait.start + (wait.end - wait.start) * state.fraction, phase, remaining)

    def _say(self, fraction: float, phase: str, remaining: float | None) -> None:
        fraction = min(1.0, max(self.state.fraction, fraction))
        self._clock.note(fraction)
        estimate = self._clock.estimate() if remaining is None else remaining
        self.state = JobState(phase, fraction, estimate, False, None)

    def _stop(self, error: Exception) -> None:
        """Ends the task from outside, at the yield where it stands."""
        if self._wait is not None:
            self._wait.job.cancel()
            self._wait = None
        try:
            self._steps.close()
        except Exception:
            logging.exception("A run could not be ended in good order.")
        self._finish(None, error)

    def _finish(self, result: Any, error: Exception | None) -> None:
        if self in _active:
            _active.remove(self)
        self.seconds = time.monotonic() - self._started
        self._result = result
        phase = "done" if error is None else "cancelled" if isinstance(error, self._cancelled) else "failed"
        fraction = 1.0 if error is None else self.state.fraction
        self.state = JobState(phase, fraction, 0.0, True, error)  # type: ignore[arg-type]  # or a fault of ours
        self._guard = lambda: None  # it holds nodes
        self._tell()
        self._listeners.clear()

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(self.state)
            except Exception:
                logging.exception("A run's listener failed.")


class _Ticker:
    """One timer for all runs: it lives as long as this module, as a timer must not be deleted in its own slot."""

    def __init__(self) -> None:
        self._timer: Any = None

    def start(self) -> None:
        if self._timer is None:
            try:
                import qt
            except ImportError:  # no Qt: ``result`` drives the run
                return
            self._timer = qt.QTimer()
            self._timer.setInterval(POLL_MS)
            self._timer.timeout.connect(self._tick)
        self._timer.start()

    def _tick(self) -> None:
        timed = [run for run in _active if run._isTimed]
        for run in timed:
            run.advance()
        if not any(run._isTimed for run in _active):
            self._timer.stop()


_ticker = _Ticker()


def cancelAllRuns() -> None:
    """Ends every run that is under way: the module is reloaded, or the application quits."""
    for run in tuple(_active):
        run.cancel()
