"""Ratings: all answers of a study, unblinded. The only place where presentations and methods meet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import XrayToCTError
from .order import ReaderOrder
from .questions import Answer, Origin, QuestionKind
from .session_record import read_session, session_files
from .study import Study
from .study_file import read_study


@dataclass(frozen=True, slots=True)
class Rating:
    """The last answer of a reader to one question about one showing of an image.

    Attributes:
        position: from 1, in the reader's order.
        label: what the reader saw as its name.
        is_repeat: whether it is the image's second showing.
        seconds: from the showing to the answer.
        changes: how often the reader changed it.
        at: UTC, ISO 8601.
    """

    reader: str
    position: int
    label: str
    case: str
    method: str
    origin: Origin
    is_repeat: bool
    question: str
    value: Answer
    seconds: float
    changes: int
    at: str


@dataclass(frozen=True, slots=True)
class Ratings:
    """All of them.

    Attributes:
        readers: whose sessions were found, sorted.
        unfinished: those among them who are not done.
    """

    study: Study
    readers: tuple[str, ...]
    unfinished: tuple[str, ...]
    rows: tuple[Rating, ...]

    @property
    def units(self) -> list[tuple[str, str]]:
        """(case, method) of every image, in the order of the study."""
        return [(case.id, candidate.method) for case in self.study.cases for candidate in case.candidates]

    @property
    def case_of_unit(self) -> np.ndarray:
        """Index of each unit's case, shape (units,)."""
        return np.array([index for index, case in enumerate(self.study.cases) for _ in case.candidates])

    def matrix(self, question: str, *, repeats: bool = False) -> np.ndarray:
        """A question's answers as numbers, shape (readers, units), NaN where there is none.

        Likert answers as they are; real 0, synthetic 1; marks by their number.

        Args:
            repeats: of the second showings instead of the first.
        """
        units = {unit: index for index, unit in enumerate(self.units)}
        ranks = {reader: index for index, reader in enumerate(self.readers)}
        found = np.full((len(ranks), len(units)), np.nan)
        kind = self.study.question(question).kind
        for row in self.rows:
            if row.question == question and row.is_repeat is repeats:
                found[ranks[row.reader], units[row.case, row.method]] = _number(kind, row.value)
        return found


def collect_ratings(study_path: str | Path, *, folder: str | Path | None = None, unfinished: bool = False) -> Ratings:
    """Read the study and every session of it.

    Args:
        folder: where the sessions lie; default: beside the study.
        unfinished: take the answers of readers who are not done, too. Looking at them unblinds a running study.

    Raises:
        XrayToCTError: no session, one that is damaged or of another study, or one that is not finished.
    """
    study_path = Path(study_path).expanduser().absolute()
    study = read_study(study_path)
    rows: list[Rating] = []
    readers, open_readers = [], []
    for reader, path in session_files(study_path, study, folder):
        order, events, state = read_session(path, study, reader)
        readers.append(reader)
        if not state.is_finished:
            open_readers.append(reader)
        rows += _ratings(reader, order, events)
    if not readers:
        where = folder if folder is not None else study_path.parent
        raise XrayToCTError(f"There is no session of the study {study.id} in {where}.", hint="Let a reader begin.")
    if open_readers and not unfinished:
        raise XrayToCTError(
            f"Not finished: {', '.join(open_readers)}. Results would unblind a study that is still running.",
            hint="Wait for them, or ask for the results of the unfinished study.",
        )
    return Ratings(study, tuple(readers), tuple(open_readers), tuple(rows))


def _ratings(reader: str, order: ReaderOrder, events: list[dict[str, Any]]) -> list[Rating]:
    given: dict[tuple[int, str], list[dict[str, Any]]] = {}
    for event in events:
        if event["event"] == "answer":
            given.setdefault((event["position"], event["question"]), []).append(event)
    rows = []
    for (position, question), answers in sorted(given.items()):
        shown, behind = order.presentations[position], order.key[position]
        rows.append(
            Rating(
                reader=reader,
                position=position + 1,
                label=shown.label,
                case=behind.case.id,
                method=behind.candidate.method,
                origin=behind.candidate.origin,
                is_repeat=behind.is_repeat,
                question=question,
                value=answers[-1]["value"],
                seconds=float(answers[-1].get("seconds", 0.0)),
                changes=len(answers) - 1,
                at=str(answers[-1].get("at", "")),
            )
        )
    return rows


def _number(kind: QuestionKind, value: Answer) -> float:
    if kind is QuestionKind.ORIGIN:
        return float(value == Origin.SYNTHETIC.value)
    if kind is QuestionKind.MARK:
        return float(len(value)) if isinstance(value, list) else 0.0
    return float(value) if isinstance(value, int) else float("nan")
