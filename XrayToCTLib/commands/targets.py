"""Targets: the files that a verb will write, looked at before it computes anything."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..errors import XrayToCTError
from ..readers.file_format import input_stem

__all__ = ["input_stem", "make_folder", "refuse_existing"]


def refuse_existing(path: Path, *, overwrite: bool, inputs: Iterable[Path | None] = ()) -> None:
    """Raises XrayToCTError when the file is there and may not be replaced, is one of the ``inputs`` by whatever name
    (None stands for an input that was not given), or its folder is missing."""
    if any(_is_same(path, read) for read in inputs if read is not None):
        raise XrayToCTError(
            f"{path} is an input, and would be replaced.", hint="Choose another name: inputs are never replaced."
        )
    if path.is_dir():
        raise XrayToCTError(f"{path} is a folder.", hint="Give the name of a file.")
    if path.exists() and not overwrite:
        raise XrayToCTError(f"{path} exists already.", hint="Choose another name, or add --overwrite.")
    if not path.absolute().parent.is_dir():
        raise XrayToCTError(f"There is no folder {path.absolute().parent}.", hint="Create it first.")


def _is_same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:  # one of them is not there
        return False


def make_folder(path: Path) -> Path:
    """The folder, made when it is not there. Raises XrayToCTError when that is impossible."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise XrayToCTError(f"The folder {path} cannot be made ({error.strerror}).", hint="Choose another.") from error
    return path
