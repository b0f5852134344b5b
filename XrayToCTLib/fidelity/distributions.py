"""Distributions: a metric over many cases. The case is the unit: each counts once, whatever its number of voxels."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .batch_compare import CaseResult
from .bootstrap import Interval, mean_interval
from .fidelity_report import COLUMNS, MetricRow

_RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Distribution:
    """One metric of one candidate in one scope.

    Attributes:
        metric, variant, unit, slabs, region, better: as in MetricRow.
        candidate: "" where there is only one.
        values: case -> value, those alone that are finite.
        mean: with its 95 % percentile-bootstrap interval over cases.
    """

    metric: str
    variant: str
    unit: str
    slabs: str
    region: str
    better: str
    candidate: str
    values: Mapping[str, float]
    mean: Interval

    @property
    def scope(self) -> tuple[str, str]:
        """(slabs, region)"""
        return self.slabs, self.region

    @property
    def quartiles(self) -> tuple[float, float, float]:
        """First quartile, median, third quartile."""
        low, middle, high = np.quantile(list(self.values.values()), (0.25, 0.5, 0.75))
        return float(low), float(middle), float(high)

    @property
    def worst_first(self) -> list[str]:
        """The cases from the worst to the best; in their order where no way is better."""
        cost = {"lower": lambda v: -v, "higher": lambda v: v, "zero": lambda v: -abs(v)}.get(self.better, lambda _: 0.0)
        return sorted(self.values, key=lambda case: cost(self.values[case]))

    def text(self, value: float) -> str:
        """A value as people read it, as in the metrics of a single case."""
        return MetricRow(self.metric, value, self.unit, "", "", 0, "").value_text


def distributions(results: Sequence[CaseResult]) -> list[Distribution]:
    """All metrics over the cases that did not fail, in the order in which the metrics come up; candidates in turn."""
    found: dict[tuple[str, str, str, str], dict[str, dict[str, MetricRow]]] = {}
    for result in results:
        for row in result.rows:
            key = (row.metric, row.variant, row.slabs, row.region)
            found.setdefault(key, {}).setdefault(result.case.candidate, {})[result.case.name] = row
    made = []
    for (metric, variant, slabs, region), candidates in found.items():
        for candidate, rows in candidates.items():
            values = {case: row.value for case, row in rows.items() if math.isfinite(row.value)}
            if values:
                first = next(iter(rows.values()))
                mean = mean_interval(values, resamples=_RESAMPLES)
                made.append(
                    Distribution(metric, variant, first.unit, slabs, region, first.better, candidate, values, mean)
                )
    return made


def write_batch_csv(path: str | Path, results: Sequence[CaseResult]) -> Path:
    """One line a case, candidate and metric; a case that failed is one line with its reason.

    Raises:
        XrayToCTError: the file cannot be written.
    """
    from ..whole_file import write_whole

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("case", "candidate", "stack", "reference", *COLUMNS, "alignment", "error"))
    for result in results:
        case = result.case
        start = (case.name, case.candidate, case.stack.name, case.reference.name)
        for row in result.rows:
            writer.writerow((*start, *(getattr(row, column) for column in COLUMNS), result.alignment, ""))
        if result.failed:
            writer.writerow((*start, *("" for _ in COLUMNS), "", result.error))
    return write_whole(path, text.getvalue().encode())
