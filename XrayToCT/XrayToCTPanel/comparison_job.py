"""Comparison job: the library's comparison in a process of its own, waited for as a run waits for any job."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from XrayToCTLib.comparison.child import command
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.worker.job import JobState
from XrayToCTLib.worker.process_tree import python_interpreter

from .process_job import ProcessJob


class ComparisonJob(ProcessJob):
    """Answers the request in a folder.

    Args:
        verb: "measure" or "page" (see XrayToCTLib.comparison.child).
        folder: with the request.
        phase: what is done until the process first speaks.
    """

    def __init__(self, verb: str, folder: Path, *, phase: str) -> None:
        self._fraction, self._words = 0.0, phase
        self._last: dict[str, Any] = {}
        super().__init__(command(python_interpreter(), verb, folder), phase=phase)

    def _read(self, name: str, stream: Any) -> None:
        if name == "err":
            super()._read(name, stream)
            return
        with stream:
            for line in stream:
                self._hear(line)

    def _hear(self, line: bytes) -> None:
        try:
            said = json.loads(line)
        except ValueError:  # a library prints: not ours
            return
        if isinstance(said, dict) and "fraction" in said:
            self._fraction, self._words = float(said["fraction"]), str(said["phase"])
        elif isinstance(said, dict):
            self._last = said

    def poll(self) -> JobState:
        done = super().poll().done
        return JobState(self._words, 1.0 if done else self._fraction, None, done, None)

    def result(self, timeout_s: float | None = None) -> Any:
        """None; the results lie in the folder.

        Raises:
            XrayToCTError: what the process said, or that it ended without a word.
        """
        log = super().result(timeout_s)
        if "error" in self._last:
            raise XrayToCTError(str(self._last["error"]), hint=str(self._last.get("hint", "")))
        if not self._last.get("done"):
            last = log.strip().splitlines()[-1] if log.strip() else "it said nothing"
            raise XrayToCTError(
                f"The comparison process ended while {self._words} ({last[:200]}).",
                hint="Start it again; with fewer candidates if memory is short.",
            )
        return None
