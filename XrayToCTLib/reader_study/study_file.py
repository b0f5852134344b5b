"""Study files: a study on the disk, and the images that it names."""

from __future__ import annotations

from pathlib import Path

from ..errors import XrayToCTError
from ..whole_file import write_whole
from .study import Candidate, Study

SUFFIX = ".json"
_LARGEST_BYTES = 50_000_000


def read_study(path: str | Path) -> Study:
    """Read a study file. The images are not looked at: see ``check_images``.

    Raises:
        XrayToCTError: no such file, or not a study of this version.
    """
    path = Path(path).expanduser()
    hint = "Choose the .json file of a reader study."
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise XrayToCTError(f"{path} is too large for a reader study.", hint=hint)
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise XrayToCTError(f"{path} cannot be read: {error.strerror or error}.", hint="Check the path.") from error
    except UnicodeDecodeError as error:
        raise XrayToCTError(f"{path} is not a text file.", hint=hint) from error
    return Study.from_json(text, source=path.name)


def write_study(study: Study, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write a study file, all or nothing; returns the path.

    Raises:
        XrayToCTError: another suffix than .json, a file that is there, or a folder that cannot be written.
    """
    path = Path(path).expanduser().absolute()
    if path.suffix.lower() != SUFFIX:
        raise XrayToCTError(f"A reader study cannot be written to {path.name}.", hint=f"End its name in {SUFFIX}.")
    if path.exists() and not overwrite:
        raise XrayToCTError(f"{path} exists already.", hint="Choose another name, or allow overwriting.")
    return write_whole(path, study.to_json().encode())


def image_path(candidate: Candidate, study_path: str | Path) -> Path:
    """Where a candidate's file lies."""
    return Path(study_path).expanduser().absolute().parent / candidate.file
