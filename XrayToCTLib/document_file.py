"""JSON documents on the disk: read with a sentence for what cannot be read, written wholly or not at all."""

from __future__ import annotations

from pathlib import Path

from .errors import XrayToCTError
from .whole_file import write_whole

SUFFIX = ".json"


def read_document(path: str | Path, noun: str, largest_bytes: int) -> str:
    """The text of a document that messages call ``noun`` ("pipeline").

    Raises:
        XrayToCTError: no such file, more than ``largest_bytes``, or no text.
    """
    path = Path(path).expanduser()
    hint = f"Choose the .json file of a {noun}."
    try:
        if path.stat().st_size > largest_bytes:
            raise XrayToCTError(f"{path} is too large for a {noun}.", hint=hint)
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise XrayToCTError(f"{path} cannot be read: {error.strerror or error}.", hint="Check the path.") from error
    except UnicodeDecodeError as error:
        raise XrayToCTError(f"{path} is not a text file.", hint=hint) from error


def write_document(text: str, path: str | Path, noun: str, *, overwrite: bool) -> Path:
    """Write a document, all or nothing; returns the path, absolute.

    Raises:
        XrayToCTError: another suffix than .json, a file that is there, or a folder that cannot be written.
    """
    path = Path(path).expanduser().absolute()
    if path.suffix.lower() != SUFFIX:
        raise XrayToCTError(f"A {noun} cannot be written to {path.name}.", hint=f"End its name in {SUFFIX}.")
    if path.exists() and not overwrite:
        raise XrayToCTError(f"{path} exists already.", hint="Choose another name, or allow overwriting.")
    return write_whole(path, text.encode())
