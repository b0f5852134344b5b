"""Journal: events appended to a file of JSON lines, each on the disk before the next begins.

A process or a machine that dies in the middle of a write leaves a torn last line, which is cut off when the journal is
opened again: nobody was told that it was saved. Any other damage is refused, never repaired by guessing.
"""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

from ..errors import XrayToCTError

_LARGEST_BYTES = 200_000_000
_DAMAGE_HINT = "Restore the file from a backup, or move it away and begin again."


class Journal:
    """An open journal; one process at a time may have it.

    Attributes:
        events: all that were read and appended; each has its number under "n".
        recovered: whether a torn last line was cut off on opening.

    Raises:
        XrayToCTError: it cannot be read or written, is damaged before its last line, or is open elsewhere.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            is_new = not path.exists()
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        except OSError as error:
            raise _unwritable(path, error) from error
        try:
            _lock(self._file, path)
            content = _read_all(self._file, path)
            self.events, whole = parse_events(content, path.name)
            self.recovered = whole != len(content)
            self._size = whole
            try:
                if content[:whole] and not content[:whole].endswith(b"\n"):  # only its line feed was lost
                    self._write(b"\n")
                elif self.recovered:
                    os.ftruncate(self._file, whole)
                    os.fsync(self._file)
                if is_new:
                    _sync_folder(path.parent)
            except OSError as error:
                raise _unwritable(path, error) from error
        except BaseException:
            os.close(self._file)
            raise

    def append(self, event: dict[str, Any]) -> None:
        """Write an event; when this returns, it is on the disk.

        Raises:
            XrayToCTError: it could not be written; the journal is as it was.
        """
        numbered = {"n": len(self.events), **event}
        try:
            self._write(json.dumps(numbered, allow_nan=False).encode("ascii") + b"\n")
        except OSError as error:
            raise XrayToCTError(
                f"The answer could not be saved: {self.path} cannot be written ({error.strerror or error}).",
                hint="Free some space there, and answer again.",
            ) from error
        self.events.append(numbered)

    def close(self) -> None:
        """May be called again."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _write(self, line: bytes) -> None:
        """All of it, or none."""
        try:
            os.lseek(self._file, self._size, os.SEEK_SET)
            written = 0
            while written < len(line):
                written += os.write(self._file, line[written:])
            os.fsync(self._file)
        except OSError:
            os.ftruncate(self._file, self._size)
            raise
        self._size += len(line)


def read_events(path: Path) -> list[dict[str, Any]]:
    """The events of a journal that is only looked at: a torn last line is passed over and left where it is.

    Raises:
        XrayToCTError: it cannot be read, or is damaged before its last line.
    """
    try:
        with path.open("rb") as file:
            return parse_events(_read_all(file.fileno(), path), path.name)[0]
    except OSError as error:
        raise XrayToCTError(f"{path} cannot be read: {error.strerror or error}.", hint="Check the path.") from error


def parse_events(content: bytes, name: str) -> tuple[list[dict[str, Any]], int]:
    """The whole events, and how many bytes they take.

    Raises:
        XrayToCTError: a line before the last one is damaged, or one is missing.
    """
    events: list[dict[str, Any]] = []
    end = 0
    while end < len(content):
        feed = content.find(b"\n", end)
        stop = len(content) if feed < 0 else feed + 1
        event = _event(content[end:stop])
        if event is None and stop == len(content):
            break  # torn
        if event is None or event["n"] != len(events):
            raise XrayToCTError(f"Line {len(events) + 1} of {name} is damaged or missing.", hint=_DAMAGE_HINT)
        events.append(event)
        end = stop
    return events, end


def _event(line: bytes) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict) or not isinstance(event.get("n"), int) or not isinstance(event.get("event"), str):
        return None
    return event


def _read_all(file: int, path: Path) -> bytes:
    if os.fstat(file).st_size > _LARGEST_BYTES:
        raise XrayToCTError(f"{path} is too large for a session.", hint="Choose a session's .jsonl file.")
    chunks = []
    while chunk := os.read(file, 1 << 20):
        chunks.append(chunk)
    return b"".join(chunks)


def _lock(file: int, path: Path) -> None:
    """Until the file is closed, which the end of the process does too."""
    try:
        if os.name == "nt":
            import msvcrt

            os.lseek(file, 1 << 40, os.SEEK_SET)  # far beyond the content, which others may go on reading
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
            os.lseek(file, 0, os.SEEK_SET)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EAGAIN, errno.EDEADLK):
            return  # a file system that knows no locks
        raise XrayToCTError(
            f"The session {path.name} is open in another window.", hint="Close it there, or use another reader's code."
        ) from error


def _sync_folder(folder: Path) -> None:
    """A new file's name is in its folder, which has to reach the disk as well. Windows cannot, and need not."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _unwritable(path: Path, error: OSError) -> XrayToCTError:
    return XrayToCTError(
        f"{path} cannot be written: {error.strerror or error}.",
        hint="Put the study into a folder that you may write to.",
    )
