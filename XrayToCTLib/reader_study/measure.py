"""Measure: one number of a study's results, with its interval and all that must be known to compare it."""

from __future__ import annotations

from dataclasses import dataclass

AGREEMENT, WITHIN_READERS, ORIGIN, SCORES, MARKS = (
    "agreement between readers",
    "agreement within readers",
    "real or synthetic",
    "scores",
    "marks",
)
BOOTSTRAP = "percentile bootstrap"
CASES, CASES_AND_READERS = "cases", "cases and readers"
WILSON = "Wilson score"


@dataclass(frozen=True, slots=True)
class Measure:
    """One number.

    Attributes:
        group: which part of the results it belongs to.
        question: id of the question.
        statistic: what was computed.
        subject: of whom or what: "all readers", "R1", "R1 and R2", or a method.
        value: NaN where it is undefined.
        interval95: (low, high), or None where there is none.
        interval: how the interval was made.
        resampled: what the bootstrap drew: cases (it holds for these readers), or cases and readers; empty without one.
        n: how many answers, or pairs of them, went in.
        chance: what guessing would give, or None where that says nothing.
    """

    group: str
    question: str
    statistic: str
    subject: str
    value: float
    n: int
    interval95: tuple[float, float] | None = None
    interval: str = ""
    chance: float | None = None
    resampled: str = ""
