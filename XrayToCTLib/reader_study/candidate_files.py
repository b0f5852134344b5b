"""Candidate files: which file is which case by which method, from a folder's layout or a CSV table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..csv_table import read_csv_table
from ..errors import XrayToCTError
from .questions import Origin

SUFFIXES = (".nii.gz", ".nrrd", ".nii", ".mha", ".dcm", ".png", ".tif", ".tiff", ".jpg", ".jpeg", ".bmp")
COLUMNS = ("case", "method", "origin", "file")


@dataclass(frozen=True, slots=True)
class CandidateFile:
    """One image to be judged: a file or the folder of a DICOM series, its case, what made it, whether it is real."""

    case: str
    method: str
    origin: Origin
    path: Path


def files_of_folder(
    folder: str | Path, *, real: Sequence[str] = ("real",), cases_first: bool = False
) -> list[CandidateFile]:
    """The images of a folder with one folder a method, whose files are named after the cases.

    A folder in the place of a file is a DICOM series, and named after its case: what it holds is looked at later.

    Args:
        folder: such as study/real/patient1.nrrd, study/cyclegan/patient1.nrrd, study/real/patient2/000.dcm ...
        real: the methods whose images are real; all others are synthetic.
        cases_first: one folder a case instead, whose files are named after the methods.

    Raises:
        XrayToCTError: no such folder, no images in it, or no method of a name in ``real``.
    """
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        raise XrayToCTError(f"There is no folder {folder}.", hint="Check the path.")
    found = []
    try:
        for outer in sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")):
            for path, stem in _images(outer):
                case, method = (outer.name, stem) if cases_first else (stem, outer.name)
                found.append((case, method, path))
    except OSError as error:
        raise XrayToCTError(
            f"{folder} cannot be read: {error.strerror or error}.", hint="Check its permissions."
        ) from error
    methods = {method for _, method, _ in found}
    if not found:
        raise XrayToCTError(
            f"{folder} holds no folders with images.",
            hint="Make one folder a method, with one file or one folder of a DICOM series a case: real/patient1.nrrd.",
        )
    if unknown := [name for name in real if name not in methods and name != "real"]:
        raise XrayToCTError(
            f"There is no method {unknown[0]} in {folder}.", hint=f"There are: {', '.join(sorted(methods))}."
        )
    return [
        CandidateFile(case, method, Origin.REAL if method in real else Origin.SYNTHETIC, path)
        for case, method, path in found
    ]


def files_of_table(path: str | Path) -> list[CandidateFile]:
    """The images that a CSV table names: columns case, method, origin (real or synthetic) and file.

    Files, or folders of a DICOM series, are relative to the table's folder, or absolute.

    Raises:
        XrayToCTError: no such table, a column is missing, or a line makes no sense; the line is named.
    """
    path = Path(path).expanduser()
    hint = f"Give a CSV file with the columns {', '.join(COLUMNS)}."
    table = read_csv_table(path, hint)
    if missing := [column for column in COLUMNS if column not in table.columns]:
        raise XrayToCTError(f"{path.name} has no column {missing[0]}.", hint=hint)
    found = []
    for line in table.lines:
        values, where = line.values, line.where
        if empty := [column for column in COLUMNS if not values[column]]:
            raise XrayToCTError(f"{where} has no {empty[0]}.", hint=hint)
        if values["origin"].lower() not in [origin.value for origin in Origin]:
            raise XrayToCTError(f"{where} has the origin {values['origin']}.", hint="Write real or synthetic.")
        origin = Origin(values["origin"].lower())
        found.append(CandidateFile(values["case"], values["method"], origin, path.parent / values["file"]))
    if not found:
        raise XrayToCTError(f"{path.name} names no images.", hint=hint)
    return found


def _images(folder: Path) -> Iterator[tuple[Path, str]]:
    """(file or folder of a series, name without a file's suffix) of a folder's images."""
    for path in sorted(path for path in folder.iterdir() if not path.name.startswith(".")):
        if path.is_dir():
            if not _holds_images_alone(path):
                yield path, path.name
            continue
        suffix = _suffix(path)
        if suffix and path.is_file():
            yield path, path.name[: -len(suffix)]


def _holds_images_alone(folder: Path) -> bool:
    """Whether it holds no slices but whole images: a folder of methods lies one level too deep."""
    files = [path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")]
    return bool(files) and all(_suffix(path) not in (None, ".dcm") for path in files)


def _suffix(path: Path) -> str | None:
    return next((suffix for suffix in SUFFIXES if path.name.lower().endswith(suffix)), None)
