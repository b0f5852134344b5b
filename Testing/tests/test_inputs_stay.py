"""No command replaces a file that it reads, by whatever name it is told to, --overwrite or not."""

from __future__ import annotations

from pathlib import Path

import pytest

from XrayToCTLib.cli import main

COMMANDS = {
    "translate --preview": ["translate", "a.png", "--preview", "{}.png"],
    "translate of two files": ["translate", "chest.png", "{}.png", "--preview", "sub/../a.png"],
    "enhance": ["enhance", "a.png", "-o", "{}.png"],
    "enhance --grid": ["enhance", "a.png", "--grid", "{}.png"],
    "enhance --reference": ["enhance", "chest.png", "--reference", "a.png", "-o", "{}.png"],
    "project": ["project", "a.nrrd", "-o", "{}.nrrd"],
    "project --stack": ["project", "a.nrrd", "-o", "drr.png", "--stack", "{}.nrrd"],
    "compare --csv, stack": ["compare", "a.csv", "b.nrrd", "--csv", "{}.csv"],
    "compare --csv, reference": ["compare", "b.nrrd", "a.csv", "--csv", "{}.csv"],
    "compare --csv, also": ["compare", "b.nrrd", "b.nrrd", "--also", "a.csv", "--csv", "{}.csv"],
    "compare --csv, mask": ["compare", "b.nrrd", "b.nrrd", "--mask", "a.csv", "--csv", "{}.csv"],
    "compare --csv, radiograph": ["compare", "b.nrrd", "b.nrrd", "--radiograph", "a.csv", "--csv", "{}.csv"],
    "compare --report": ["compare", "b.nrrd", "a.html", "--report", "{}.html"],
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "sub").mkdir()
    for suffix in ("png", "nrrd", "csv", "html"):
        (tmp_path / f"a.{suffix}").write_bytes(b"dear to me")
        (tmp_path / f"link.{suffix}").symlink_to(f"a.{suffix}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["sub/../a", "link"])
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_an_input_is_never_replaced(command: list[str], name: str, folder: Path, capsys: pytest.CaptureFixture[str]):
    assert main([*(word.format(name) for word in command), "--overwrite"]) == 1
    assert "inputs are never replaced" in capsys.readouterr().err
    assert all(file.read_bytes() == b"dear to me" for file in folder.glob("a.*"))
    assert all(file.is_symlink() for file in folder.glob("link.*"))


def test_the_table_of_a_batch_is_not_replaced_by_its_results(folder: Path, capsys: pytest.CaptureFixture[str]):
    table = "case,stack,reference\none,a.nrrd,a.nrrd\n"
    (folder / "metrics.csv").write_text(table)
    assert main(["compare", "--batch", "metrics.csv", "-o", "sub/..", "--overwrite"]) == 1
    assert "inputs are never replaced" in capsys.readouterr().err
    assert (folder / "metrics.csv").read_text() == table
