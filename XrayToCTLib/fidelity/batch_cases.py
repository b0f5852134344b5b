"""Batch cases: which results are compared with which references, from a table or from folders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..csv_table import read_csv_table
from ..errors import XrayToCTError
from ..readers.file_format import input_stem
from ..translation.stack_file import SUFFIXES, stack_suffix

REFERENCE = "reference"
_REQUIRED = ("case", "stack", "reference")
_OPTIONAL_FILES = ("mask", "radiograph")
_HINT = (
    "Give a CSV file with the columns case, stack, reference and, if you like, candidate, mask, radiograph; or a "
    "folder with one folder a case."
)


@dataclass(frozen=True, slots=True)
class Case:
    """One comparison.

    Attributes:
        name: of the case, as a rule a patient or an image. Statistics are over cases.
        candidate: what is compared: a model, a filter; "" where there is only one.
        stack, reference: files.
        mask, radiograph: files, or None.
    """

    name: str
    candidate: str
    stack: Path
    reference: Path
    mask: Path | None = None
    radiograph: Path | None = None


def read_cases(path: str | Path) -> list[Case]:
    """The cases of a batch.

    Args:
        path: a CSV file with the columns case, stack, reference and, optional, candidate, mask, radiograph, whose
            paths are relative to it; or a folder with one folder a case, which holds ``reference.nrrd`` (or another
            suffix of a stack) and the results beside it, each named after its candidate.

    Raises:
        XrayToCTError: no such file or folder, no case in it, a column or a value is missing, or a pair comes twice.
    """
    path = Path(path)
    if path.is_dir():
        cases = _of_folder(path)
    elif path.is_file():
        cases = _of_table(path)
    else:
        raise XrayToCTError(f"There is no {path}.", hint=_HINT)
    if not cases:
        raise XrayToCTError(f"{path} holds no case.", hint=_HINT)
    seen: set[tuple[str, str]] = set()
    for case in cases:
        key = (case.name, case.candidate)
        if key in seen:
            raise XrayToCTError(
                f"The case {case.name} comes twice{f' for {case.candidate}' if case.candidate else ''}.",
                hint="Name the candidates in a column, or give each case a name of its own.",
            )
        seen.add(key)
    return cases


def _of_table(path: Path) -> list[Case]:
    table = read_csv_table(path, _HINT)
    missing = [name for name in _REQUIRED if name not in table.columns]
    if missing:
        raise XrayToCTError(f"{path.name} lacks the column {' and '.join(missing)}.", hint=_HINT)
    cases = []
    for each in table.lines:
        line = each.values
        if empty := [name for name in _REQUIRED if not line[name]]:
            raise XrayToCTError(f"{each.where} has no {' and no '.join(empty)}.", hint=_HINT)
        stack, reference = (path.parent / line[name] for name in ("stack", "reference"))
        mask, radiograph = (path.parent / line[name] if line.get(name) else None for name in _OPTIONAL_FILES)
        cases.append(Case(line["case"], line.get("candidate", ""), stack, reference, mask, radiograph))
    return cases


def _of_folder(path: Path) -> list[Case]:
    cases = []
    for folder in sorted(item for item in path.iterdir() if item.is_dir() and not item.name.startswith(".")):
        files = {input_stem(file): file for file in sorted(folder.iterdir()) if file.is_file() and stack_suffix(file)}
        reference = files.pop(REFERENCE, None)
        if reference is None:
            if files:
                raise XrayToCTError(
                    f"{folder} holds no {REFERENCE}.", hint=f"Name it {REFERENCE} with one of {', '.join(SUFFIXES)}."
                )
            continue
        cases += [Case(folder.name, name, file, reference) for name, file in files.items()]
    return cases
