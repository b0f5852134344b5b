"""Tables of a user: whatever spreadsheet wrote them, every command reads them alike, and says what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from XrayToCTLib.batches.csv_input import read_csv_input
from XrayToCTLib.batches.task import ReadOptions
from XrayToCTLib.csv_table import read_csv_table
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.fidelity.batch_cases import read_cases
from XrayToCTLib.reader_study.candidate_files import files_of_table

TABLES: dict[str, tuple[Callable[[Path], list[Path]], tuple[str, ...], tuple[str, ...]]] = {
    "batch": (
        lambda path: [line.path for line in read_csv_input(path, ReadOptions())],
        ("Path", "Output"),
        ("ä b.png", "one"),
    ),
    "compare": (
        lambda path: [case.stack for case in read_cases(path)],
        ("Case", "STACK", "reference"),
        ("one", "ä b.png", "c.nrrd"),
    ),
    "study": (
        lambda path: [file.path for file in files_of_table(path)],
        ("case", "Method", "origin", "File"),
        ("one", "m", "Real", "ä b.png"),
    ),
}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize("name", TABLES)
def test_a_table_of_any_spreadsheet_is_read(tmp_path: Path, name: str, quote: str, mark: str, end: str, delimiter: str):
    read, columns, values = TABLES[name]
    lines = [columns, ("",) * len(columns), values]
    text = mark + end.join(delimiter.join(quote + word + quote for word in line) for line in lines) + end
    (tmp_path / "table.csv").write_bytes(text.encode())
    assert read(tmp_path / "table.csv") == [tmp_path / "ä b.png"]


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\r\n\r\n", "is empty"),
        ("case,path,ä\n".encode("latin1"), "not a text file in UTF-8"),
        (b"case,path\n\0,b\n", "no text"),
        (b'case,path\n"a,b\n', "not a CSV file that can be read"),
        (b"case,path\n" + b"x" * 200_000 + b",b\n", "not a CSV file that can be read"),
        (b"path,Path\na,b\n", "names a column twice"),
    ],
)
def test_what_is_no_table_gets_a_sentence(tmp_path: Path, name: str, content: bytes, said: str):
    (tmp_path / "table.csv").write_bytes(content)
    with pytest.raises(XrayToCTError, match=said) as error:
        TABLES[name][0](tmp_path / "table.csv")
    assert error.value.hint


def test_lines_are_named_as_an_editor_numbers_them(tmp_path: Path):
    (tmp_path / "table.csv").write_text('a,b\n\n"x\ny",2\n3\n4,5,6\n')
    table = read_csv_table(tmp_path / "table.csv", "")
    assert [line.where for line in table.lines] == [f"Line {number} of table.csv" for number in (4, 5, 6)]
    assert [line.values for line in table.lines] == [{"a": "x\ny", "b": "2"}, {"a": "3", "b": ""}, {"a": "4", "b": "5"}]
    assert [line.is_too_long for line in table.lines] == [False, False, True]
