"""Candidate content: the size and the hash that tell whether a candidate is what it was; of a series, of its files."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ..projection.dicom_series import series_files
from ..readers.identity import file_sha256


def content_files(path: Path) -> list[Path]:
    """The file itself; of a folder, those of its DICOM series.

    Raises:
        XrayToCTError: a folder without a series, or with several.
    """
    return series_files(path) if path.is_dir() else [path]


def content_bytes(path: Path) -> int:
    """Raises OSError when a file is missing, and as ``content_files``."""
    return sum(file.stat().st_size for file in content_files(path))


def content_sha256(path: Path) -> str:
    """SHA-256 of a file; of a series, of its files' hashes (hexadecimal, sorted), as names and order do not count.

    Raises OSError when a file cannot be read, and as ``content_files``.
    """
    hashes = sorted(file_sha256(file) for file in content_files(path))
    return hashlib.sha256("".join(hashes).encode()).hexdigest() if path.is_dir() else hashes[0]
