"""Targets: the files that a verb will write, looked at before it computes anything."""

from __future__ import annotations

from pathlib import Path

from ..errors import XrayToCTError
from ..readers.file_format import input_stem

__all__ = ["input_stem", "make_folder", "refuse_existing"]


def refuse_existing(path: Path, *, overwrite: bool) -> None:
    """Raises XrayToCTError when the file is there and may not be replaced, or its folder is missing."""
    if path.is_dir():
        raise XrayToCTError(f"{path} is a folder.", hint="Give the name of a file.")
    if path.exists() and not overwrite:
        raise XrayToCTError(f"{path} exists already.", hint="Choose another name, or add --overwrite.")
    if not path.absolute().parent.is_dir():
        raise XrayToCTError(f"There is no folder {path.absolute().parent}.", hint="Create it first.")


def make_folder(path: Path) -> Path:
    """The folder, made when it is not there. Raises XrayToCTError when that is impossible."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise XrayToCTError(f"The folder {path} cannot be made ({error.strerror}).", hint="Choose another.") from error
    return path
