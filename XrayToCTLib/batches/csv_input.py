"""CSV input: a list of radiographs with how each is to be read.

Columns, in any order, others are left alone: ``path`` (needed; relative to the CSV's folder), ``output`` (name of the
result below the output folder, without a suffix), ``spacing`` (mm, "0.15" or "0.15,0.2"), ``polarity``, ``view``,
``frame`` (a number or "all"), ``patient_id`` (for DICOM from other formats). An empty field stands for the batch's own
option.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from ..csv_table import TableLine, read_csv_table
from ..errors import XrayToCTError
from ..radiograph import View
from .task import ALL_FRAMES, ReadOptions

_PATH = "path"
_POLARITIES = ("auto", "bone-bright", "bone-dark")


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of the CSV.

    Attributes:
        path: absolute.
        place: where the result lies below the output folder; without ``output``, the path as the CSV gives it.
        named: the place is the name that the CSV gave the result.
        options: how to read it.
        problem: (message, hint): what is wrong with the line.
    """

    path: Path
    place: PurePosixPath
    named: bool
    options: ReadOptions
    problem: tuple[str, str] | None = None


def read_csv_input(path: Path, options: ReadOptions) -> tuple[Listed, ...]:
    """The lines of a CSV file.

    Args:
        path: of the CSV, UTF-8; the delimiter may be a comma, a semicolon or a tab.
        options: the batch's own, for fields that are empty.

    Raises:
        XrayToCTError: no such file, not text, without a column "path", or without a line. What is wrong with a single
            line is that line's problem.
    """
    hint = 'Give a CSV file whose first line names its columns, among them "path".'
    table = read_csv_table(path, hint)
    if _PATH not in table.columns:
        found = ", ".join(table.columns) or "none"
        raise XrayToCTError(f'{path} has no column "path" (its columns: {found}).', hint=hint)
    listed = tuple(_listed(line, path.absolute().parent, options) for line in table.lines)
    if not listed:
        raise XrayToCTError(f"{path} names no radiograph: it has no line below its first.", hint=hint)
    return listed


def _listed(line: TableLine, folder: Path, options: ReadOptions) -> Listed:
    def field(name: str) -> str:
        return line.values.get(name, "")

    given, problem = field(_PATH), None
    try:
        if line.is_too_long:
            raise _BadLine("it has more fields than the first line")
        if not given:
            raise _BadLine("it gives no path")
        options = _options(field, options)
        place, named = _place(given, field("output"), folder)
    except _BadLine as bad:
        problem = (f"{line.where} cannot be used: {bad}.", "Correct the line and start the batch again.")
        place, named = PurePosixPath(Path(given).name or line.where.replace(" ", "-")), False
    path = Path(given).expanduser()
    return Listed(path if path.is_absolute() else folder / path, place, named, options, problem)


class _BadLine(Exception):  # noqa: N818 - never leaves this module
    """What is wrong with a line, as a clause."""


def _place(given: str, output: str, folder: Path) -> tuple[PurePosixPath, bool]:
    if output:
        place = PurePosixPath(output.replace("\\", "/"))
        if place.is_absolute() or ".." in place.parts or Path(output).drive or "*" in output or not place.name:
            raise _BadLine(f"the output {output!r} is no name below the output folder")
        return place, True
    path = Path(given).expanduser()
    relative = Path(os.path.relpath(path, folder)) if path.is_absolute() else Path(os.path.normpath(path))
    # Above the CSV's folder nothing is mirrored: the result may not leave the output folder.
    parts = [part for part in relative.parts if part not in ("..", path.anchor)]
    return PurePosixPath(*parts), False


def _options(field: object, options: ReadOptions) -> ReadOptions:
    assert callable(field)
    changes: dict[str, object] = {}
    if text := field("spacing"):
        changes["spacing"] = _spacing(text)
    if text := field("polarity"):
        if text not in _POLARITIES:
            raise _BadLine(f"there is no polarity {text!r} ({', '.join(_POLARITIES)})")
        changes["polarity"] = text
    if text := field("view"):
        if text.upper() not in View.__members__:
            raise _BadLine(f"there is no view {text!r} ({', '.join(View.__members__)})")
        changes["view"] = text.upper()
    if text := field("frame"):
        if text != ALL_FRAMES and not text.isdecimal():
            raise _BadLine(f'the frame {text!r} is neither a number from 0 nor "{ALL_FRAMES}"')
        changes["frame"] = text if text == ALL_FRAMES else int(text)
    if text := field("patient_id"):
        if len(text) > 64:
            raise _BadLine("the patient_id has more than 64 characters")
        changes["patient_id"] = text
    return replace(options, **changes)  # type: ignore[arg-type]


def _spacing(text: str) -> tuple[float, float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if not 1 <= len(numbers) <= 2 or not all(0 < number < 100 for number in numbers):
        raise _BadLine(f"the spacing {text!r} is not one or two numbers of mm")
    return numbers[0], numbers[-1]
