"""Hashes: of a source's content, of settings, and of the code that turns the one into an array."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType

from XrayToCTLib.readers.identity import file_sha256


def source_files(path: Path) -> list[Path]:
    """The files of an image: itself, the data file beside a detached header, or all files of a series' folder."""
    if path.is_dir():
        return sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))
    if path.suffix.lower() in (".mhd", ".nhdr"):
        beside = (path.with_suffix(suffix) for suffix in (".raw", ".zraw", ".raw.gz"))
        return [path, *(file for file in beside if file.exists())]
    return [path]


def content_sha256(path: Path) -> str:
    """SHA-256 of a file; of several files, of their sorted hashes, so that their names and order do not count."""
    hashes = sorted(file_sha256(file) for file in source_files(path))
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()


def stat_signature(path: Path) -> str:
    """Size and modification time of each file: as long as it stays the same, the content is not read again."""
    stats = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in source_files(path)]
    return hashlib.sha256(json.dumps(stats).encode()).hexdigest()


def preparation_key(content: str, settings: Mapping[str, object], modules: Sequence[ModuleType]) -> str:
    """What a prepared array depends on, as one hash: the source, the settings, and the source text of the code."""
    code = hashlib.sha256("".join(inspect.getsource(module) for module in modules).encode()).hexdigest()
    return hashlib.sha256(json.dumps([content, settings, code], sort_keys=True, default=str).encode()).hexdigest()
