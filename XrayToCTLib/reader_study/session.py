"""Session: one reader going through a study, saved after each answer and resumed where it was left.

The journal's events: ``session`` (what is read, by whom), ``opened``, ``shown`` (position, label), ``answer``
(position, question, value), ``paused``, ``finished``. None of them names a method, a file or a case of the study.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ..errors import XrayToCTError
from ..version import __version__
from .journal import Journal, read_events
from .order import GENERATOR, Presentation, ReaderOrder, reader_code, reader_order
from .questions import Answer
from .study import Study
from .study_file import image_path, read_study

SESSION_FORMAT = 1
SUFFIX = ".session.jsonl"
_RESTART_HINT = "Use the study file of the day on which the session was begun, or begin again with another code."


class Session:
    """An open session. Close it, or use it as a context.

    Attributes:
        study: what is read.
        reader: the code of the reader.
        path: of the journal.
        recovered: whether the last write had been cut off by a crash; that one answer has to be given again.
        is_resumed: whether the session had been begun before.
    """

    def __init__(self, study_path: Path, study: Study, reader: str, path: Path) -> None:
        self.study, self.reader, self.path = study, reader_code(reader, study), path
        self._study_path = study_path
        self._order = reader_order(study, self.reader)
        self._journal = Journal(path)
        try:
            self.recovered, self.is_resumed = self._journal.recovered, bool(self._journal.events)
            if not self.is_resumed:
                self._append("session", **session_header(study, self.reader, self._order))
            check_header(self._journal.events[0], study, self.reader, self._order, path.name)
            self._state = replay(self._journal.events, study, len(self._order.presentations), path.name)
            self._append("opened")
        except BaseException:
            self._journal.close()
            raise
        self._shown_at = time.monotonic()
        if not self.is_finished:
            self.show(self._state.position)

    @property
    def count(self) -> int:
        """Of images, repeats included."""
        return len(self._order.presentations)

    @property
    def presentation(self) -> Presentation:
        """What is shown now."""
        return self._order.presentations[self._state.position]

    @property
    def position(self) -> int:
        """Of the image that is shown now, from 0."""
        return self._state.position

    @property
    def progress_text(self) -> str:
        return f"{self.position + 1} of {self.count}"

    @property
    def is_finished(self) -> bool:
        return self._state.is_finished

    @property
    def answers(self) -> Mapping[str, Answer]:
        """Question id -> the latest answer for the image that is shown now."""
        return dict(self._state.answers.get(self.position, {}))

    @property
    def missing(self) -> tuple[str, ...]:
        """Ids of the required questions that the image shown now still waits for."""
        return self._missing(self.position)

    @property
    def answered_count(self) -> int:
        """Of images whose required questions have answers."""
        return sum(not self._missing(position) for position in range(self.count))

    def image(self, position: int) -> Path:
        """The file behind a position, for the loader alone: its name may tell the method."""
        return image_path(self._order.key[position].candidate, self._study_path)

    def image_sha256(self, position: int) -> str:
        """What the file of a position has to hold."""
        return self._order.key[position].candidate.sha256

    def show(self, position: int) -> Presentation:
        """Go to an image.

        Raises:
            XrayToCTError: there is no such position, or it could not be written down.
        """
        if not 0 <= position < self.count:
            raise XrayToCTError(f"There is no image {position + 1}.", hint=f"The study has {self.count}.")
        self._refuse_finished()
        self._append("shown", position=position, label=self._order.presentations[position].label)
        self._state.position = position
        self._shown_at = time.monotonic()
        return self.presentation

    def next(self) -> Presentation:
        """The following image.

        Raises:
            XrayToCTError: an answer is missing, or this was the last image.
        """
        if self.missing:
            raise XrayToCTError("This image is not done.", hint=f"Still to answer: {', '.join(self.missing)}.")
        if self.position + 1 == self.count:
            raise XrayToCTError("This was the last image.", hint="Finish the session, or go back to change an answer.")
        return self.show(self.position + 1)

    def back(self) -> Presentation:
        """The image before; its answers may be changed, and both the old and the new one are kept.

        Raises:
            XrayToCTError: this is the first one.
        """
        if self.position == 0:
            raise XrayToCTError("This is the first image.", hint="Go on with the next one.")
        return self.show(self.position - 1)

    def answer(self, question: str, value: Any) -> None:
        """Answer a question about the image that is shown; when this returns, the answer is on the disk.

        Raises:
            XrayToCTError: no such question, no answer to it, the session is finished, or it could not be saved.
        """
        self._refuse_finished()
        checked = self.study.question(question).checked(value)
        if self.answers.get(question) == checked:
            return
        seconds = round(time.monotonic() - self._shown_at, 3)
        self._append("answer", position=self.position, question=question, value=checked, seconds=seconds)
        self._state.answers.setdefault(self.position, {})[question] = checked

    def finish(self) -> None:
        """Declare the session complete; nothing can be changed afterwards.

        Raises:
            XrayToCTError: an image still waits for an answer.
        """
        if self.is_finished:
            return
        left = [position for position in range(self.count) if self._missing(position)]
        if left:
            raise XrayToCTError(
                f"{len(left)} of {self.count} images are not done.", hint=f"The first of them is image {left[0] + 1}."
            )
        self._append("finished")
        self._state.is_finished = True

    def pause(self) -> None:
        """Write down that the reader stops for now, and close."""
        if not self.is_finished:
            self._append("paused")
        self.close()

    def close(self) -> None:
        """May be called again."""
        self._journal.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _missing(self, position: int) -> tuple[str, ...]:
        given = self._state.answers.get(position, {})
        return tuple(question.id for question in self.study.questions if question.required and question.id not in given)

    def _refuse_finished(self) -> None:
        if self.is_finished:
            raise XrayToCTError("This session is finished.", hint="Its answers can no longer be changed.")

    def _append(self, event: str, **fields: Any) -> None:
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        self._journal.append({"event": event, "at": now, **fields})


class SessionState:
    """Where a session stands after the events so far."""

    def __init__(self) -> None:
        self.position = 0
        self.is_finished = False
        self.answers: dict[int, dict[str, Answer]] = {}


def open_session(study_path: str | Path, reader: str, *, folder: str | Path | None = None) -> Session:
    """Begin a session, or resume it where it was left.

    Args:
        study_path: of the study file.
        reader: the reader's code.
        folder: where the journal lies; default: beside the study.

    Raises:
        XrayToCTError: the study is wrong or was changed since, the reader is not in it, the journal is damaged, open
            elsewhere, or cannot be written.
    """
    study_path = Path(study_path).expanduser().absolute()
    study = read_study(study_path)
    code = reader_code(reader, study)
    return Session(study_path, study, code, session_path(study_path, study, code, folder))


def session_path(study_path: Path, study: Study, reader: str, folder: str | Path | None = None) -> Path:
    """Where a reader's journal lies."""
    parent = Path(folder).expanduser().absolute() if folder is not None else study_path.parent
    return parent / f"{study.id}.{reader}{SUFFIX}"


def session_header(study: Study, reader: str, order: ReaderOrder) -> dict[str, Any]:
    """What a session's first event says. The digest covers all that this reader sees and is asked, blinded."""
    seen = [
        [shown.label, behind.candidate.sha256] for shown, behind in zip(order.presentations, order.key, strict=True)
    ]
    asked = [question.to_record() for question in study.questions]
    display = [study.display.window, study.display.level, study.display.orientation]
    content = json.dumps([study.id, study.seed, GENERATOR, seen, asked, display])
    return {
        "format": SESSION_FORMAT,
        "study": study.id,
        "reader": reader,
        "count": len(seen),
        "order": GENERATOR,
        "digest": hashlib.sha256(content.encode()).hexdigest(),
        "software": f"XrayToCT {__version__}",
    }


def check_header(event: dict[str, Any], study: Study, reader: str, order: ReaderOrder, name: str) -> None:
    """Raises XrayToCTError: the events are of another study, reader or format, or the study was changed since."""
    expected = session_header(study, reader, order)
    if event["event"] != "session" or event.get("format") != SESSION_FORMAT or event.get("order") != GENERATOR:
        raise XrayToCTError(f"{name} is not a session of this version of XrayToCT.", hint=_RESTART_HINT)
    if event.get("study") != study.id or event.get("reader") != reader:
        raise XrayToCTError(
            f"{name} is the session of reader {event.get('reader')} in study {event.get('study')}.", hint=_RESTART_HINT
        )
    if event.get("digest") != expected["digest"]:
        raise XrayToCTError(f"The study was changed after {name} had been begun.", hint=_RESTART_HINT)


def replay(events: list[dict[str, Any]], study: Study, count: int, name: str) -> SessionState:
    """The state after the events.

    Raises:
        XrayToCTError: an event makes no sense in this study.
    """
    state = SessionState()
    for event in events[1:]:
        kind = event["event"]
        position = _position(event, count, name) if kind in ("shown", "answer") else 0
        if kind == "shown":
            state.position = position
        elif kind == "answer":
            question = study.question(str(event.get("question")))
            state.answers.setdefault(position, {})[question.id] = question.checked(event.get("value"))
        elif kind == "finished":
            state.is_finished = True
    return state


def _position(event: dict[str, Any], count: int, name: str) -> int:
    position = event.get("position")
    if not isinstance(position, int) or isinstance(position, bool) or not 0 <= position < count:
        raise XrayToCTError(f"Line {event['n'] + 1} of {name} makes no sense.", hint=_RESTART_HINT)
    return position


def read_session(path: Path, study: Study, reader: str) -> tuple[ReaderOrder, list[dict[str, Any]], SessionState]:
    """A journal for the results: order, events and state, nothing written.

    Raises:
        XrayToCTError: as ``open_session``.
    """
    order = reader_order(study, reader)
    events = read_events(path)
    if not events:
        raise XrayToCTError(f"{path.name} is empty.", hint="Remove it, or let its reader begin.")
    check_header(events[0], study, reader_code(reader, study), order, path.name)
    return order, events, replay(events, study, len(order.presentations), path.name)
