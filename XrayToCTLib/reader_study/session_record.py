"""Session record: what the journal of a session says, and the state that follows from it.

The journal's events: ``session`` (what is read, by whom), ``opened``, ``shown`` (position, label), ``answer``
(position, question, value), ``paused``, ``finished``. None of them names a method, a file or a case of the study.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from ..errors import XrayToCTError
from ..version import __version__
from .journal import read_events
from .order import GENERATOR, ReaderOrder, reader_code, reader_order
from .questions import Answer
from .study import Study

SESSION_FORMAT = 1
SUFFIX = ".session.jsonl"
_RESTART_HINT = "Use the study file of the day on which the session was begun, or begin again with another code."


class SessionState:
    """Where a session stands after the events so far."""

    def __init__(self) -> None:
        self.position = 0
        self.is_finished = False
        self.answers: dict[int, dict[str, Answer]] = {}


def session_path(study_path: Path, study: Study, reader: str, folder: str | Path | None = None) -> Path:
    """Where a reader's journal lies."""
    parent = Path(folder).expanduser().absolute() if folder is not None else study_path.parent
    return parent / f"{study.id}.{reader}{SUFFIX}"


def session_files(study_path: Path, study: Study, folder: str | Path | None = None) -> list[tuple[str, Path]]:
    """(reader's code, journal) of every session that was begun, sorted."""
    where = session_path(study_path, study, "", folder).parent
    start = f"{study.id}."
    return [(path.name[len(start) : -len(SUFFIX)], path) for path in sorted(where.glob(f"{start}*{SUFFIX}"))]


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
