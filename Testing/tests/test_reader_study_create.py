"""Making a study from a folder or a table, what is refused, and what the command line says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from study_files import METHODS, make_study, read_whole, steady_answers, write_images

from XrayToCTLib import XrayToCTError
from XrayToCTLib.cli import main
from XrayToCTLib.reader_study import (
    check_images,
    create_study,
    files_of_folder,
    files_of_table,
    open_session,
    read_study,
    write_study,
)
from XrayToCTLib.reader_study.questions import Origin
from XrayToCTLib.reader_study.study_image import read_study_image


def write_image(path: Path, values: np.ndarray, spacing: tuple[float, ...] = (2.0, 3.0, 20.0)) -> Path:
    image = sitk.GetImageFromArray(values)
    image.SetSpacing(spacing[: image.GetDimension()])
    path.parent.mkdir(parents=True, exist_ok=True)
    sitk.WriteImage(image, str(path))
    return path


def test_a_folder_a_method_becomes_a_study_of_all_cases(tmp_path: Path) -> None:
    study = read_study(make_study(tmp_path, repeats=3, readers=["A", "B"]))
    assert study.methods == tuple(sorted(METHODS))
    assert [case.id for case in study.cases] == [f"patient{case}" for case in range(4)]
    origins = {candidate.method: candidate.origin for candidate in study.cases[0].candidates}
    assert origins == {
        "groundtruth": Origin.REAL,
        "cyclegan": Origin.SYNTHETIC,
        "secretnet": Origin.SYNTHETIC,
    }
    assert study.cases[0].candidates[0].file.startswith("images/")
    assert check_images(study, tmp_path / "study.json") == []


def test_a_folder_a_case_is_the_same_study(tmp_path: Path) -> None:
    by_method = files_of_folder(write_images(tmp_path / "a"), real=METHODS[:1])
    for file in by_method:
        target = tmp_path / "b" / file.case / f"{file.method}.nrrd"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.path.read_bytes())
    by_case = files_of_folder(tmp_path / "b", real=METHODS[:1], cases_first=True)
    assert {(f.case, f.method, f.origin) for f in by_case} == {(f.case, f.method, f.origin) for f in by_method}


def test_a_table_becomes_the_same_study(tmp_path: Path) -> None:
    write_images(tmp_path / "images")
    lines = ["case,method,origin,file"]
    for method in METHODS:
        origin = "real" if method == "groundtruth" else "Synthetic"
        lines += [f"patient{case},{method},{origin},images/{method}/patient{case}.nrrd" for case in range(4)]
    table = tmp_path / "table.csv"
    table.write_text("\ufeff" + "\n".join(lines) + "\n", encoding="utf-8")
    created = create_study(files_of_table(table), tmp_path, id="pilot", title="A pilot", seed=11)
    assert {case.id: case for case in created.study.cases}.keys() == {f"patient{case}" for case in range(4)}
    assert created.study.methods == tuple(sorted(METHODS))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("case,method,file\na,b,c\n", "no column origin"),
        ("case,method,origin,file\n", "names no images"),
        ("case,method,origin,file\na,b,fake,c\n", "Line 2 .* origin fake"),
        ("case,method,origin,file\na,b,real,c\na,,real,c\n", "Line 3 .* has no method"),
        ("case,method,origin,file\na,b\n", "Line 2 .* has no origin"),
        ("case,method,origin,file\na,b,real,nowhere.nrrd\n", "no file .*nowhere.nrrd"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    table = tmp_path / "table.csv"
    table.write_text(text, encoding="utf-8")
    with pytest.raises(XrayToCTError, match=said):
        create_study(files_of_table(table), tmp_path, id="pilot")


def test_folders_without_images_or_without_the_method_are_refused(tmp_path: Path) -> None:
    with pytest.raises(XrayToCTError, match="no folder"):
        files_of_folder(tmp_path / "nowhere")
    with pytest.raises(XrayToCTError, match="holds no folders with images"):
        files_of_folder(tmp_path)
    write_images(tmp_path)
    with pytest.raises(XrayToCTError, match="no method truth") as refused:
        files_of_folder(tmp_path, real=["truth"])
    assert "groundtruth" in refused.value.hint


def test_one_window_for_all_is_measured_over_all_images(tmp_path: Path) -> None:
    write_image(tmp_path / "real" / "a.nrrd", np.linspace(-1000, 0, 3000).reshape(3, 10, 100).astype(np.int16))
    write_image(tmp_path / "net" / "a.nrrd", np.linspace(-500, 1000, 3000).reshape(3, 10, 100).astype(np.int16))
    study = create_study(files_of_folder(tmp_path), tmp_path, id="x").study
    assert study.display.window == pytest.approx(990 + 985, abs=3)  # 1st percentile of one to 99th of the other
    assert study.display.level == pytest.approx(-2.5, abs=3)
    given = create_study(files_of_folder(tmp_path), tmp_path, id="x", window=400, level=40).study
    assert (given.display.window, given.display.level) == (400, 40)


def test_what_tells_the_methods_apart_without_looking_is_said(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for case in range(10):
        values = rng.integers(-1000, 1000, (3, 10, 10)).astype(np.int16)
        write_image(tmp_path / "real" / f"{case}.nrrd", values)
        write_image(tmp_path / "net" / f"{case}.nrrd", np.abs(values[:2]) + 2000, (2.0, 2.0, 20.0))
    warnings = " ".join(create_study(files_of_folder(tmp_path), tmp_path, id="x").warnings)
    assert "differ in size or spacing (first: 0)" in warnings
    assert "grey levels of 10 cases hardly overlap" in warnings


def test_a_poor_design_is_said(tmp_path: Path) -> None:
    write_images(tmp_path, methods=("net", "copy"), cases=3)
    (tmp_path / "copy" / "patient0.nrrd").write_bytes((tmp_path / "net" / "patient0.nrrd").read_bytes())
    (tmp_path / "copy" / "patient1.nrrd").unlink()
    warnings = " ".join(create_study(files_of_folder(tmp_path), tmp_path, id="x", title="Is net good?").warnings)
    for said in ("3 cases", "lack some method (first: patient1)", "no real image", "same content", "All images are"):
        assert said in warnings
    assert "title names the method net" in warnings


def test_images_that_cannot_be_judged_are_refused(tmp_path: Path) -> None:
    bad = {
        "nan.nrrd": np.full((2, 4, 4), np.nan, np.float32),
        "complex.nrrd": np.ones((2, 4, 4), np.complex64),
        "four.nii": np.zeros((2, 2, 4, 4), np.float32),
    }
    for name, values in bad.items():
        path = tmp_path / name
        sitk.WriteImage(sitk.GetImageFromArray(values, isVector=False), str(path))
        with pytest.raises(XrayToCTError, match=name):
            read_study_image(path)
    broken = tmp_path / "broken.nrrd"
    broken.write_bytes(b"NRRD0004\ntype: short\n\n")
    with pytest.raises(XrayToCTError, match=r"broken\.nrrd cannot be read"):
        read_study_image(broken)
    with pytest.raises(XrayToCTError, match="no file"):
        read_study_image(tmp_path / "nowhere.nrrd")


def test_an_image_keeps_its_values_and_lies_where_its_file_says(tmp_path: Path) -> None:
    values = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    image = read_study_image(write_image(tmp_path / "a.nrrd", values))
    np.testing.assert_array_equal(image.voxels, values)
    assert image.voxels.dtype == np.int16
    assert image.spacing == (2.0, 3.0, 20.0)
    np.testing.assert_array_equal(np.diag(image.ijk_to_ras), (-2, -3, 20, 1))


def test_a_photograph_is_read_as_a_radiograph_of_one_slice(tmp_path: Path) -> None:
    path = write_image(tmp_path / "a.png", np.arange(64 * 48, dtype=np.uint16).reshape(64, 48))
    image = read_study_image(path)
    assert image.voxels.shape == (1, 64, 48)
    assert image.spacing[0] == pytest.approx(430 / 64)


def edited(study: Path, change: Any) -> Path:
    record = json.loads(study.read_text(encoding="utf-8"))
    change(record)
    study.write_text(json.dumps(record), encoding="utf-8")
    return study


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda r: r.update(schema_version=2), "schema_version 2"),
        (lambda r: r.pop("cases"), "cases"),
        (lambda r: r.update(cases=[]), "field cases"),
        (lambda r: r.update(id="a/b"), "field id"),
        (lambda r: r.update(seed=-1), "field seed"),
        (lambda r: r.update(extra=1), "extra"),
        (lambda r: r["display"].update(window=0), "display.window"),
        (lambda r: r["questions"][0].pop("levels"), r"questions\[0\]"),
        (lambda r: r["questions"][3].update(levels=["a", "b"]), r"questions\[3\]"),
        (lambda r: r["questions"].append(r["questions"][0]), "question realism occurs 2 times"),
        (lambda r: r["cases"].append(r["cases"][0]), "case patient0 occurs 2 times"),
        (lambda r: r["cases"][0]["candidates"].append(r["cases"][0]["candidates"][0]), "method .* occurs 2 times"),
        (lambda r: r["cases"][0]["candidates"][0].update(sha256="abc"), "sha256"),
        (lambda r: r["cases"][0]["candidates"][0].update(origin="fake"), "origin"),
        (lambda r: r["cases"][0]["candidates"][0].update(origin="real"), "real in one case and synthetic in another"),
        (lambda r: r.update(readers=["r1", "R1"]), "reader R1 occurs 2 times"),
        (lambda r: r.update(repeats=99), "99 repeated images"),
    ],
)
def test_a_study_file_that_is_wrong_is_refused_naming_the_field(tmp_path: Path, change: Any, said: str) -> None:
    study = edited(make_study(tmp_path, cases=2), change)
    with pytest.raises(XrayToCTError, match=said):
        read_study(study)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"schema_version": NaN}'])
def test_a_file_that_is_no_study_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "study.json"
    path.write_bytes(content)
    with pytest.raises(XrayToCTError):
        read_study(path)


def test_a_study_survives_writing_and_reading_and_replaces_nothing(tmp_path: Path) -> None:
    path = make_study(tmp_path, repeats=2, description="Ünïcode, $x$ and <b>")
    study = read_study(path)
    with pytest.raises(XrayToCTError, match="exists already"):
        write_study(study, path)
    assert read_study(write_study(study, tmp_path / "copy.json")) == study
    with pytest.raises(XrayToCTError, match=r"End its name in \.json"):
        write_study(study, tmp_path / "study.txt")


def test_missing_and_changed_images_are_named_to_the_maker(tmp_path: Path) -> None:
    path = make_study(tmp_path)
    images = tmp_path / "images" / "cyclegan"
    (images / "patient0.nrrd").unlink()
    content = bytearray((images / "patient1.nrrd").read_bytes())
    content[-1] ^= 1  # the same size
    (images / "patient1.nrrd").write_bytes(content)
    faults = check_images(read_study(path), path)
    assert faults == [
        "images/cyclegan/patient0.nrrd is missing.",
        "images/cyclegan/patient1.nrrd was changed after the study had been made.",
    ]


def test_checking_and_making_can_be_cancelled(tmp_path: Path) -> None:
    path = make_study(tmp_path)
    with pytest.raises(XrayToCTError, match="cancelled"):
        check_images(read_study(path), path, progress=lambda fraction, phase: False)
    with pytest.raises(XrayToCTError, match="cancelled"):
        create_study(
            files_of_folder(tmp_path / "images", real=METHODS[:1]), tmp_path, id="x", progress=lambda *_: False
        )


def test_the_command_makes_checks_and_evaluates_a_study(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_images(tmp_path / "images")
    study = tmp_path / "pilot.json"
    arguments = ["study", "create", str(tmp_path / "images"), "-o", str(study), "--real", "groundtruth", "--json"]
    assert main([*arguments, "--readers", "R1, R2", "--repeats", "2", "--seed", "4"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["id"], made["cases"], made["images"], made["readers"]) == ("pilot", 4, 12, ["R1", "R2"])
    assert main(["study", "check", str(study)]) == 0
    assert "4 cases, 12 images, all as they were" in capsys.readouterr().out
    read_whole(study, "R1")
    with open_session(study, "R2") as session:
        session.answer("realism", 2)
        for question, value in steady_answers(session).items():
            session.answer(question, value)
        session.next()
    assert main(["study", "check", str(study)]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == ["R1: finished", "R2: 1 of 14"]
    assert main(["study", "check", str(study), "--json"]) == 0
    standings = json.loads(capsys.readouterr().out)["sessions"]
    assert standings[1] == {"reader": "R2", "done": 1, "count": 14, "is_finished": False}
    read_whole(study, "R2")
    assert main(["study", "results", str(study), "-o", str(tmp_path / "out"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["readers"] == ["R1", "R2"]
    assert [Path(name).name for name in found["files"]] == ["answers.csv", "measures.csv", "results.html"]
    assert any(measure["statistic"].startswith("Krippendorff") for measure in found["measures"])
    assert main(["study", "results", str(study)]) == 0
    assert "Krippendorff's alpha, ordinal" in capsys.readouterr().out


def test_the_command_says_what_is_wrong_and_exits_with_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = make_study(tmp_path)
    (tmp_path / "images" / "secretnet" / "patient2.nrrd").unlink()
    assert main(["study", "check", str(study), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["faults"] == ["images/secretnet/patient2.nrrd is missing."]
    assert main(["study", "create", str(tmp_path / "images"), "-o", str(study)]) == 1
    assert "exists already" in capsys.readouterr().err
    assert main(["study", "results", str(study)]) == 1
    assert "no session" in capsys.readouterr().err
    assert main(["study", "create", str(study), "-o", str(tmp_path / "other.json")]) == 1
    assert "neither a folder nor a .csv" in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong", [["-o", "x.txt"], ["-o", "x.json", "--seed", "-1"], ["-o", "x.json", "--window", "0"], []]
)
def test_a_command_line_that_makes_no_sense_exits_with_two(tmp_path: Path, wrong: list[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["study", "create", str(tmp_path), *wrong])
    assert left.value.code == 2
