"""Thread job: a function in a thread, waited for as a run waits for any job; a file job writes a file there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from XrayToCTLib.worker.job import JobState


class ThreadJob:
    """A function in a thread of its own, for plain Python and numpy: never qt, slicer, MRML or VTK. As a worker's Job.

    Args:
        function, arguments: what to call. It is not interrupted by ``cancel``: its result is then dropped.
        phase: what it does, in words; "" keeps the words of what came before.
    """

    def __init__(self, function: Callable[..., Any], *arguments: Any, phase: str = "", **options: Any) -> None:
        self._done = threading.Event()
        self._phase = phase
        self._result: Any = None
        self._error: Exception | None = None
        call = (function, arguments, options)
        self._thread = threading.Thread(target=self._work, args=call, name="xray-to-ct thread job", daemon=True)
        self._thread.start()

    def _work(self, function: Callable[..., Any], arguments: tuple[Any, ...], options: dict[str, Any]) -> None:
        try:
            self._result = function(*arguments, **options)
        except Exception as error:
            self._error = error
        finally:
            self._done.set()

    def poll(self) -> JobState:
        done = self._done.is_set()
        return JobState(self._phase, 1.0 if done else 0.0, None, done, None)

    def cancel(self) -> None:
        """A thread cannot be ended; what it gives is not asked for any more."""

    def result(self, timeout_s: float | None = None) -> Any:
        self._done.wait(timeout_s)
        if self._error is not None:
            raise self._error
        return self._result


class FileJob(ThreadJob):
    """A function in a thread that writes a file. What a cancelled one has written is removed again.

    Args:
        function, arguments, options, phase: as for ThreadJob.
        target: the file. One that was there before stays as the function leaves it.
    """

    def __init__(self, function: Callable[..., Any], *arguments: Any, target: Path, phase: str = "", **options: Any):
        self._target = target
        self._made: list[Path] = []  # what was not there before, the file first
        self._lock = threading.Lock()
        self._isWritten = self._isUnwanted = False
        super().__init__(self._write, function, *arguments, phase=phase, **options)

    def _write(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        self._made = [path for path in (self._target, *self._target.parents) if not path.exists()]
        result = function(*arguments, **options)
        with self._lock:
            self._isWritten = True
            if self._isUnwanted:
                self._remove()
        return result

    def cancel(self) -> None:
        """The thread goes on to the end of its file, which is then removed."""
        with self._lock:
            self._isUnwanted = True
            if self._isWritten:
                self._remove()

    def _remove(self) -> None:
        with suppress(OSError):  # somebody has it open, or has put something else into the folder
            for path in self._made:
                path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
