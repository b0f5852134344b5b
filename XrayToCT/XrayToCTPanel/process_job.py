"""Process job: a command in a child process, waited for as a run waits for any job; ended with all that it started."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence

from XrayToCTLib.worker.job import JobState
from XrayToCTLib.worker.process_tree import end_tree, start

_LONGEST_TEXT = 200_000  # characters; what a command writes beyond them is dropped from its beginning


class ProcessJob:
    """Runs a command; its result is what it wrote to stdout, and when it failed to stderr too.

    Raises:
        XrayToCTError: it cannot be started.
    """

    def __init__(self, command: Sequence[str], *, phase: str) -> None:
        self._phase = phase
        self._text: dict[str, str] = {"out": "", "err": ""}
        self._process = start(command, {**os.environ, "PYTHONUTF8": "1"})
        assert self._process.stdin is not None
        self._process.stdin.close()
        streams = (("out", self._process.stdout), ("err", self._process.stderr))
        self._threads = [threading.Thread(target=self._read, args=each, daemon=True) for each in streams]
        for thread in self._threads:
            thread.start()

    def _read(self, name: str, stream) -> None:  # type: ignore[no-untyped-def]  # a pipe of subprocess's
        with stream:
            for line in stream:
                self._text[name] = (self._text[name] + line.decode("utf-8", "replace"))[-_LONGEST_TEXT:]

    def poll(self) -> JobState:
        done = not any(thread.is_alive() for thread in self._threads) and self._process.poll() is not None
        return JobState(self._phase, 1.0 if done else 0.0, None, done, None)

    def cancel(self) -> None:
        end_tree(self._process)

    def result(self, timeout_s: float | None = None) -> str:
        for thread in self._threads:
            thread.join(timeout_s)
        out, err = (self._text[name].strip() for name in ("out", "err"))
        return "\n".join(text for text in (out, err if self._process.returncode else "") if text)
