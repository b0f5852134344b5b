"""Ledger: what a batch has made, one JSON line a task, only ever appended to.

A line is written before its files are moved into place. A task is therefore done when its line AND its files are there,
and a batch that is killed at any moment leaves nothing that the next run could take for finished.
"""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

from ..errors import XrayToCTError
from .outcome import Outcome


class Ledger:
    """The ledger of one output folder. Lines stay in the file; what is kept in memory is where each begins.

    Raises:
        XrayToCTError: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._made: dict[str, int] = {}  # task -> offset of its last line with files
        self._lock = threading.Lock()  # the pool's threads look tasks up while lines are appended
        try:
            self._file = path.open("a+b")
            self._read()
        except OSError as error:
            raise XrayToCTError(
                f"{path} cannot be opened: {error.strerror or error}.", hint="Check the folder and its permissions."
            ) from error

    def made(self, task: str) -> dict[str, Any] | None:
        """The last line of a task that made files: "key", and "rows" as records."""
        offset = self._made.get(task)
        return None if offset is None else self.line_at(offset)

    def made_at(self, task: str) -> int:
        """The offset of that line. Raises KeyError."""
        return self._made[task]

    def line_at(self, offset: int) -> dict[str, Any]:
        with self._lock:
            self._file.seek(offset)
            return dict(json.loads(self._file.readline()))

    def append(self, outcome: Outcome) -> int:
        """Write a line; returns its offset.

        Raises:
            XrayToCTError: the disk is full, say.
        """
        line = json.dumps(outcome.to_record(), ensure_ascii=True).encode("ascii") + b"\n"
        try:
            with self._lock:
                offset = self._file.seek(0, os.SEEK_END)
                self._file.write(line)
                self._file.flush()
        except OSError as error:
            raise XrayToCTError(
                f"{self.path} could not be written to: {error.strerror or error}.",
                hint="Free some space and start the batch again: it goes on where it was.",
            ) from error
        if outcome.made:
            self._made[outcome.task] = offset
        return offset

    def close(self) -> None:
        self._file.close()

    def _read(self) -> None:
        """Lines that are cut off or no JSON, as a power failure may leave them, count for nothing."""
        self._file.seek(0)
        offset, whole = 0, True
        for line in self._file:
            try:
                outcome = Outcome.from_record(json.loads(line))
                if outcome.made:
                    self._made[outcome.task] = offset
            except (ValueError, KeyError, TypeError, AttributeError):
                pass
            offset += len(line)
            whole = line.endswith(b"\n")
        if not whole:  # or the next line would be lost with the broken one
            self._file.write(b"\n")
            self._file.flush()
