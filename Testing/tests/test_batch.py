"""Whole batches in processes of their own, whatever happens to these."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import psutil
import pytest
from batch_files import results, summary, work_left, write_cine, write_image, write_images, write_quick_bundle
from held_batch import COMMAND
from tiny_bundle import write_tiny_bundle

import XrayToCTLib as x2ct
from XrayToCTLib.batches import batch, local_pool
from XrayToCTLib.batches.outcome import DONE, FAILED, SKIPPED, Row
from XrayToCTLib.batches.task import Task
from XrayToCTLib.cli import main
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.models.bundle import Bundle
from XrayToCTLib.progress import TranslationCancelled

DEVICE = "onnxruntime"  # starts in a fraction of the time that torch takes


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return write_quick_bundle(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The names of images say what reading them does to their process."""
    monkeypatch.setattr(local_pool, "command", lambda executable: COMMAND)


def run(given: object, output: Path, model: Bundle, **options: Any) -> x2ct.BatchReport:
    return x2ct.batch(given, output, model=model.folder, device=DEVICE, **options)  # type: ignore[arg-type]


def statuses(output: Path) -> dict[str, str]:
    return {name: row["status"] for name, row in summary(output).items()}


def test_folders_are_mirrored_bad_files_stop_nothing_and_done_ones_are_skipped(tmp_path: Path, model: Bundle):
    given = write_images(tmp_path / "in", ["a/one.png", "a/two.nrrd", "b/deep/three.png", "same.png", "same.nrrd"])
    (given / "a" / "bad.dcm").write_bytes(b"junk")
    (given / "notes.txt").write_text("no image")
    output = tmp_path / "out"
    rows: list[Row] = []
    report = run(given, output, model, on_row=rows.append)
    assert (report.done, report.skipped, report.failed, report.passed_over) == (5, 0, 1, 1)
    assert not report.ok and len(rows) == 6
    assert set(results(output)) == {
        "a/one-ct-stack.nrrd",
        "a/two-ct-stack.nrrd",
        "b/deep/three-ct-stack.nrrd",
        "same.png-ct-stack.nrrd",
        "same.nrrd-ct-stack.nrrd",
    }
    found = summary(output)
    assert found["bad.dcm"]["status"] == FAILED and found["bad.dcm"]["error"] and found["bad.dcm"]["hint"]
    assert float(found["two.nrrd"]["translate_s"]) > 0 and found["two.nrrd"]["slabs"] == "4"
    assert "not calibrated" in found["two.nrrd"]["warnings"] and found["two.nrrd"]["trust"] in ("fine", "doubtful")
    assert list(found) == [
        "same.nrrd",
        "same.png",
        "bad.dcm",
        "one.png",
        "two.nrrd",
        "three.png",
    ]  # in the order of the inputs
    before = results(output)
    (given / "a" / "bad.dcm").unlink()
    write_image(given / "new.png")
    again = run(given, output, model)
    assert (again.done, again.skipped, again.failed) == (1, 5, 0)
    assert results(output).items() > before.items()
    assert statuses(output)["two.nrrd"] == SKIPPED and summary(output)["two.nrrd"]["warnings"]
    assert work_left(output) == []


def test_two_processes_give_the_bytes_that_one_gives(tmp_path: Path, model: Bundle):
    given = write_images(tmp_path / "in", [f"{number}.nrrd" for number in range(6)])
    run(given, tmp_path / "one", model)
    run(given, tmp_path / "two", model, jobs=2)
    assert results(tmp_path / "one") == results(tmp_path / "two") and len(results(tmp_path / "one")) == 6


@pytest.mark.usefixtures("faulty")
def test_an_image_that_kills_its_process_fails_and_no_other_does(tmp_path: Path, model: Bundle):
    names = ["0.nrrd", "1-killer.nrrd", "2.nrrd", "3.nrrd", "4-killer.nrrd", "5.nrrd", "6-broken.nrrd"]
    given = write_images(tmp_path / "in", names)
    run(given, tmp_path / "out", model)
    found = summary(tmp_path / "out")
    assert {name for name, row in found.items() if row["status"] == FAILED} == {
        "1-killer.nrrd",
        "4-killer.nrrd",
        "6-broken.nrrd",
    }
    assert "SIGKILL" in found["1-killer.nrrd"]["error"] and "ZeroDivisionError" in found["6-broken.nrrd"]["error"]
    assert sum(row["status"] == DONE for row in found.values()) == 4
    assert work_left(tmp_path / "out") == []


@pytest.mark.usefixtures("faulty")
def test_an_error_that_no_outcome_tells_of_ends_its_process_and_fails_its_image(tmp_path: Path, model: Bundle):
    given = write_images(tmp_path / "in", ["0.nrrd", "1-unread.nrrd", "2.nrrd"])
    report = run(given, tmp_path / "out", model)
    assert (report.done, report.failed) == (2, 1)
    assert "exit status 1" in summary(tmp_path / "out")["1-unread.nrrd"]["error"]


@pytest.mark.usefixtures("faulty")
def test_an_image_whose_process_was_killed_by_others_is_made(tmp_path: Path, model: Bundle):
    given = write_images(tmp_path / "in", ["0-stray.nrrd", "1.nrrd", "2-hungry.nrrd"])
    report = run(given, tmp_path / "out", model)
    assert (report.done, report.failed) == (3, 0)


@pytest.mark.parametrize("number", [1, 3, 5])
def test_the_images_of_a_process_that_dies_while_it_is_given_one_are_made(
    tmp_path: Path, model: Bundle, monkeypatch: pytest.MonkeyPatch, number: int
):
    given = write_images(tmp_path / "in", [f"{each}.nrrd" for each in range(6)])
    tasks = batch._tasks

    def kill_before_one(*args: Any) -> Iterator[Task]:
        for each, task in enumerate(tasks(*args)):
            if each == number:
                children = [one for one in psutil.Process().children() if "batches import child" in str(one.cmdline())]
                assert children
                for child in children:
                    child.kill()
                psutil.wait_procs(children, timeout=20)
            yield task

    monkeypatch.setattr(batch, "_tasks", kill_before_one)
    report = run(given, tmp_path / "out", model)
    assert (report.done, report.failed) == (6, 0)
    assert work_left(tmp_path / "out") == []


@pytest.mark.usefixtures("faulty")
def test_processes_that_all_die_end_the_batch_with_a_sentence(
    tmp_path: Path, model: Bundle, monkeypatch: pytest.MonkeyPatch
):
    given = write_images(tmp_path / "in", ["0.nrrd", "1.nrrd"])
    monkeypatch.setattr(local_pool, "command", lambda executable: [executable, "-c", "import sys; sys.exit(3)"])
    monkeypatch.setattr(local_pool, "_MOST_DEATHS", 2)
    with pytest.raises(XrayToCTError, match=r"one after another.*status 3"):
        run(given, tmp_path / "out", model)
    assert work_left(tmp_path / "out") == []


def test_a_batch_that_lost_an_image_says_so(tmp_path: Path, model: Bundle, monkeypatch: pytest.MonkeyPatch):
    given = write_images(tmp_path / "in", ["0.nrrd", "1.nrrd", "2.nrrd"])
    tasks = batch._tasks
    monkeypatch.setattr(batch, "_tasks", lambda *args: islice(tasks(*args), 1, None))
    with pytest.raises(XrayToCTError, match="1 of 3 images were left out"):
        run(given, tmp_path / "out", model)
    assert len(summary(tmp_path / "out")) == 2
    monkeypatch.undo()
    assert run(given, tmp_path / "out", model).skipped == 2


def test_progress_tells_rate_and_time_left_and_cancels(tmp_path: Path, model: Bundle):
    given = write_images(tmp_path / "in", [f"{number}.nrrd" for number in range(8)])
    seen: list[tuple[float, str]] = []

    def cancel_after_three(fraction: float, phase: str) -> bool:
        seen.append((fraction, phase))
        return len(seen) < 4

    with pytest.raises(TranslationCancelled):
        run(given, tmp_path / "out", model, progress=cancel_after_three)
    assert seen[0] == (0.0, "0 of 8")
    assert seen[3][0] == pytest.approx(3 / 8) and seen[3][1].startswith("3 of 8")
    assert "left" in seen[3][1]
    assert len(results(tmp_path / "out")) == 3 and len(summary(tmp_path / "out")) == 3
    assert work_left(tmp_path / "out") == []
    assert run(given, tmp_path / "out", model).skipped == 3


def test_a_csv_says_how_each_is_read_and_where_it_goes(tmp_path: Path, model: Bundle):
    write_image(tmp_path / "x.png")
    write_cine(tmp_path / "cine.dcm")
    table = tmp_path / "list.csv"
    table.write_text(
        "path,output,spacing,frame\nx.png,patient/first,1.5,\nx.png,,3,\ncine.dcm,,,all\nmissing.png,,,\nx.png,,wide,\n"
    )
    report = run(table, tmp_path / "out", model)
    assert (report.done, report.failed) == (5, 2)
    assert set(results(tmp_path / "out")) == {
        "patient/first.nrrd",
        "x.png-ct-stack.nrrd",
        *(f"cine-frame000{number}-ct-stack.nrrd" for number in range(3)),
    }
    assert x2ct.read_stack(tmp_path / "out" / "patient" / "first.nrrd").spacing == (1.5, 1.5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "png"}, "no format"),
        ({"jobs": 0}, "processes"),
        ({"trust": "blind"}, "no trust check"),
        ({"frame": -1}, "no frame"),
        ({"frame": "some"}, "no frame"),
        ({"view": "ABOVE"}, "no view"),
        ({"polarity": "grey"}, "no polarity"),
        ({"spacing": (0.0, 1.0)}, "impossible"),
        ({"device": "toaster"}, "no device"),
        ({"enhance": "no-such"}, "no-such"),
        ({"model": "no-such"}, "no model"),
    ],
)
def test_what_is_wrong_for_all_is_told_before_the_first(tmp_path: Path, changes: dict[str, Any], message: str):
    given = write_image(tmp_path / "x.nrrd")
    with pytest.raises(XrayToCTError, match=message):
        x2ct.batch(given, tmp_path / "out", **changes)
    assert not (tmp_path / "out").exists()


def test_inputs_that_make_no_sense_are_refused(tmp_path: Path, model: Bundle):
    (tmp_path / "list.csv").write_text("file\nx.png\n")
    (tmp_path / "file").write_text("")
    image = write_image(tmp_path / "x.nrrd")
    for given, output, message in (
        ([], "out", "nothing"),
        ([tmp_path / "list.csv", image], "out", "only input"),
        (tmp_path / "list.csv", "out", 'no column "path"'),
        (tmp_path / "no-*.png", "out", "No file matches"),
        (image, "file", "not a folder"),
        (tmp_path, ".", "is the input"),
    ):
        with pytest.raises(XrayToCTError, match=message):
            run(given, tmp_path / output, model)
    assert not (tmp_path / "out").exists()


def test_the_command_prints_the_summary_or_json_and_fails_when_an_image_does(
    tmp_path: Path, model: Bundle, capsys: pytest.CaptureFixture[str]
):
    given = write_images(tmp_path / "in", ["0.nrrd", "1.nrrd"])
    output = tmp_path / "out"
    arguments = ["batch", str(given), str(output), "--model", str(model.folder), "--device", DEVICE]
    assert main(arguments) == 0
    said = capsys.readouterr()
    assert said.out.strip() == str(output / "xray-to-ct-batch.csv")
    assert "100 %" in said.err and "2 done" in said.err and "Not for diagnostic use" in said.err
    (given / "bad.png").write_bytes(b"")
    assert main([*arguments, "--json"]) == 1
    said = capsys.readouterr()
    record = json.loads(said.out)
    assert (record["done"], record["skipped"], record["failed"]) == (0, 2, 1)
    assert record["failures"][0]["input"].endswith("bad.png") and record["not_for_diagnostic_use"]
    assert "bad.png is empty" in said.err
    assert main([*arguments[:3], "--format", "nii.gz", "--model", "no-such"]) == 1
    with pytest.raises(SystemExit):
        main([*arguments, "--frame", "first"])


@pytest.mark.usefixtures("measured_precision")
def test_a_torch_model_runs_too(tmp_path: Path):
    bundle = write_tiny_bundle(tmp_path / "torch")
    given = write_images(tmp_path / "in", ["0.png"])
    assert x2ct.batch(given, tmp_path / "out", model=bundle.folder, device="cpu").done == 1
    pinned = next((tmp_path / "out" / ".xray-to-ct-batch" / "devices").iterdir())
    assert pinned.read_text() in ("torch-cpu/fp32", "torch-cpu/bf16")
