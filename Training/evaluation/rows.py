"""Rows: one number of one patient each, from which every table, interval and figure is made."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.whole_file import write_whole

EVALUATION_FILE = "evaluation.json"
CENTRAL, ALL = "central slab", "all slabs"
BODY, FIELD = "body", "whole field"
LINE_INTEGRALS, DISPLAY, NOTHING = "line integrals", "display-processed", "nothing"
MODEL, MEAN_CT = "model", "mean CT"  # predictors' names: the run that is evaluated, and the one that ignores its input


@dataclass(frozen=True, slots=True)
class Row:
    """One number of one patient: which predictor, fed what, on which grid, over which slabs and mask."""

    patient: str
    predictor: str
    input: str
    grid_mm: float
    slabs: str
    mask: str
    metric: str
    value: float


@dataclass(frozen=True, slots=True)
class Scope:
    """What a number is of, apart from the patient and the predictor."""

    metric: str
    slabs: str = CENTRAL
    mask: str = BODY
    grid_mm: float = 1.5


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """JSON, whole or not at all; an infinite value (PSNR of a perfect result) becomes null, for JSON has none."""
    records = [{**asdict(row), "value": row.value if math.isfinite(row.value) else None} for row in rows]
    write_whole(path, json.dumps(records, indent=1, allow_nan=False).encode())


def read_rows(path: Path) -> list[Row]:
    """The rows of an ``evaluation.json``.

    Raises:
        XrayToCTError: there is none, or it is damaged.
    """
    if not path.exists():
        raise XrayToCTError(f"{path.parent} was not evaluated.", hint="Run `python -m Training evaluate` first.")
    try:
        records = json.loads(path.read_text(encoding="utf-8"))
        return [
            Row(**{**record, "value": math.inf if record["value"] is None else record["value"]}) for record in records
        ]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise XrayToCTError(f"{path} is damaged ({error}).", hint="Evaluate the run again.") from error


def write_csv(path: Path, rows: Sequence[Row]) -> None:
    """The same as a table for spreadsheets, one line a number."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Row.__slots__)
    writer.writerows([getattr(row, name) for name in Row.__slots__] for row in rows)
    write_whole(path, text.getvalue().encode())


def by_patient(rows: Iterable[Row], scope: Scope, predictor: str, fed: str) -> dict[str, float]:
    """Patient -> value, sorted by patient."""
    found = {
        row.patient: row.value
        for row in rows
        if (row.metric, row.slabs, row.mask, row.predictor, row.input)
        == (scope.metric, scope.slabs, scope.mask, predictor, fed)
        and abs(row.grid_mm - scope.grid_mm) < 1e-6
    }
    return dict(sorted(found.items()))


def pool(folds: Sequence[Sequence[Row]]) -> list[Row]:
    """The rows of several folds as those of one evaluation.

    Raises:
        XrayToCTError: a patient is tested in two folds: then the folds do not partition the patients.
    """
    seen: dict[str, int] = {}
    for number, rows in enumerate(folds):
        for patient in {row.patient for row in rows}:
            if seen.setdefault(patient, number) != number:
                raise XrayToCTError(
                    f"The patient {patient} is tested in more than one of the runs.",
                    hint="Pool the folds of one cross-validation; report other runs on their own.",
                )
    return [row for rows in folds for row in rows]


def means(rows: Iterable[Row]) -> Mapping[tuple[str, ...], float]:
    """Means over patients, by (metric, predictor, input, grid, slabs, mask)."""
    groups: dict[tuple[str, ...], list[float]] = {}
    for row in rows:
        key = (row.metric, row.predictor, row.input, f"{row.grid_mm:g} mm", row.slabs, row.mask)
        groups.setdefault(key, []).append(row.value)
    return {key: float(np.mean(values)) for key, values in sorted(groups.items())}
