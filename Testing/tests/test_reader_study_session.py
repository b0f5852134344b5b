"""A reader's session: saved after each answer, resumed wherever it was interrupted, and blind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from study_files import METHODS, answers_in, make_study, read_on, read_whole, steady_answers

from XrayToCTLib import XrayToCTError
from XrayToCTLib.reader_study import Session, open_session
from XrayToCTLib.reader_study.journal import Journal, read_events


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return make_study(tmp_path, repeats=2)


@pytest.fixture
def session(study: Path) -> Iterator[Session]:
    with open_session(study, "R1") as session:
        yield session


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes, list[dict[str, Any]]]:
    """A study of two cases, the journal of a reader who was never interrupted, and the answers in it."""
    study = make_study(tmp_path_factory.mktemp("whole"), methods=METHODS[:2], cases=2)
    journal = read_whole(study, "R1")
    with open_session(study, "R1") as session:
        answers = answers_in(session)
    return study, journal.read_bytes(), answers


def test_answers_are_kept_and_the_session_goes_on_where_it_was_left(study: Path) -> None:
    with open_session(study, "R1") as session:
        for question, value in steady_answers(session).items():
            session.answer(question, value)
        session.next()
        session.answer("realism", 2)
        session.pause()
    with open_session(study, "R1") as again:
        assert again.is_resumed
        assert again.position == 1
        assert again.answers == {"realism": 2}
        assert again.answered_count == 1
        assert again.progress_text == "2 of 14"


def test_each_answer_is_on_the_disk_when_the_call_returns(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    sync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (synced.append(handle), sync(handle)))
    session.answer("realism", 4)
    assert synced
    assert read_events(session.path)[-1]["value"] == 4


def test_an_answer_that_is_changed_leaves_the_old_one_in_the_journal(session: Session) -> None:
    for value in (2, 5, 5):
        session.answer("realism", value)
    assert session.answers["realism"] == 5
    values = [event["value"] for event in read_events(session.path) if event["event"] == "answer"]
    assert values == [2, 5]  # the same answer again is no change


def test_going_back_shows_the_earlier_answers_and_may_change_them(session: Session) -> None:
    first = session.presentation
    given = steady_answers(session)
    for question, value in given.items():
        session.answer(question, value)
    session.next()
    assert session.answers == {}
    assert session.back() == first
    assert session.answers == given
    session.answer("realism", 6 - given["realism"] if given["realism"] != 3 else 1)
    session.next()
    session.back()
    assert session.answers["realism"] != given["realism"]
    events = [event["event"] for event in read_events(session.path)]
    assert events.count("shown") == 5


def test_the_next_image_waits_for_the_required_answers(session: Session) -> None:
    session.answer("realism", 1)
    with pytest.raises(XrayToCTError, match="not done") as refused:
        session.next()
    assert "anatomy, usefulness, origin" in refused.value.hint
    assert "suspicious" not in refused.value.hint
    assert session.position == 0


def test_before_the_first_and_behind_the_last_there_is_nothing(session: Session) -> None:
    with pytest.raises(XrayToCTError, match="first image"):
        session.back()
    read_on(session)
    with pytest.raises(XrayToCTError, match="finished"):
        session.back()
    with pytest.raises(XrayToCTError, match="last image"):
        session.next()


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("realism", 0),
        ("realism", 6),
        ("realism", 2.0),
        ("realism", True),
        ("realism", "4"),
        ("realism", None),
        ("origin", "fake"),
        ("origin", 1),
        ("suspicious", [[1.0, 2.0]]),
        ("suspicious", [[1.0, 2.0, float("nan")]]),
        ("suspicious", "here"),
        ("suspicious", [[0.0, 0.0, 0.0]] * 101),
        ("colour", 3),
    ],
)
def test_what_is_no_answer_is_refused_and_not_written(session: Session, question: str, value: Any) -> None:
    before = session.path.read_bytes()
    with pytest.raises(XrayToCTError):
        session.answer(question, value)
    assert session.path.read_bytes() == before


def test_a_finished_session_can_no_longer_be_changed(study: Path) -> None:
    journal = read_whole(study, "R1")
    with open_session(study, "R1") as session:
        assert session.is_finished
        for forbidden in (lambda: session.answer("realism", 1), lambda: session.show(0)):
            with pytest.raises(XrayToCTError, match="finished"):
                forbidden()
    assert read_events(journal)[-1]["event"] == "opened"


def test_a_session_with_gaps_cannot_be_finished(session: Session) -> None:
    with pytest.raises(XrayToCTError, match="14 of 14 images are not done"):
        session.finish()


@pytest.mark.parametrize("share", [number / 40 for number in range(41)])
def test_a_session_interrupted_anywhere_resumes_and_ends_with_the_same_answers(
    whole: tuple[Path, bytes, list[dict[str, Any]]], tmp_path: Path, share: float
) -> None:
    """The journal is cut off at any byte, as a machine that dies in a write leaves it."""
    study, content, expected = whole
    cut = round(share * len(content))
    folder = tmp_path / "sessions"
    folder.mkdir()
    journal = folder / "pilot.R1.session.jsonl"
    journal.write_bytes(content[:cut])
    with open_session(study, "R1", folder=folder) as session:
        kept = [answer for answer in answers_in(session) if answer]
        assert all(given.items() <= known.items() for given, known in zip(kept, expected, strict=False))
        torn = content[:cut].rpartition(b"\n")[2]
        assert session.recovered == (bool(torn) and not _is_whole(torn))
        if not session.is_finished:
            read_on(session)
        assert answers_in(session) == expected
    assert [event["n"] for event in read_events(journal)] == list(range(len(read_events(journal))))


def _is_whole(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def test_every_single_byte_of_one_line_may_be_the_last(whole: tuple[Path, bytes, Any], tmp_path: Path) -> None:
    _, content, _ = whole
    lines = content.splitlines(keepends=True)
    start = sum(map(len, lines[:5]))
    for cut in range(start, start + len(lines[5]) + 1):
        path = tmp_path / f"{cut}.jsonl"
        path.write_bytes(content[:cut])
        journal = Journal(path)
        journal.append({"event": "paused"})
        journal.close()
        whole_lines = 6 if cut >= start + len(lines[5]) - 1 else 5  # only the line feed may be missing
        assert len(read_events(path)) == whole_lines + 1


def test_zeros_that_a_crashed_file_system_leaves_at_the_end_are_cut_off(study: Path) -> None:
    journal = read_whole(study, "R1")
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:6]) + b"\0" * 200)
    with open_session(study, "R1") as session:
        assert session.recovered
        assert not session.is_finished


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_a_reader_whose_program_is_killed_loses_no_confirmed_answer(study: Path) -> None:
    code = textwrap.dedent(f"""
        import sys
        from XrayToCTLib.reader_study import open_session
        session = open_session({str(study)!r}, "R1")
        for question, value in (("realism", 4), ("anatomy", 2), ("usefulness", 5)):
            session.answer(question, value)
            print("saved", question, flush=True)
        sys.stdin.read()
    """)
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        for _ in range(3):
            assert child.stdout.readline().startswith("saved")
        with pytest.raises(XrayToCTError, match="open in another window"):
            open_session(study, "R1")
        child.send_signal(signal.SIGKILL)
    with open_session(study, "R1") as session:
        assert session.answers == {"realism": 4, "anatomy": 2, "usefulness": 5}


def test_a_full_disk_is_said_and_leaves_the_journal_as_it_was(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.answer("realism", 3)
    before = session.path.read_bytes()
    write = os.write

    def half(handle: int, content: bytes) -> int:
        write(handle, content[: len(content) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(XrayToCTError, match="could not be saved") as refused:
        session.answer("realism", 4)
    assert "answer again" in refused.value.hint
    monkeypatch.undo()
    assert session.path.read_bytes() == before
    assert session.answers["realism"] == 3
    session.answer("realism", 4)
    assert read_events(session.path)[-1]["value"] == 4


def test_damage_in_the_middle_is_refused_with_the_line(study: Path) -> None:
    journal = read_whole(study, "R1")
    lines = journal.read_bytes().splitlines(keepends=True)
    for damaged in ([*lines[:4], b"{oops\n", *lines[5:]], [*lines[:4], *lines[5:]]):
        journal.write_bytes(b"".join(damaged))
        with pytest.raises(XrayToCTError, match=r"Line 5 of pilot\.R1\.session\.jsonl is damaged or missing"):
            open_session(study, "R1")
        assert journal.read_bytes() == b"".join(damaged)


@pytest.mark.parametrize(
    "event",
    [
        {"event": "answer", "position": 99, "question": "realism", "value": 3},
        {"event": "answer", "position": 0, "question": "realism", "value": 9},
        {"event": "answer", "position": 0, "question": "colour", "value": 1},
        {"event": "shown", "position": "first"},
    ],
)
def test_events_that_make_no_sense_are_refused(study: Path, event: dict[str, Any]) -> None:
    with open_session(study, "R1") as session:
        path = session.path
    journal = Journal(path)
    journal.append(event)
    journal.close()
    with pytest.raises(XrayToCTError):
        open_session(study, "R1")


def test_a_study_that_was_changed_after_the_beginning_is_refused(study: Path) -> None:
    with open_session(study, "R1"):
        pass
    text = study.read_text(encoding="utf-8")
    study.write_text(text.replace("How realistic", "How artificial"), encoding="utf-8")
    with pytest.raises(XrayToCTError, match="study was changed"):
        open_session(study, "R1")


def test_a_new_title_or_another_place_of_the_images_is_no_change(study: Path, tmp_path: Path) -> None:
    with open_session(study, "R1") as session:
        session.answer("realism", 2)
    text = study.read_text(encoding="utf-8").replace("A pilot", "The pilot").replace("images/", "elsewhere/")
    study.write_text(text, encoding="utf-8")
    (tmp_path / "images").rename(tmp_path / "elsewhere")
    with open_session(study, "R1") as session:
        assert session.answers == {"realism": 2}
        assert session.image(0).is_file()


def test_a_journal_of_another_reader_is_refused(study: Path) -> None:
    journal = read_whole(study, "R1")
    journal.rename(journal.with_name("pilot.R2.session.jsonl"))
    with pytest.raises(XrayToCTError, match="session of reader R1"):
        open_session(study, "R2")


def test_a_folder_that_is_missing_is_said(study: Path, tmp_path: Path) -> None:
    with pytest.raises(XrayToCTError, match="cannot be written"):
        open_session(study, "R1", folder=tmp_path / "nowhere")


def test_the_journal_names_no_method_no_file_and_no_case(study: Path, tmp_path: Path) -> None:
    content = read_whole(study, "R1").read_text(encoding="ascii")
    answered = [json.loads(line) for line in content.splitlines()]
    for event in answered:
        if event["event"] == "answer" and event["question"] == "origin":
            event["value"] = "said by the reader"  # the reader's own word is no leak
    text = json.dumps(answered).lower()
    hashes = [
        candidate["sha256"] for case in json.loads(study.read_text())["cases"] for candidate in case["candidates"]
    ]
    for secret in (*METHODS, "patient", ".nrrd", "images/", str(tmp_path).lower(), *hashes):
        assert secret not in text, secret


def test_a_presentation_holds_nothing_that_depends_on_the_method(session: Session) -> None:
    for position in range(session.count):
        shown = session.show(position)
        assert not any(method in repr(shown) for method in METHODS)
