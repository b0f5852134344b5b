"""The parts of a batch: its ledger, its output folder, its clock, its summary and the lock of memory."""

from __future__ import annotations

import csv
import json
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from XrayToCTLib.batches.held_signals import signals_held
from XrayToCTLib.batches.ledger import Ledger
from XrayToCTLib.batches.outcome import DONE, FAILED, SKIPPED, Outcome, Row, failed
from XrayToCTLib.batches.output_folder import STATE, OutputFolder
from XrayToCTLib.batches.rate import Rate
from XrayToCTLib.batches.stack_buffers import StackBuffers
from XrayToCTLib.batches.summary import COLUMNS, USE, write_summary
from XrayToCTLib.batches.task import ReadOptions, Task
from XrayToCTLib.batches.together_or_alone import TogetherOrAlone
from XrayToCTLib.errors import XrayToCTError


def made_row(out: OutputFolder, output: str = "a/x.nrrd", content: bytes = b"stack") -> Row:
    """A row whose file lies in the work folder."""
    work = out.work / "one"
    work.mkdir(exist_ok=True)
    (work / Path(output).name).write_bytes(content)
    return Row("/in/x.dcm", DONE, 0, output, bytes=len(content), work=f"one/{Path(output).name}")


def outcome(*rows: Row, key: str = "key") -> Outcome:
    return Outcome("a/x.nrrd", key, rows)


def test_an_outcome_survives_json():
    row = Row("/x", DONE, 0, "x", doubts=("one", "two"), warnings=("w",), shape=(4, 5, 6), seconds={"read": 0.5})
    given = Outcome("x", "key", (row,), ("it broke", "mend it"))
    assert Outcome.from_record(json.loads(json.dumps(given.to_record()))) == given
    task = Task("/x", "x", ReadOptions((1.0, 2.0), view="PA"), ("it broke", "mend it"), {"key": "k", "rows": []})
    assert Task.from_record(json.loads(json.dumps(task.to_record()))) == task


def test_the_ledger_remembers_what_was_made_and_not_what_failed(tmp_path: Path):
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.append(outcome(Row("/x", DONE, 0, "a/x.nrrd", bytes=5)))
    ledger.append(failed("a/x.nrrd", "/x", "it broke", "mend it", key="other"))
    ledger.close()
    again = Ledger(tmp_path / "ledger.jsonl")
    known = again.made("a/x.nrrd")
    assert known is not None and known["key"] == "key" and known["rows"][0]["bytes"] == 5
    assert again.made("a/y.nrrd") is None
    again.close()


def test_a_line_that_was_cut_off_counts_for_nothing_and_spoils_no_other(tmp_path: Path):
    path = tmp_path / "ledger.jsonl"
    ledger = Ledger(path)
    ledger.append(outcome(Row("/x", DONE, 0, "a/x.nrrd")))
    ledger.close()
    whole = path.read_bytes()
    path.write_bytes(whole + b"\xff not json\n" + b'{"task": 3}\n' + whole[: len(whole) // 2])
    ledger = Ledger(path)
    assert ledger.made("a/x.nrrd") is not None
    ledger.append(Outcome("b", "key", (Row("/b", DONE, 0, "b"),)))
    ledger.close()
    again = Ledger(path)
    assert again.made("b") is not None and again.made("a/x.nrrd") is not None
    again.close()


def test_a_result_appears_whole_after_its_line(tmp_path: Path):
    with OutputFolder(tmp_path / "out", overwrite=False) as out:
        published, offset = out.publish(outcome(made_row(out)))
        assert (tmp_path / "out" / "a" / "x.nrrd").read_bytes() == b"stack"
        assert published.rows[0].work == ""
        assert Outcome.from_record(out.ledger.line_at(offset)) == published
    assert list((tmp_path / "out" / STATE / "work").iterdir()) == []


def test_a_file_that_came_in_between_is_not_replaced(tmp_path: Path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.nrrd").write_bytes(b"somebody's")
    with OutputFolder(tmp_path, overwrite=False) as out:
        published, _ = out.publish(outcome(made_row(out)))
        assert published.rows[0].status == FAILED and "exists already" in published.rows[0].error
        assert out.ledger.made("a/x.nrrd") is None
    assert (tmp_path / "a" / "x.nrrd").read_bytes() == b"somebody's"


def test_a_file_is_replaced_when_that_is_asked_for(tmp_path: Path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.nrrd").write_bytes(b"old")
    with OutputFolder(tmp_path, overwrite=True) as out:
        assert out.publish(outcome(made_row(out)))[0].rows[0].status == DONE
    assert (tmp_path / "a" / "x.nrrd").read_bytes() == b"stack"


def test_a_folder_that_cannot_be_made_fails_the_image_and_not_the_batch(tmp_path: Path):
    (tmp_path / "a").write_text("a file where the folder should be")
    with OutputFolder(tmp_path, overwrite=False) as out:
        published, offset = out.publish(outcome(made_row(out)))
        assert published.rows[0].status == FAILED and "could not be written" in published.rows[0].error
        assert Outcome.from_record(out.ledger.line_at(offset)) == published


def test_an_output_folder_belongs_to_one_batch_at_a_time(tmp_path: Path):
    with OutputFolder(tmp_path, overwrite=False), pytest.raises(XrayToCTError, match="Another batch"):
        OutputFolder(tmp_path, overwrite=False)
    OutputFolder(tmp_path, overwrite=False).close()


def test_what_a_killed_batch_left_is_swept_away(tmp_path: Path):
    left = tmp_path / STATE / "work" / "dead" / "half"
    left.mkdir(parents=True)
    (left / "stack.nrrd").write_bytes(b"half")
    with OutputFolder(tmp_path, overwrite=False) as out:
        assert list((tmp_path / STATE / "work").iterdir()) == [out.work]


def test_an_output_folder_that_cannot_be_is_refused(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(XrayToCTError, match="cannot be written"):
        OutputFolder(tmp_path / "file" / "out", overwrite=False)


def test_the_rate_follows_the_last_minute_and_tells_the_time_left():
    now = [0.0]
    rate = Rate(100, now=lambda: now[0])
    assert rate.sentence() == "" and rate.remaining_s is None
    for done in range(1, 11):  # one in ten seconds
        now[0] += 10
        rate.note(done)
    assert rate.per_second == pytest.approx(0.1)
    assert rate.remaining_s == pytest.approx(900)
    for done in range(11, 91):  # one a second
        now[0] += 1
        rate.note(done)
    assert rate.per_second == pytest.approx(1.0, rel=0.05)
    assert rate.sentence() == "1.00 a second, 10 s left"


def test_the_summary_has_a_line_for_each_row_and_says_what_it_is_for(tmp_path: Path):
    rows = [
        Row(
            "/in/a.dcm",
            DONE,
            0,
            "a.nrrd",
            gate="flagged",
            gate_score=1.2,
            trust="doubtful",
            doubts=("Look again.",),
            trust_values={"reprojection-local": 0.25},
            warnings=("One, with a comma.", "Two."),
            shape=(4, 5, 6),
        ),
        Row("/in/b.dcm", FAILED, error='It "broke".\nTwice.', hint="Mend it."),
    ]
    path = write_summary(tmp_path / "summary.csv", rows)
    with path.open(encoding="utf-8", newline="") as file:
        first, second = csv.DictReader(file)
    assert set(first) == set(COLUMNS)
    assert first["warnings"] == "One, with a comma. | Two." and first["gate"] == "flagged" and first["rows"] == "5"
    assert (first["trust"], first["trust_reprojection_local"], first["doubts"]) == ("doubtful", "0.25", "Look again.")
    assert second["error"] == 'It "broke".\nTwice.' and second["gate_score"] == ""
    assert first["use"] == second["use"] == USE
    assert list(tmp_path.iterdir()) == [path]


def test_a_summary_that_cannot_be_written_leaves_the_old_one(tmp_path: Path):
    path = tmp_path / "summary.csv"
    path.mkdir()
    with pytest.raises(XrayToCTError, match="could not be written"):
        write_summary(path, [])
    assert list(tmp_path.iterdir()) == [path]


def test_one_that_wants_to_be_alone_waits_for_the_others_and_keeps_new_ones_out():
    crowd, inside, seen = TogetherOrAlone(), [0], []

    def together() -> None:
        with crowd.together():
            inside[0] += 1
            time.sleep(0.02)
            inside[0] -= 1

    def alone() -> None:
        with crowd.alone():
            seen.append(inside[0])
            time.sleep(0.02)
            seen.append(inside[0])

    threads = [threading.Thread(target=alone if number % 3 == 1 else together) for number in range(12)]
    for thread in threads:
        thread.start()
        time.sleep(0.002)
    for thread in threads:
        thread.join(timeout=20)
    assert seen == [0] * 8


def test_a_row_of_an_earlier_run_says_so():
    from XrayToCTLib.batches.outcome import skipped

    assert skipped(Row("/x", DONE, 0, "x")).status == SKIPPED


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_waits_for_the_end_of_a_step(number: int):
    done = []

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(number, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt), signals_held():
            signal.raise_signal(number)
            done.append(True)
        assert done and signal.getsignal(number) is interrupt
        with signals_held():
            pass
        assert signal.getsignal(number) is interrupt
    finally:
        signal.signal(number, before)


def test_a_buffer_is_lent_again_once_it_is_given_back_and_never_twice():
    buffers = StackBuffers()
    first = buffers.allocate((4, 10, 10))
    second = buffers.allocate((4, 10, 10))
    assert not np.shares_memory(first, second)
    buffers.give_back(first)
    third = buffers.allocate((4, 9, 10))
    assert np.shares_memory(first, third) and third.shape == (4, 9, 10) and third.flags.c_contiguous
    assert not np.shares_memory(third, buffers.allocate((4, 10, 10)))
    buffers.give_back(third)
    assert not np.shares_memory(third, buffers.allocate((1, 2, 2)))  # too much of it would be wasted
    assert not np.shares_memory(third, buffers.allocate((4, 100, 100)))
    buffers.clear()
    assert not np.shares_memory(third, buffers.allocate((4, 10, 10)))
    buffers.give_back(np.zeros((2, 2, 2), np.float32))  # none of its own


def test_no_more_buffers_are_kept_than_there_may_be_stacks():
    buffers = StackBuffers()
    lent = [buffers.allocate((1, 4, 4)) for _ in range(5)]
    for array in lent:
        buffers.give_back(array)
    assert len(buffers._free) == 3
