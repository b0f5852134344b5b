"""xray-to-ct compare: one or several candidates with a page and a table, and whole batches."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from fidelity_stacks import box_stack, shifted
from html_page import Page

from XrayToCTLib import write_stack
from XrayToCTLib.cli import main


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    reference = box_stack()
    made = {"reference": reference, "near": shifted(reference, 10), "far": shifted(reference, 90)}
    return {name: write_stack(stack, tmp_path / f"{name}.nrrd") for name, stack in made.items()}


def test_several_candidates_stand_in_one_page_and_one_table_with_the_same_numbers(files, tmp_path, capsys):
    page, table = tmp_path / "page.html", tmp_path / "table.csv"
    arguments = [str(files["near"]), str(files["reference"]), "--also", str(files["far"])]
    assert main(["compare", *arguments, "--report", str(page), "--csv", str(table), "--json"]) == 0
    records = json.loads(capsys.readouterr().out)["candidates"]
    assert [record["candidate"] for record in records] == ["near", "far"]
    with table.open(encoding="utf-8", newline="") as stream:
        lines = list(csv.DictReader(stream))
    from_json = {
        (record["candidate"], row["metric"], row["slabs"], row["region"]): row["value"]
        for record in records
        for row in record["rows"]
    }
    from_csv = {
        (line["candidate"], line["metric"], line["slabs"], line["region"]): float(line["value"]) for line in lines
    }
    assert from_csv == pytest.approx(from_json)
    assert {line["candidate"] for line in lines if line["best"]} == {"near"}
    mae = [f"{from_json[name, 'MAE', 'central slab', 'body']:.1f} HU" for name in ("near", "far")]
    assert ["MAE", *mae] in Page(page).rows


def test_the_page_names_its_files_by_their_hashes(files, tmp_path):
    import hashlib

    page = tmp_path / "page.html"
    assert main(["compare", str(files["near"]), str(files["reference"]), "--report", str(page)]) == 0
    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in (files["near"], files["reference"])}
    parsed = Page(page)
    assert digests == {row[3] for row in parsed.rows if row[0] in ("candidate", "reference")}
    assert str(tmp_path) not in parsed.text


def test_a_batch_writes_a_page_and_a_table(files, tmp_path, capsys):
    table = tmp_path / "cases.csv"
    table.write_text("case,stack,reference\nanna,near.nrrd,reference.nrrd\nbert,far.nrrd,reference.nrrd\n")
    out = tmp_path / "out"
    assert main(["compare", "--batch", str(table), "-o", str(out)]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines() == [str(out / "metrics.csv"), str(out / "report.html")]
    assert "2 of 2 comparisons made." in said.err
    assert "2 cases compared" in Page(out / "report.html").text
    assert main(["compare", "--batch", str(table), "-o", str(out)]) == 1
    assert "exists already" in capsys.readouterr().err


def test_a_batch_with_a_failure_ends_with_1_and_has_the_others(files, tmp_path, capsys):
    table = tmp_path / "cases.csv"
    table.write_text("case,stack,reference\nanna,near.nrrd,reference.nrrd\nbert,none.nrrd,reference.nrrd\n")
    assert main(["compare", "--batch", str(table), "-o", str(tmp_path / "out"), "--json"]) == 1
    said = capsys.readouterr()
    record = json.loads(said.out)
    assert [failure["case"] for failure in record["failed"]] == ["bert"]
    assert {item["cases"] for item in record["distributions"]} == {1}
    assert "bert: There is no file" in said.err


def test_a_batch_of_failures_leaves_the_table_alone(tmp_path):
    table = tmp_path / "cases.csv"
    table.write_text("case,stack,reference\nbert,none.nrrd,none.nrrd\n")
    assert main(["compare", "--batch", str(table), "-o", str(tmp_path / "out")]) == 1
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["metrics.csv"]


@pytest.mark.parametrize(
    "arguments",
    [[], ["a.nrrd"], ["a.nrrd", "b.nrrd", "--batch", "c.csv"], ["--batch", "c.csv", "--report", "d.html"]],
)
def test_a_command_line_that_makes_no_sense_is_a_usage_error(arguments):
    with pytest.raises(SystemExit) as ended:
        main(["compare", *arguments])
    assert ended.value.code == 2


def test_a_table_that_is_there_is_not_replaced_unasked(files, tmp_path, capsys):
    (tmp_path / "t.csv").write_text("mine")
    arguments = ["compare", str(files["near"]), str(files["reference"]), "--csv", str(tmp_path / "t.csv")]
    assert main(arguments) == 1
    assert (tmp_path / "t.csv").read_text() == "mine"
    assert main([*arguments, "--overwrite"]) == 0
