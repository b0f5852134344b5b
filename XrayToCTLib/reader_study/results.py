"""Results: all measures of a study, as a table, as CSV and as JSON."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import XrayToCTError
from ..translation.engine import NOT_FOR_DIAGNOSTIC_USE
from ..version import __version__
from ..whole_file import write_whole
from .agreement import agreement_measures, within_reader_measures
from .measure import Measure
from .ratings import Rating, Ratings, collect_ratings
from .scores import mark_measures, origin_measures, score_measures

ANSWERS_FILE, MEASURES_FILE, PAGE_FILE = "answers.csv", "measures.csv", "results.html"
_RATING_COLUMNS = (
    *("reader", "position", "label", "case", "method", "origin", "repeat"),
    *("question", "value", "seconds", "changes", "answered_at_utc"),
)
_MEASURE_COLUMNS = (
    *("group", "question", "statistic", "subject"),
    *("value", "low95", "high95", "interval", "resampled", "n", "chance"),
)


@dataclass(frozen=True, slots=True)
class StudyResults:
    """What a study found: the unblinded answers, and the measures made of them."""

    ratings: Ratings
    measures: tuple[Measure, ...]

    def of(self, group: str) -> list[Measure]:
        """The measures of one group."""
        return [measure for measure in self.measures if measure.group == group]

    def to_record(self) -> dict[str, Any]:
        """For JSON, which has no NaN: what is undefined is null."""
        study = self.ratings.study
        return {
            "study": study.id,
            "title": study.title,
            "readers": list(self.ratings.readers),
            "unfinished": list(self.ratings.unfinished),
            "cases": len(study.cases),
            "images": study.image_count,
            "methods": list(study.methods),
            "answers": len(self.ratings.rows),
            "software": f"XrayToCT {__version__}",
            "measures": [_measure_record(measure) for measure in self.measures],
            "note": NOT_FOR_DIAGNOSTIC_USE,
        }

    def table_text(self) -> str:
        """A table for a terminal, a line a measure."""
        rows = [
            (m.question, m.statistic, m.subject, value_text(m), interval_text(m), m.resampled, f"n {m.n}")
            for m in self.measures
        ]
        widths = [max((len(row[column]) for row in rows), default=0) for column in range(7)]
        return "\n".join("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in rows)


def study_results(
    study_path: str | Path, *, folder: str | Path | None = None, unfinished: bool = False
) -> StudyResults:
    """Unblind a study and measure it. The arguments, and what it raises, are those of ``collect_ratings``."""
    ratings = collect_ratings(study_path, folder=folder, unfinished=unfinished)
    measures = (
        *score_measures(ratings),
        *origin_measures(ratings),
        *mark_measures(ratings),
        *agreement_measures(ratings),
        *within_reader_measures(ratings),
    )
    return StudyResults(ratings, measures)


def write_results(results: StudyResults, folder: str | Path, *, overwrite: bool = False) -> list[Path]:
    """Write answers.csv, measures.csv and results.html into a folder, made if it is not there; returns the files.

    Raises:
        XrayToCTError: one of them is there already, or cannot be written.
    """
    from .results_page import results_page

    folder = Path(folder).expanduser().absolute()
    targets = [folder / name for name in (ANSWERS_FILE, MEASURES_FILE, PAGE_FILE)]
    for target in targets:
        if target.exists() and not overwrite:
            raise XrayToCTError(f"{target} exists already.", hint="Choose another folder, or allow overwriting.")
    contents = (answers_csv(results).encode(), measures_csv(results).encode(), results_page(results))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise XrayToCTError(
            f"The folder {folder} cannot be made ({error.strerror}).", hint="Choose another."
        ) from error
    for target, content in zip(targets, contents, strict=True):
        write_whole(target, content)
    return targets


def answers_csv(results: StudyResults) -> str:
    """A line an answer, unblinded. Points of marks are JSON: [[R, A, S], ...] in mm."""
    return _csv(_RATING_COLUMNS, [_rating_line(row) for row in results.ratings.rows])


def measures_csv(results: StudyResults) -> str:
    """A line a measure; what is undefined is empty."""
    lines = []
    for measure in results.measures:
        record = _measure_record(measure)
        lines.append(["" if record[column] is None else record[column] for column in _MEASURE_COLUMNS])
    return _csv(_MEASURE_COLUMNS, lines)


def value_text(measure: Measure) -> str:
    """As people read it."""
    return "undefined" if math.isnan(measure.value) else f"{measure.value:.3f}"


def interval_text(measure: Measure) -> str:
    """As people read it; empty where there is none."""
    return "" if measure.interval95 is None else "{:.3f} to {:.3f}".format(*measure.interval95)


def _measure_record(measure: Measure) -> dict[str, Any]:
    record = asdict(measure)
    low, high = record.pop("interval95") or (None, None)
    value = None if math.isnan(measure.value) else measure.value
    return {**record, "value": value, "low95": low, "high95": high}


def _rating_line(row: Rating) -> list[Any]:
    value = json.dumps(row.value) if isinstance(row.value, list) else row.value
    repeat = "yes" if row.is_repeat else "no"
    return [
        *(row.reader, row.position, row.label, _safe(row.case), _safe(row.method), row.origin.value, repeat),
        *(row.question, value, row.seconds, row.changes, row.at),
    ]


def _safe(text: str) -> str:
    """A spreadsheet takes what begins so for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


def _csv(columns: Sequence[str], lines: list[list[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(lines)
    return text.getvalue()
