"""Output folder: where results appear, whole, and where they are made before.

In it, ``.xray-to-ct-batch`` holds the ledger, a lock, and the work folder, which is on the same disk as the results, so
that moving one into place is one step. Only the program that holds the lock moves anything there.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import uuid
from dataclasses import replace
from pathlib import Path
from typing import IO

from ..errors import XrayToCTError
from .ledger import Ledger
from .outcome import DONE, FAILED, Outcome, Row

STATE = ".xray-to-ct-batch"
SUMMARY = "xray-to-ct-batch.csv"


class OutputFolder:
    """One batch's hold on an output folder.

    Raises:
        XrayToCTError: it cannot be made, or another batch is writing to it.
    """

    def __init__(self, path: Path, *, overwrite: bool) -> None:
        self.path = path
        self._overwrite = overwrite
        state = path / STATE
        try:
            (state / "work").mkdir(parents=True, exist_ok=True)
            self._lock: IO[bytes] = (state / "lock").open("a+b")
        except OSError as error:
            raise XrayToCTError(
                f"The folder {path} cannot be written to: {error.strerror or error}.", hint="Choose another folder."
            ) from error
        if not _locked(self._lock):
            self._lock.close()
            raise XrayToCTError(
                f"Another batch is writing to {path}.", hint="Wait for its end, or choose another folder."
            )
        # What a batch that was killed left behind; nobody else is here.
        for left in (state / "work").iterdir():
            shutil.rmtree(left, ignore_errors=True)
        self.work = state / "work" / uuid.uuid4().hex
        self.work.mkdir()
        self.ledger = Ledger(state / "ledger.jsonl")

    @property
    def summary(self) -> Path:
        return self.path / SUMMARY

    def publish(self, outcome: Outcome) -> tuple[Outcome, int]:
        """Note what was made, then move it into place; returns what became of it, and where its line begins.

        Raises:
            XrayToCTError: the ledger cannot be written.
        """
        known = self.ledger.made(outcome.task)
        ours = {row["output"]: row["bytes"] for row in known["rows"]} if known and known["key"] == outcome.key else {}
        rows = tuple(self._prepared(row, ours) for row in outcome.rows)
        published = replace(outcome, rows=tuple(replace(row, work="") for row in rows))
        offset = self.ledger.append(published)
        moved = tuple(self._moved(row) for row in rows)
        if any(row.status == FAILED and before.status != FAILED for row, before in zip(moved, rows, strict=True)):
            published = replace(outcome, rows=moved)
            offset = self.ledger.append(published)
        return published, offset

    def close(self) -> None:
        """Leave no work behind, and let others in."""
        self.ledger.close()
        shutil.rmtree(self.work, ignore_errors=True)
        self._lock.close()

    def __enter__(self) -> OutputFolder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _prepared(self, row: Row, ours: dict[str, int]) -> Row:
        """Make way for a row's file, or refuse it: something may have come since the task began."""
        if row.status != DONE:
            return row
        target = self.path / row.output
        if not target.exists():
            return row
        if not self._overwrite and row.output not in ours:
            return _unpublished(row, f"{target} exists already.", "Choose another folder, or allow overwriting.")
        try:
            target.unlink()  # before its line: with the line, an old file could be taken for the new one
        except OSError as error:
            return _unpublished(row, f"{target} could not be replaced: {error.strerror or error}.", "Close it first.")
        return row

    def _moved(self, row: Row) -> Row:
        if row.status != DONE:
            return row
        made, target = self.work / row.work, self.path / row.output
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            made.rename(target)
            with contextlib.suppress(OSError):
                made.parent.rmdir()
        except OSError as error:
            return _unpublished(
                row, f"{target} could not be written: {error.strerror or error}.", "Check the folder and its space."
            )
        return replace(row, work="")


def _unpublished(row: Row, message: str, hint: str) -> Row:
    return replace(row, status=FAILED, output="", bytes=0, work="", error=message, hint=hint)


def _locked(file: IO[bytes]) -> bool:
    """The system frees the lock when this process ends, however it ends. Where it has no locks, there is none."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno in (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP)
    return True
