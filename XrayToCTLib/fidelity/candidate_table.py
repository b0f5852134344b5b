"""Candidate table: several candidates against one reference, a line a metric, the best marked.

The page, the CSV file and Slicer's table node are all made of these lines, so that their numbers cannot differ.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .fidelity_report import COLUMNS, FidelityReport, MetricRow

# Two numbers of one metric rank only if they were taken alike.
_ALIKE = ("unit", "n", "window", "data_range", "kernel", "pooling", "grid", "better")


@dataclass(frozen=True, slots=True)
class CandidateLine:
    """One metric in one scope.

    Attributes:
        metric, variant, slabs, region: as in MetricRow.
        rows: one a candidate; None where a candidate lacks the metric.
        best: indices of the best candidates; empty where no way is better, where fewer than two have a number, where
            all are equal, or where the numbers were not taken alike.
    """

    metric: str
    variant: str
    slabs: str
    region: str
    rows: tuple[MetricRow | None, ...]
    best: frozenset[int]

    @property
    def scope(self) -> tuple[str, str]:
        """(slabs, region)"""
        return self.slabs, self.region


def candidate_names(reports: Sequence[FidelityReport]) -> list[str]:
    """A name a report; those without one are numbered, and names that are shared get a number behind them."""
    given = [
        report.candidate or ("result" if len(reports) == 1 else f"candidate {n}") for n, report in enumerate(reports, 1)
    ]
    return [name if given.count(name) == 1 else f"{name} ({given[:n].count(name) + 1})" for n, name in enumerate(given)]


def candidate_table(reports: Sequence[FidelityReport]) -> list[CandidateLine]:
    """The lines of all metrics that at least one of the reports has, in the order in which they come up."""
    keys = dict.fromkeys((row.metric, row.variant, row.slabs, row.region) for report in reports for row in report.rows)
    by_key = [{(row.metric, row.variant, row.slabs, row.region): row for row in report.rows} for report in reports]
    lines = []
    for key in keys:
        rows = tuple(found.get(key) for found in by_key)
        lines.append(CandidateLine(*key, rows, _best(rows)))
    return lines


def write_candidates_csv(path: str | Path, reports: Sequence[FidelityReport]) -> Path:
    """One line a candidate and metric: candidate, reference, the columns of MetricRow, and whether it is the best.

    Raises:
        XrayToCTError: the file cannot be written.
    """
    from ..whole_file import write_whole

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("candidate", "reference", *COLUMNS, "best"))
    names = candidate_names(reports)
    for line in candidate_table(reports):
        for index, row in enumerate(line.rows):
            if row is not None:
                values = (getattr(row, column) for column in COLUMNS)
                writer.writerow((names[index], reports[index].reference, *values, "yes" if index in line.best else ""))
    return write_whole(path, text.getvalue().encode())


def candidates_record(reports: Sequence[FidelityReport]) -> Any:
    """For JSON: the report of a single candidate, or {"candidates": [one a candidate]}."""
    records = [json.loads(report.to_json()) for report in reports]
    return records[0] if len(records) == 1 else {"candidates": records}


def candidates_text(reports: Sequence[FidelityReport]) -> str:
    """Tab-separated, for a spreadsheet: metric, a column a candidate as people read it, best, scope, protocol."""
    names = candidate_names(reports)
    lines = ["\t".join(("metric", *names, "best", "slabs", "region", "protocol"))]
    for line in candidate_table(reports):
        values = ["" if row is None else row.value_text for row in line.rows]
        best = ", ".join(names[index] for index in sorted(line.best))
        protocol = next(row.protocol for row in line.rows if row is not None)
        metric = " ".join(filter(None, (line.metric, line.variant)))
        lines.append("\t".join((metric, *values, best, line.slabs, line.region, protocol)))
    return "\n".join(lines) + "\n"


def _best(rows: Sequence[MetricRow | None]) -> frozenset[int]:
    given = {index: row for index, row in enumerate(rows) if row is not None and not math.isnan(row.value)}
    if len(given) < 2 or len({tuple(getattr(row, name) for name in _ALIKE) for row in given.values()}) > 1:
        return frozenset()
    way = next(iter(given.values())).better
    cost = {
        "lower": lambda value: value,
        "higher": lambda value: -value,
        "zero": abs,
    }.get(way)
    if cost is None:
        return frozenset()
    costs = {index: cost(row.value) for index, row in given.items()}
    least = min(costs.values())
    best = frozenset(index for index, value in costs.items() if value == least)
    return best if len(best) < len(costs) else frozenset()
