"""Study files: a study on the disk, and the images that it names."""

from __future__ import annotations

from pathlib import Path

from ..document_file import read_document, write_document
from .study import Candidate, Study

_LARGEST_BYTES = 50_000_000


def read_study(path: str | Path) -> Study:
    """Read a study file. The images are not looked at: see ``check_images``.

    Raises:
        XrayToCTError: no such file, or not a study of this version.
    """
    return Study.from_json(read_document(path, "reader study", _LARGEST_BYTES), source=Path(path).name)


def write_study(study: Study, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write a study file, all or nothing; returns the path.

    Raises:
        XrayToCTError: another suffix than .json, a file that is there, or a folder that cannot be written.
    """
    return write_document(study.to_json(), path, "reader study", overwrite=overwrite)


def image_path(candidate: Candidate, study_path: str | Path) -> Path:
    """Where a candidate's file lies."""
    return Path(study_path).expanduser().absolute().parent / candidate.file
