"""Many cases: read from a table or from folders, compared one by one, and put on one page with their distributions."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from fidelity_stacks import box_stack, shifted
from html_page import Page

from XrayToCTLib import write_stack
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.fidelity.batch_cases import Case, read_cases
from XrayToCTLib.fidelity.batch_compare import compare_cases
from XrayToCTLib.fidelity.batch_report import write_batch_report
from XrayToCTLib.fidelity.distributions import distributions, write_batch_csv
from XrayToCTLib.progress import ComparisonCancelled

OFFSETS = {"anna": (10, 50), "bert": (20, 40), "cleo": (30, 80)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder a case, with a reference and two candidates of known offset."""
    root = tmp_path_factory.mktemp("cases")
    reference = box_stack()
    for case, offsets in OFFSETS.items():
        (root / case).mkdir()
        write_stack(reference, root / case / "reference.nrrd")
        for name, offset in zip(("cnn", "gan"), offsets, strict=True):
            write_stack(shifted(reference, offset), root / case / f"{name}.nrrd")
    (root / "cases.csv").write_text(
        "case,stack,reference,candidate\n"
        + "".join(f"{c},{c}/{n}.nrrd,{c}/reference.nrrd,{n}\n" for c in OFFSETS for n in ("cnn", "gan"))
    )
    return root


@pytest.fixture(scope="module")
def results(folder):
    return compare_cases(read_cases(folder))


def test_a_folder_of_folders_and_a_table_give_the_same_cases(folder):
    def plain(cases):
        return [(c.name, c.candidate, c.stack.resolve(), c.reference.resolve()) for c in cases]

    assert plain(read_cases(folder)) == plain(read_cases(folder / "cases.csv"))
    assert len(read_cases(folder)) == 6


def test_a_table_of_a_spreadsheet_is_read(folder, tmp_path):
    table = folder / "excel.csv"
    table.write_bytes("\ufeffCase,Stack,Reference\r\nanna,anna/cnn.nrrd,anna/reference.nrrd\r\n,,\r\n".encode())
    (case,) = read_cases(table)
    table.unlink()
    assert (case.name, case.candidate) == ("anna", "")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("case,stack\na,b\n", "lacks the column reference"),
        ("case,stack,reference\na,,c\n", "Line 2 of cases.csv has no stack"),
        ("case,stack,reference\n", "holds no case"),
        ("case,stack,reference\na,b,c\na,d,c\n", "The case a comes twice"),
    ],
)
def test_a_table_that_is_not_one_gets_a_sentence(tmp_path, text, sentence):
    (tmp_path / "cases.csv").write_text(text)
    with pytest.raises(XrayToCTError, match=sentence):
        read_cases(tmp_path / "cases.csv")


def test_a_folder_without_a_reference_gets_a_sentence(tmp_path):
    (tmp_path / "anna").mkdir()
    write_stack(box_stack(), tmp_path / "anna" / "cnn.nrrd")
    with pytest.raises(XrayToCTError, match="holds no reference"):
        read_cases(tmp_path)
    with pytest.raises(XrayToCTError, match="There is no"):
        read_cases(tmp_path / "missing")


def test_distributions_are_over_cases_not_voxels(results):
    found = {(d.metric, d.slabs, d.region, d.candidate): d for d in distributions(results)}
    cnn = found["MAE", "all slabs", "body", "cnn"]
    assert cnn.values == pytest.approx({"anna": 10, "bert": 20, "cleo": 30}, abs=0.6)  # stored as whole HU
    assert cnn.mean.mean == pytest.approx(20, abs=0.6)
    assert cnn.quartiles == pytest.approx((15, 20, 25), abs=0.6)
    assert cnn.mean.low >= min(cnn.values.values()) and cnn.mean.high <= max(cnn.values.values())


def test_a_case_that_fails_is_a_sentence_and_the_others_go_on(folder):
    cases = [*read_cases(folder)[:2], Case("dora", "cnn", folder / "missing.nrrd", folder / "missing.nrrd")]
    made = compare_cases(cases)
    assert [result.failed for result in made] == [False, False, True]
    assert "There is no file" in made[2].error


def test_cancelling_ends_the_batch(folder):
    with pytest.raises(ComparisonCancelled):
        compare_cases(read_cases(folder), progress=lambda fraction, phase: fraction < 0.3)


def test_the_csv_holds_every_number_and_every_failure(folder, results, tmp_path):
    failed = compare_cases([Case("dora", "", folder / "missing.nrrd", folder / "missing.nrrd")])
    with write_batch_csv(tmp_path / "m.csv", [*results, *failed]).open(encoding="utf-8", newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert len(lines) == sum(len(result.rows) for result in results) + 1
    first, row = lines[0], results[0].rows[0]
    assert (first["case"], first["candidate"], first["metric"]) == ("anna", "cnn", row.metric)
    assert float(first["value"]) == row.value
    assert "There is no file" in lines[-1]["error"]


@pytest.fixture(scope="module")
def batch_page(folder, results, tmp_path_factory) -> Path:
    broken = compare_cases([Case("dora", "cnn", folder / "missing.nrrd", folder / "missing.nrrd")])
    return write_batch_report(
        tmp_path_factory.mktemp("page") / "batch.html",
        [*results, *broken],
        title="A batch",
        files={"cases": folder / "cases.csv"},
    )


def test_the_page_s_numbers_are_the_distributions(batch_page, results):
    page = Page(batch_page)
    for item in distributions(results):
        shown = [
            row for row in page.rows if row[0] == item.metric and any(item.text(item.mean.mean) in cell for cell in row)
        ]
        assert shown, (item.metric, item.candidate, item.scope)
    anna = next(row for row in page.rows if row[0] == "anna")
    central = [d for d in distributions(results) if d.scope == ("central slab", "body") and d.candidate == "cnn"]
    assert anna[1:] == [d.text(d.values["anna"]) for d in central]


def test_the_page_shows_distributions_worst_cases_and_failures(batch_page):
    page = Page(batch_page)
    assert "What could not be compared" in page.text and "dora, cnn: There is no file" in page.text
    assert "1. cleo, cnn: MAE" in page.text and "1. cleo, gan: MAE" in page.text
    assert any("Distribution of MAE" in text and "3 cases" in text for text in page.alternatives)
    assert "Alignment of all cases: none." in page.text


def test_a_batch_of_failures_leaves_no_page(folder, tmp_path):
    failed = compare_cases([Case("dora", "", folder / "missing.nrrd", folder / "missing.nrrd")])
    with pytest.raises(XrayToCTError, match="No case could be compared: There is no file"):
        write_batch_report(tmp_path / "b.html", failed, title="")
    assert not list(tmp_path.iterdir())


def test_a_single_case_has_no_interval(folder, tmp_path):
    (result,) = compare_cases(read_cases(folder)[:1])
    item = distributions([result])[0]
    assert np.isnan(item.mean.low)
    assert "[nan" not in Page(write_batch_report(tmp_path / "b.html", [result], title="One")).text


def test_masks_and_radiographs_of_a_table_are_kept(folder):
    table = folder / "more.csv"
    table.write_text("case,stack,reference,mask,radiograph\na,b.nrrd,c.nrrd,d.nrrd,\n")
    (case,) = read_cases(table)
    table.unlink()
    assert (case.mask, case.radiograph) == (folder / "d.nrrd", None)
