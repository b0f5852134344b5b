"""Stack output: a stack as a file, or a folder of DICOM files, and its size."""

from __future__ import annotations

from pathlib import Path

from ..ct_stack import CtStack
from ..translation.stack_file import write_stack


def write_output(stack: CtStack, folder: Path, name: str, format: str, *, compress: bool) -> Path:
    """Write a stack into ``folder`` under ``name``; returns the path. Raises XrayToCTError."""
    return write_stack(stack, folder / name, compress=compress)


def find_bytes(path: Path) -> int:
    """Bytes of a file, or of all files in a folder; -1 where there is nothing."""
    try:
        if path.is_dir():
            return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
        return path.stat().st_size
    except OSError:
        return -1
