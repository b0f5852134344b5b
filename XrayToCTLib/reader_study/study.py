"""Study: cases with their candidate images and the questions asked of each, as a JSON document."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import XrayToCTError
from ..json_document import DocumentKind
from .questions import Origin, Question

SCHEMA_VERSION = 1
_HINT = "Make the file again with: xray-to-ct study create"
STUDY_DOCUMENT = DocumentKind(
    noun="reader study", schema=Path(__file__).with_name("study.schema.json"), version=SCHEMA_VERSION, hint=_HINT
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One image of a case.

    Attributes:
        method: what made it; never shown to a reader.
        origin: real or synthetic.
        file: or the folder of a DICOM series; relative to the study file's folder (forward slashes), or absolute.
        bytes: size of the file; of a series, of all its files.
        sha256: of the content, in hexadecimal; see ``candidate_content``.
    """

    method: str
    origin: Origin
    file: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Case:
    """The images of one patient, one a method."""

    id: str
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Display:
    """How every image is shown: window (width) and level (centre) in the files' units; image or anatomical planes."""

    window: float
    level: float
    orientation: str = "image"


@dataclass(frozen=True, slots=True)
class Study:
    """A whole study. It names the methods, so it is the study's key; see ``order`` for what a reader gets to see.

    Attributes:
        readers: codes of those who may take part, in the order of the counterbalancing; empty: anybody may.
        repeats: how many images each reader sees a second time.
        seed: of the random order and of the bootstrap.
    """

    id: str
    title: str
    seed: int
    display: Display
    questions: tuple[Question, ...]
    cases: tuple[Case, ...]
    readers: tuple[str, ...] = ()
    repeats: int = 0
    description: str = ""

    @property
    def methods(self) -> tuple[str, ...]:
        """In alphabetical order."""
        return tuple(sorted({candidate.method for case in self.cases for candidate in case.candidates}))

    @property
    def image_count(self) -> int:
        return sum(len(case.candidates) for case in self.cases)

    def question(self, id: str) -> Question:
        """Raises XrayToCTError when the study does not ask it."""
        for question in self.questions:
            if question.id == id:
                return question
        known = ", ".join(question.id for question in self.questions)
        raise XrayToCTError(f"The study asks no question {id!r}.", hint=f"It asks: {known}.")

    def to_json(self) -> str:
        record: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            "id": self.id,
            "title": self.title,
            "description": self.description,
            "seed": self.seed,
            "readers": list(self.readers),
            "repeats": self.repeats,
            "display": {
                "window": self.display.window,
                "level": self.display.level,
                "orientation": self.display.orientation,
            },
            "questions": [question.to_record() for question in self.questions],
            "cases": [
                {"id": case.id, "candidates": [_candidate_record(candidate) for candidate in case.candidates]}
                for case in self.cases
            ],
        }
        return json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str, source: str) -> Study:
        """Raises XrayToCTError naming the first thing that is wrong; ``source`` is what the text is called in it."""
        record = STUDY_DOCUMENT.parse(text, source)
        STUDY_DOCUMENT.check(record, source)
        display = record["display"]
        study = cls(
            id=record["id"],
            title=record["title"],
            seed=record["seed"],
            display=Display(float(display["window"]), float(display["level"]), display["orientation"]),
            questions=tuple(Question.from_record(question) for question in record["questions"]),
            cases=tuple(
                Case(case["id"], tuple(_candidate(candidate) for candidate in case["candidates"]))
                for case in record["cases"]
            ),
            readers=tuple(record.get("readers", ())),
            repeats=record.get("repeats", 0),
            description=record.get("description", ""),
        )
        check_study(study, source)
        return study


def check_study(study: Study, source: str) -> None:
    """What the schema cannot say.

    Raises:
        XrayToCTError: names that occur twice, a method that is both real and synthetic, or more repeats than images.
    """
    _refuse_twice((case.id for case in study.cases), "case", source)
    _refuse_twice((question.id for question in study.questions), "question", source)
    _refuse_twice((reader.upper() for reader in study.readers), "reader", source)
    origins: dict[str, Origin] = {}
    for case in study.cases:
        _refuse_twice((candidate.method for candidate in case.candidates), f"in case {case.id} the method", source)
        for candidate in case.candidates:
            if origins.setdefault(candidate.method, candidate.origin) is not candidate.origin:
                raise XrayToCTError(
                    f"{source}: the method {candidate.method} is real in one case and synthetic in another.",
                    hint="Give the real images and the synthetic ones names of their own.",
                )
    if study.repeats > study.image_count:
        raise XrayToCTError(
            f"{source} asks for {study.repeats} repeated images and has only {study.image_count}.",
            hint="Ask for fewer repeats.",
        )


def _refuse_twice(names: Iterable[str], what: str, source: str) -> None:
    for name, times in Counter(names).items():
        if times > 1:
            raise XrayToCTError(f"{source}: {what} {name} occurs {times} times.", hint="Give each a name of its own.")


def _candidate_record(candidate: Candidate) -> dict[str, Any]:
    return {
        "method": candidate.method,
        "origin": candidate.origin.value,
        "file": candidate.file,
        "bytes": candidate.bytes,
        "sha256": candidate.sha256,
    }


def _candidate(record: dict[str, Any]) -> Candidate:
    return Candidate(record["method"], Origin(record["origin"]), record["file"], record["bytes"], record["sha256"])
