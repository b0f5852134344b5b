"""The prepared folder: arrays are written whole or not at all, and each has a record of what it was made from."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.readers.identity import file_sha256

from .content_hash import content_sha256, stat_signature
from .manifest import array_path


def write_whole(path: Path, write: Callable[[BinaryIO], None]) -> None:
    """Let ``write`` fill a file beside ``path`` and move it into place. Neither a full disk nor Ctrl-C leaves half.

    Raises:
        XrayToCTError: the disk is full, or the folder may not be written.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            write(file)
        partial.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        partial.unlink(missing_ok=True)


def cannot_write(path: Path, error: OSError) -> XrayToCTError:
    """The sentence for a failed write."""
    try:
        free = f"{shutil.disk_usage(path.parent).free / 2**20:.0f} MB are free. "
    except OSError:
        free = ""
    return XrayToCTError(
        f"{path} could not be written: {error.strerror or error}.",
        hint=f"{free}Make room or choose another folder, and run the same command again: what is done stays.",
    )


def write_volume(folder: Path, name: str, attenuation: np.ndarray) -> str:
    """Write ``ct/<name>.npy``; returns the SHA-256 of the file."""
    path = array_path(folder, name)
    write_whole(path, lambda file: _write_array(file, np.ascontiguousarray(attenuation)))
    return file_sha256(path)


def _write_array(file: BinaryIO, array: np.ndarray) -> None:
    """The .npy format, without ``np.save``, which hides the reason when the disk is full."""
    np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(array))
    file.write(array.data)


def write_record(folder: Path, name: str, record: dict[str, Any]) -> None:
    """Write ``ct/<name>.json``, which says that the array beside it is done, and what it was made from."""
    text = json.dumps(record, indent=1)
    write_whole(_record_path(folder, name), lambda file: _write(file, text.encode()))


def read_record(folder: Path, name: str, key: str) -> dict[str, Any] | None:
    """The record of a prepared volume, when its array is there and was made from the same source, settings and code."""
    try:
        record: dict[str, Any] = json.loads(_record_path(folder, name).read_text(encoding="utf-8"))
        array = np.load(array_path(folder, name), mmap_mode="r")
        done = record["key"] == key and list(array.shape) == list(record["shape"])
    except (OSError, ValueError, EOFError, KeyError, TypeError):
        return None
    return record if done else None


def _write(file: BinaryIO, content: bytes) -> None:
    file.write(content)


def _record_path(folder: Path, name: str) -> Path:
    return folder / "ct" / f"{name}.json"


class Journal:
    """A file of JSON lines that only grows, so that an interruption costs at most its last line."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.records: list[dict[str, Any]] = []
        if not path.exists():
            return
        content = path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):  # a line that an interruption cut
            os.truncate(path, whole)
        self.records = [json.loads(line) for line in content[:whole].splitlines()]

    def append(self, record: dict[str, Any]) -> None:
        """Raises XrayToCTError when the disk is full."""
        try:
            with self._path.open("ab") as file:
                file.write(json.dumps(record, ensure_ascii=False).encode() + b"\n")
        except OSError as error:
            raise cannot_write(self._path, error) from error
        self.records.append(record)


@dataclass(frozen=True, slots=True)
class _Known:
    signature: str
    sha256: str


class ContentHashes:
    """SHA-256 of sources; one whose size and modification time are as they were is not read again."""

    def __init__(self, folder: Path) -> None:
        self._journal = Journal(folder / "content_hashes.jsonl")
        self._known = {r["path"]: _Known(r["signature"], r["sha256"]) for r in self._journal.records}

    def of(self, path: Path) -> str:
        """Raises OSError when the source cannot be read."""
        place, signature = str(path.resolve()), stat_signature(path)
        known = self._known.get(place)
        if known and known.signature == signature:
            return known.sha256
        sha256 = content_sha256(path)
        self._known[place] = _Known(signature, sha256)
        self._journal.append({"path": place, "signature": signature, "sha256": sha256})
        return sha256
