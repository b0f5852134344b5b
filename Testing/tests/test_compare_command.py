"""xray-to-ct compare: one or several candidates with a page and a table, and whole batches."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from fidelity_stacks import box_stack, shifted
from html_page import Page

from Testing.tests.alignment_phantom import as_image, phantom
from XrayToCTLib import reference_stack, write_stack
from XrayToCTLib.cli import main
from XrayToCTLib.projection import ProjectionGeometry


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


@pytest.fixture
def ct(tmp_path: Path) -> Path:
    return write_image(as_image(phantom()), tmp_path / "ct.nii.gz")


def write_image(image: sitk.Image, path: Path) -> Path:
    sitk.WriteImage(image, str(path))
    return path


def test_a_ct_is_a_reference_and_the_alignment_is_on_the_page(ct, tmp_path, capsys):
    stack, page = tmp_path / "stack.nrrd", tmp_path / "page.html"
    geometry = ProjectionGeometry(shape=(88, 100), spacing=(4.0, 4.0))
    write_stack(reference_stack(phantom(), geometry=geometry, slabs=8, slab_thickness=25.0), stack)
    assert main(["compare", str(stack), str(ct), "--metrics", "all", "--json", "--report", str(page)]) == 0
    said = capsys.readouterr()
    record = json.loads(said.out)
    assert record["modality"] == "CT"  # by its values: NIfTI does not say
    assert record["alignment_record"]["kind"] == "volume axes"
    mae = next(row["value"] for row in record["rows"] if (row["metric"], row["slabs"]) == ("MAE", "all slabs"))
    assert mae < 1
    assert {"GMSD", "NMI", "lung Dice"} <= {row["metric"] for row in record["rows"]}
    parsed = Page(page)
    assert ["method", "volume axes"] in parsed.rows and ["view", "PA"] in parsed.rows


def test_a_mask_file_says_where_it_is_measured(files, tmp_path, capsys):
    mask = np.zeros((48, 40), np.uint8)
    mask[20:30, 10:30] = 1
    path = write_image(sitk.GetImageFromArray(mask), tmp_path / "mask.nrrd")
    arguments = ["compare", str(files["near"]), str(files["reference"]), "--mask", str(path), "--json"]
    assert main(arguments) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert {row["n"] for row in rows if (row["metric"], row["region"]) == ("MAE", "given mask")} == {200, 800}
    write_image(sitk.GetImageFromArray(mask * 0), path)
    assert main(arguments) == 1
    assert "mask is empty" in capsys.readouterr().err


def test_two_images_are_compared_as_images(tmp_path, capsys):
    rng = np.random.default_rng(4)
    values = rng.integers(1000, 60000, (64, 64)).astype(np.uint16)
    first = write_image(sitk.GetImageFromArray(values), tmp_path / "a.png")
    second = write_image(sitk.GetImageFromArray(values // 2), tmp_path / "b.png")
    assert main(["compare", str(first), str(second), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert {row["slabs"] for row in record["rows"]} == {"image"}
    assert record["modality"] == "X-ray"


def test_a_folder_of_a_dicom_series_has_one_hash_on_the_page(tmp_path):
    from XrayToCTLib.fidelity.report_provenance import files_section

    (tmp_path / "series").mkdir()
    for name in ("1.dcm", "2.dcm"):
        (tmp_path / "series" / name).write_text(name)
    section = files_section({"reference": tmp_path / "series"})
    assert "series (2 files)" in section and "10 bytes" in section
    (tmp_path / "series" / "2.dcm").write_text("3.dcm")
    assert files_section({"reference": tmp_path / "series"}) != section
