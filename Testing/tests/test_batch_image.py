"""One image of a batch: what is made, what is skipped, what is refused, and what becomes of every error."""

from __future__ import annotations

import os
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from batch_files import write_cine, write_image
from tiny_bundle import write_tiny_bundle

from XrayToCTLib import read_stack
from XrayToCTLib.batches import make_image as module
from XrayToCTLib.batches import run_image as run_module
from XrayToCTLib.batches import trust_check
from XrayToCTLib.batches.outcome import DONE, FAILED, SKIPPED, Outcome
from XrayToCTLib.batches.output_folder import OutputFolder
from XrayToCTLib.batches.run_image import run_image
from XrayToCTLib.batches.task import ReadOptions, Settings, Task
from XrayToCTLib.ct_stack import CtStack
from XrayToCTLib.enhancement.presets import find_pipeline
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.models.bundle import Bundle


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return write_tiny_bundle(tmp_path_factory.mktemp("models") / "tiny")


class Folder:
    """An output folder, and settings for it."""

    def __init__(self, out: OutputFolder, bundle: Bundle) -> None:
        self.out = out
        self.settings = Settings(
            str(bundle.folder),
            bundle.sha256,
            "torch-cpu/fp32",
            None,
            "nrrd",
            False,
            str(out.path),
            str(out.work),
            False,
        )

    def run(self, path: Path, options: ReadOptions = ReadOptions(), **changes: object) -> Outcome:  # noqa: B008
        """As a batch would."""
        name = f"{path.stem}{'-frame*' if options.frame == 'all' else ''}.nrrd"
        task = Task(str(path), name, options, known=self.out.ledger.made(name))
        outcome = run_image(task, replace(self.settings, **changes))  # type: ignore[arg-type]
        return self.out.publish(outcome)[0] if outcome.is_new else outcome

    def stack(self, name: str) -> CtStack:
        return read_stack(self.out.path / name)


@pytest.fixture
def folder(tmp_path: Path, tiny: Bundle):
    with OutputFolder(tmp_path / "out", overwrite=False) as out:
        yield Folder(out, tiny)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return write_image(tmp_path / "in" / "x.nrrd")


def statuses(outcome: Outcome) -> list[str]:
    return [row.status for row in outcome.rows]


def test_an_image_is_made_with_all_that_is_known_of_it(folder: Folder, image: Path):
    (row,) = folder.run(image, ReadOptions(view="AP")).rows
    assert (row.status, row.output, row.frame, row.view) == (DONE, "x.nrrd", 0, "AP")
    assert row.shape == (4, 60, 50) and row.spacing_mm == (2.0, 2.0)
    assert row.model == "tiny@0.1.0" and row.device == "cpu" and row.gate == ""
    assert {"read", "translate", "write"} == set(row.seconds)
    assert any("not calibrated" in warning for warning in row.warnings)
    stack = folder.stack("x.nrrd")
    assert stack.hu.shape == (4, 60, 50)
    assert stack.provenance["source"] == str(image)


def test_it_is_skipped_when_content_model_and_options_are_the_same(folder: Folder, image: Path):
    first = folder.run(image)
    again = folder.run(image)
    assert statuses(again) == [SKIPPED] and not again.is_new
    assert replace(again.rows[0], status=DONE) == first.rows[0]


def test_other_content_of_the_same_size_and_time_is_not_skipped(folder: Folder, image: Path):
    import os

    folder.run(image)
    before, content = image.stat(), bytearray(image.read_bytes())
    content[-2] ^= 1
    image.write_bytes(content)
    os.utime(image, ns=(before.st_atime_ns, before.st_mtime_ns))
    outcome = folder.run(image)
    assert statuses(outcome) == [FAILED] and "other content" in outcome.rows[0].error


@pytest.mark.parametrize(
    "change",
    [
        {"options": ReadOptions(spacing=(1.0, 1.0))},
        {"options": ReadOptions(polarity="bone-dark")},
        {"options": ReadOptions(view="AP")},
        {"pipeline": find_pipeline("clahe").to_record()},
        {"compress": True},
        {"device": "cpu/fp32"},
    ],
)
def test_other_options_replace_nothing_unless_they_are_allowed_to(folder: Folder, image: Path, change: dict):
    folder.run(image)
    before = (folder.out.path / "x.nrrd").read_bytes()
    options = change.pop("options", ReadOptions())
    refused = folder.run(image, options, **change)
    assert statuses(refused) == [FAILED] and "--overwrite" in refused.rows[0].hint
    assert (folder.out.path / "x.nrrd").read_bytes() == before
    folder.out._overwrite = True
    assert statuses(folder.run(image, options, overwrite=True, **change)) == [DONE]
    assert statuses(folder.run(image, options, overwrite=True, **change)) == [SKIPPED]
    assert statuses(folder.run(image)) == [FAILED]  # what is there now was made otherwise


def test_another_model_is_another_result(folder: Folder, image: Path, tmp_path: Path):
    folder.run(image)
    other = write_tiny_bundle(tmp_path / "other", version="0.2.0")
    outcome = folder.run(image, model_folder=str(other.folder), model_sha256=other.sha256)
    assert statuses(outcome) == [FAILED] and "another model" in outcome.rows[0].error


def test_a_result_that_is_gone_is_made_again_and_one_that_was_changed_is_left_alone(folder: Folder, image: Path):
    folder.run(image)
    path = folder.out.path / "x.nrrd"
    before = path.read_bytes()
    path.unlink()
    assert statuses(folder.run(image)) == [DONE]
    assert path.read_bytes() == before
    path.write_bytes(b"somebody's")
    outcome = folder.run(image)
    assert statuses(outcome) == [FAILED] and "earlier run left it" in outcome.rows[0].error
    assert path.read_bytes() == b"somebody's"


def test_a_file_of_somebody_else_is_not_replaced(folder: Folder, image: Path):
    (folder.out.path / "x.nrrd").write_bytes(b"somebody's")
    outcome = folder.run(image)
    assert statuses(outcome) == [FAILED] and "exists already" in outcome.rows[0].error


def test_one_frame_of_many_is_made_with_a_warning(folder: Folder, tmp_path: Path):
    cine = write_cine(tmp_path / "in" / "cine.dcm")
    (row,) = folder.run(cine, ReadOptions(frame=1)).rows
    assert row.frame == 1 and any("2 more" in warning for warning in row.warnings)
    assert folder.stack("cine.nrrd").provenance["source_frame"] == "1"
    outcome = folder.run(cine, ReadOptions(frame=7))
    assert statuses(outcome) == [FAILED] and "no frame 7" in outcome.rows[0].error


def test_all_frames_are_made_and_each_is_skipped_by_itself(folder: Folder, tmp_path: Path):
    cine = write_cine(tmp_path / "in" / "cine.dcm")
    every = ReadOptions(frame="all")
    outcome = folder.run(cine, every)
    assert [row.output for row in outcome.rows] == [f"cine-frame000{number}.nrrd" for number in range(3)]
    assert statuses(outcome) == [DONE] * 3
    assert np.ptp(folder.stack("cine-frame0002.nrrd").hu) > 0
    assert folder.stack("cine-frame0002.nrrd").provenance["source_frame"] == "2"
    (folder.out.path / "cine-frame0001.nrrd").unlink()
    assert statuses(folder.run(cine, every)) == [SKIPPED, DONE, SKIPPED]
    assert statuses(folder.run(cine, every)) == [SKIPPED] * 3


def test_a_frame_that_fails_stops_no_other(folder: Folder, tmp_path: Path):
    cine = write_cine(tmp_path / "in" / "cine.dcm", constant=1)
    outcome = folder.run(cine, ReadOptions(frame="all"))
    assert statuses(outcome) == [DONE, FAILED, DONE]
    assert outcome.rows[1].frame == 1 and "constant" in outcome.rows[1].error
    assert statuses(folder.run(cine, ReadOptions(frame="all"))) == [SKIPPED, FAILED, SKIPPED]


def test_an_enhancement_runs_before(folder: Folder, image: Path):
    (row,) = folder.run(image, pipeline=find_pipeline("clahe").to_record()).rows
    assert "enhance" in row.seconds
    assert "clahe" in folder.stack("x.nrrd").provenance["enhancement"]


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n rest", b"junk" * 100])
def test_a_damaged_file_is_an_outcome(folder: Folder, tmp_path: Path, content: bytes):
    path = tmp_path / "bad.png"
    path.write_bytes(content)
    outcome = folder.run(path)
    assert statuses(outcome) == [FAILED] and outcome.rows[0].error and outcome.rows[0].hint
    assert outcome.fatal is None


def test_a_missing_file_is_an_outcome(folder: Folder, tmp_path: Path):
    outcome = folder.run(tmp_path / "missing.png")
    assert statuses(outcome) == [FAILED] and "cannot be opened" in outcome.rows[0].error


def test_a_pipe_is_an_outcome_and_not_waited_for(folder: Folder, tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.dcm")
    row = folder.run(tmp_path / "pipe.dcm").rows[0]
    assert row.status == FAILED
    assert "a pipe" in row.error


def test_an_error_that_nobody_thought_of_is_an_outcome(folder: Folder, image: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "read_radiograph", lambda *_, **__: 1 / 0)
    outcome = folder.run(image)
    assert "ZeroDivisionError" in outcome.rows[0].error


def test_too_little_memory_beside_others_is_tried_alone(folder: Folder, image: Path, monkeypatch: pytest.MonkeyPatch):
    real, tries = module.read_radiograph, []

    def read(*arguments: object, **options: object) -> object:
        tries.append(run_module._crowd._alone)
        if len(tries) == 1:
            raise MemoryError
        return real(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "read_radiograph", read)
    assert statuses(folder.run(image)) == [DONE]
    assert tries == [False, True]


def test_too_little_memory_alone_is_an_outcome_with_a_hint(
    folder: Folder, image: Path, monkeypatch: pytest.MonkeyPatch
):
    from XrayToCTLib.translation import engine

    monkeypatch.setattr(engine, "available_bytes", lambda: 1000)
    outcome = folder.run(image)
    assert statuses(outcome) == [FAILED]
    assert "not enough memory" in outcome.rows[0].error and "reduce" in outcome.rows[0].hint
    assert outcome.fatal is None


def test_another_model_in_the_folder_than_at_the_start_ends_the_batch(folder: Folder, image: Path):
    outcome = folder.run(image, model_sha256="0" * 64)
    assert outcome.fatal is not None and "another model" in outcome.fatal[0]


def test_a_full_disk_ends_the_batch(folder: Folder, image: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object, **__: object) -> None:
        raise XrayToCTError("No space left on device.", hint="")

    monkeypatch.setattr(module, "write_output", full)
    outcome = folder.run(image)
    assert outcome.fatal is None and "No space" in outcome.rows[0].error  # the disk is not full: this image only
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 10, 0))
    outcome = folder.run(image)
    assert outcome.fatal is not None and "no space left" in outcome.fatal[0]
    assert list(Path(folder.settings.work).iterdir()) == []


def test_a_work_folder_that_is_gone_ends_the_batch(folder: Folder, image: Path):
    outcome = folder.run(image, work=folder.settings.work + "-gone")
    assert outcome.fatal is not None and "is not there on" in outcome.fatal[0]


def test_results_of_several_runs_are_the_same_bytes(tmp_path: Path, tiny: Bundle, image: Path):
    found = []
    for name in ("one", "two"):
        with OutputFolder(tmp_path / name, overwrite=False) as out:
            folder = Folder(out, tiny)
            for format in ("nrrd", "nii.gz", "mha"):
                task = Task(str(image), f"x.{format}", ReadOptions())
                out.publish(run_image(task, replace(folder.settings, format=format, compress=format == "nrrd")))
            found.append([(tmp_path / name / f"x.{format}").read_bytes() for format in ("nrrd", "nii.gz", "mha")])
    assert found[0] == found[1]


def test_dicom_is_written_for_the_patient_of_the_radiograph_and_the_same_bytes_each_time(
    folder: Folder, tmp_path: Path, image: Path
):
    import pydicom

    cine = write_cine(tmp_path / "in" / "cine.dcm")
    given = replace(folder.settings, format="dicom")
    tasks = [Task(str(cine), "cine.dcm", ReadOptions(frame=1)), Task(str(image), "x.dcm", ReadOptions())]
    found = []
    for output in ("one", "two"):
        with OutputFolder(tmp_path / output, overwrite=False) as out:
            settings = replace(given, output=str(out.path), work=str(out.work))
            published, _ = out.publish(run_image(tasks[0], settings))
            assert statuses(published) == [DONE]
            nobodys = run_image(tasks[1], settings)
            assert statuses(nobodys) == [FAILED] and "names no patient" in nobodys.rows[0].error
            somebodys = replace(tasks[1], options=ReadOptions(patient_id="P7"))
            assert statuses(out.publish(run_image(somebodys, settings))[0]) == [DONE]
            found.append([(out.path / name).read_bytes() for name in ("cine.dcm", "x.dcm")])
    assert found[0] == found[1]
    source, written = pydicom.dcmread(cine), pydicom.dcmread(tmp_path / "one" / "cine.dcm")
    assert written.PatientID == source.PatientID
    assert written.SourceImageSequence[0].ReferencedSOPInstanceUID == source.SOPInstanceUID
    assert pydicom.dcmread(tmp_path / "one" / "x.dcm").PatientID == "P7"


@pytest.mark.parametrize("trust", ["quick", "full"])
def test_trust_is_checked_when_that_is_asked_for(folder: Folder, image: Path, trust: str):
    (row,) = folder.run(image, trust=trust).rows
    assert row.trust == ("doubtful" if row.doubts else "fine")
    assert row.trust_values["reprojection"] > 0 and ("unsteadiness" in row.trust_values) == (trust == "full")
    assert row.seconds["trust"] > 0
    assert statuses(folder.run(image)) == [SKIPPED]  # whatever is asked of trust, the file is the same


def test_a_trust_check_that_fails_fails_no_image(folder: Folder, image: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(trust_check, "TrustCheck", lambda *_, **__: 1 / 0)
    (row,) = folder.run(image, trust="quick").rows
    assert (row.status, row.trust) == (DONE, "unknown") and "ZeroDivisionError" in row.warnings[-1]


def test_trust_is_checked_of_each_frame(folder: Folder, tmp_path: Path):
    cine = write_cine(tmp_path / "in" / "cine.dcm")
    assert all(
        row.trust in ("fine", "doubtful") for row in folder.run(cine, ReadOptions(frame="all"), trust="quick").rows
    )
    (row,) = folder.run(cine, ReadOptions(frame=2), trust="quick").rows
    assert row.trust in ("fine", "doubtful")


def test_settings_are_plain_types(folder: Folder):
    import json

    assert json.loads(json.dumps(asdict(folder.settings))) == asdict(folder.settings)
