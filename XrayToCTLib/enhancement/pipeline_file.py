"""Pipeline files: a pipeline as JSON on the disk, wholly or not at all."""

from __future__ import annotations

from pathlib import Path

from ..document_file import read_document, write_document
from .pipeline import Pipeline

_LARGEST_BYTES = 1_000_000


def read_pipeline(path: str | Path) -> Pipeline:
    """Read a pipeline file.

    Raises:
        XrayToCTError: no such file, or not a pipeline of this version (see ``Pipeline.from_json``).
    """
    return Pipeline.from_json(read_document(path, "pipeline", _LARGEST_BYTES), source=Path(path).name)


def write_pipeline(pipeline: Pipeline, path: str | Path, *, overwrite: bool = True) -> Path:
    """Write a pipeline file, all or nothing; returns the path.

    Raises:
        XrayToCTError: another suffix than .json, a file that is there, or a folder that cannot be written.
    """
    return write_document(pipeline.to_json(), path, "pipeline", overwrite=overwrite)
