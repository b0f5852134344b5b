"""Pipeline files: a pipeline as JSON on the disk, wholly or not at all."""

from __future__ import annotations

from pathlib import Path

from ..errors import XrayToCTError
from ..whole_file import write_whole
from .pipeline import Pipeline

SUFFIX = ".json"
_LARGEST_BYTES = 1_000_000


def read_pipeline(path: str | Path) -> Pipeline:
    """Read a pipeline file.

    Raises:
        XrayToCTError: no such file, or not a pipeline of this version (see ``Pipeline.from_json``).
    """
    path = Path(path).expanduser()
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise XrayToCTError(f"{path} is too large for a pipeline.", hint="Choose a pipeline's .json file.")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise XrayToCTError(f"{path} cannot be read: {error.strerror or error}.", hint="Check the path.") from error
    except UnicodeDecodeError as error:
        raise XrayToCTError(f"{path} is not a text file.", hint="Choose a pipeline's .json file.") from error
    return Pipeline.from_json(text, source=path.name)


def write_pipeline(pipeline: Pipeline, path: str | Path, *, overwrite: bool = True) -> Path:
    """Write a pipeline file, all or nothing; returns the path.

    Raises:
        XrayToCTError: another suffix than .json, a file that is there, or a folder that cannot be written.
    """
    path = Path(path).expanduser().absolute()
    if path.suffix.lower() != SUFFIX:
        raise XrayToCTError(f"A pipeline cannot be written to {path.name}.", hint=f"End its name in {SUFFIX}.")
    if path.exists() and not overwrite:
        raise XrayToCTError(f"{path} exists already.", hint="Choose another name, or allow overwriting.")
    return write_whole(path, pipeline.to_json().encode())
