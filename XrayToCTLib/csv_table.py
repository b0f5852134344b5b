"""CSV tables that a user wrote by hand or with a spreadsheet, read alike wherever a command takes one."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from .errors import XrayToCTError

_LARGEST_BYTES = 200_000_000


@dataclass(frozen=True, slots=True)
class TableLine:
    """A line of a table that is not empty.

    Attributes:
        where: "Line 3 of cases.csv", for messages.
        values: column -> text without blanks around it, "" where the line is too short.
        is_too_long: it has more fields than there are columns.
    """

    where: str
    values: dict[str, str]
    is_too_long: bool


@dataclass(frozen=True, slots=True)
class CsvTable:
    """Columns, in small letters, and lines."""

    columns: tuple[str, ...]
    lines: tuple[TableLine, ...]


def read_csv_table(path: Path, hint: str) -> CsvTable:
    """Read a table whose first line names its columns; the delimiter may be a comma, a semicolon or a tab.

    Args:
        path: UTF-8, with or without a byte-order mark; line ends of any system.
        hint: what to do about a file that is no such table.

    Raises:
        XrayToCTError: it cannot be read, is no text in UTF-8 or no CSV, is empty, or names a column twice.
    """
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise XrayToCTError(f"{path} is too large for a table.", hint=hint)
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise XrayToCTError(f"{path} cannot be read: {error.strerror or error}.", hint="Check the path.") from error
    except UnicodeDecodeError as error:
        raise XrayToCTError(f"{path} is not a text file in UTF-8.", hint="Save it as CSV UTF-8.") from error
    first = text.partition("\n")[0]
    if "\0" in text or not text.strip():
        raise XrayToCTError(f"{path} is {'no text' if text.strip() else 'empty'}.", hint=hint)
    reader = csv.DictReader(io.StringIO(text), delimiter=max(",;\t", key=first.count), strict=True)
    try:
        columns = [(name or "").strip().lower() for name in reader.fieldnames or ()]
        named = [name for name in columns if name]
        if len(set(named)) < len(named):
            raise XrayToCTError(f"{path} names a column twice.", hint="Give each column a name of its own.")
        reader.fieldnames = columns
        lines = tuple(
            TableLine(f"Line {reader.line_num} of {path.name}", _stripped(row), None in row)
            for row in reader
            if any(value.strip() for value in row.values() if isinstance(value, str))
        )
    except csv.Error as error:
        raise XrayToCTError(f"{path} is not a CSV file that can be read ({error}).", hint=hint) from error
    return CsvTable(tuple(columns), lines)


def _stripped(row: dict[str, str | None]) -> dict[str, str]:
    return {name: (value or "").strip() for name, value in row.items() if name is not None}
