"""Questions: what is asked of every image, and which answers there are.

An answer is an int (likert, from 1), "real" or "synthetic" (origin), or a list of points in mm (mark), empty for none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ..errors import XrayToCTError

Answer = int | str | list[list[float]]
_MOST_MARKS = 100


class Origin(Enum):
    """Where an image comes from."""

    REAL = "real"
    SYNTHETIC = "synthetic"


class QuestionKind(Enum):
    LIKERT = "likert"
    ORIGIN = "origin"
    MARK = "mark"


@dataclass(frozen=True, slots=True)
class Question:
    """One question.

    Attributes:
        id: its name in files.
        kind: which answers it takes.
        text: as the reader sees it.
        levels: labels of a Likert question, the worst first; empty for the other kinds.
        required: whether the next image waits for an answer.
    """

    id: str
    kind: QuestionKind
    text: str
    levels: tuple[str, ...] = ()
    required: bool = True

    def checked(self, value: Any) -> Answer:
        """The answer as it is kept.

        Raises:
            XrayToCTError: it is no answer to this question.
        """
        if self.kind is QuestionKind.LIKERT and isinstance(value, int) and not isinstance(value, bool):
            if 1 <= value <= len(self.levels):
                return value
        elif self.kind is QuestionKind.ORIGIN and value in [origin.value for origin in Origin]:
            return str(value)
        elif self.kind is QuestionKind.MARK and isinstance(value, (list, tuple)) and len(value) <= _MOST_MARKS:
            points = [_point(point) for point in value]
            if None not in points:
                return [point for point in points if point is not None]
        raise XrayToCTError(f"{value!r} is no answer to the question {self.id}.", hint=f"Give {self._answers()}.")

    def to_record(self) -> dict[str, Any]:
        levels = {"levels": list(self.levels)} if self.levels else {}
        return {"id": self.id, "kind": self.kind.value, "text": self.text, **levels, "required": self.required}

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Question:
        kind = QuestionKind(record["kind"])
        required = record.get("required", kind is not QuestionKind.MARK)
        return cls(record["id"], kind, record["text"], tuple(record.get("levels", ())), required)

    def _answers(self) -> str:
        if self.kind is QuestionKind.LIKERT:
            return f"a whole number from 1 to {len(self.levels)}"
        if self.kind is QuestionKind.ORIGIN:
            return "real or synthetic"
        return f"a list of at most {_MOST_MARKS} points of three numbers (R, A, S in mm)"


def _point(value: Any) -> list[float] | None:
    if not isinstance(value, (list, tuple)) or len(value) != 3:
        return None
    if not all(isinstance(mm, (int, float)) and not isinstance(mm, bool) and math.isfinite(mm) for mm in value):
        return None
    return [float(mm) for mm in value]


STANDARD_QUESTIONS = (
    Question(
        "realism",
        QuestionKind.LIKERT,
        "How realistic does the image look?",
        ("clearly artificial", "rather artificial", "undecided", "rather realistic", "fully realistic"),
    ),
    Question(
        "anatomy",
        QuestionKind.LIKERT,
        "Is the anatomy correct?",
        ("wrong throughout", "several errors", "some errors", "minor errors", "no error seen"),
    ),
    Question(
        "usefulness",
        QuestionKind.LIKERT,
        "How useful would the image be for a diagnosis, if it were real?",
        ("not at all", "hardly", "in part", "mostly", "fully"),
    ),
    Question("origin", QuestionKind.ORIGIN, "Is the image real or synthetic?"),
    Question("suspicious", QuestionKind.MARK, "Mark what looks suspicious or made up.", required=False),
)
"""What a study asks when nobody says otherwise: realism, correctness, usefulness, a visual Turing test, marks."""
