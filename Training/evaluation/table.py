"""Tables: means over patients with their intervals, and paired differences, from rows."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from XrayToCTLib.fidelity.bootstrap import Interval, mean_interval, paired_difference
from XrayToCTLib.whole_file import write_whole

from .protocol import digits, scope_text
from .rows import ALL, CENTRAL, LINE_INTEGRALS, Row, Scope


@dataclass(frozen=True, slots=True)
class Contestant:
    """A predictor fed one kind of input."""

    predictor: str
    input: str

    @property
    def cell(self) -> tuple[str, str]:
        """As the first cell of a table's row."""
        return self.predictor, f"fed {self.input}"

    def __str__(self) -> str:
        return f"{self.predictor} ({self.input})"


class Table:
    """All intervals of an evaluation, computed once and looked up by scope."""

    def __init__(self, rows: Sequence[Row], *, resamples: int, seed: int = 0) -> None:
        self._values: dict[tuple[Scope, Contestant], dict[str, float]] = {}
        for row in rows:
            key = (Scope(row.metric, row.slabs, row.mask, row.grid_mm), Contestant(row.predictor, row.input))
            self._values.setdefault(key, {})[row.patient] = row.value
        self._resamples, self._seed = resamples, seed
        self._intervals: dict[tuple[Scope, Contestant], Interval] = {}
        self.contestants = list(dict.fromkeys(contestant for _, contestant in self._values))
        self.scopes = list(dict.fromkeys(scope for scope, _ in self._values))

    def values(self, scope: Scope, contestant: Contestant) -> dict[str, float]:
        """Patient -> value, empty where nothing was measured."""
        return dict(sorted(self._values.get((scope, contestant), {}).items()))

    def interval(self, scope: Scope, contestant: Contestant) -> Interval | None:
        key = (scope, contestant)
        if key not in self._intervals:
            values = self.values(scope, contestant)
            if not values:
                return None
            self._intervals[key] = mean_interval(values, resamples=self._resamples, seed=self._seed)
        return self._intervals[key]

    def values_mean(self, scope: Scope, contestant: Contestant) -> float:
        """Mean over patients; infinite where nothing was measured."""
        interval = self.interval(scope, contestant)
        return interval.mean if interval else math.inf

    def difference(self, scope: Scope, a: Contestant, b: Contestant) -> Interval | None:
        """Paired over the patients of both; None where they share no patient."""
        first, second = self.values(scope, a), self.values(scope, b)
        both = first.keys() & second.keys()
        if not both or any(not math.isfinite(first[p] - second[p]) for p in both):
            return None
        return paired_difference(
            {p: first[p] for p in both}, {p: second[p] for p in both}, resamples=self._resamples, seed=self._seed
        )

    def text(self, scope: Scope, contestant: Contestant) -> tuple[str, str]:
        """(mean, "[low, high]" or nothing)."""
        interval = self.interval(scope, contestant)
        return interval_text(interval, digits(scope.metric)) if interval else ("", "")


def interval_text(interval: Interval, places: int, *, sign: bool = False) -> tuple[str, str]:
    """A mean and its interval as people read them."""
    plus = "+" if sign else ""
    mean = f"{interval.mean:{plus}.{places}f}"
    if not np.isfinite(interval.low):
        return mean, ""
    return mean, f"[{interval.low:{plus}.{places}f}, {interval.high:{plus}.{places}f}]"


def write_table_csv(path: Path, table: Table) -> None:
    """Every mean with its interval and what it is of, one line each."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("metric", "predictor", "input", "grid_mm", "scope", "mean", "low95", "high95", "patients"))
    for scope, contestant, interval in _all(table):
        writer.writerow(
            (scope.metric, contestant.predictor, contestant.input, f"{scope.grid_mm:g}",
             scope_text(scope.slabs, scope.mask), interval.mean, interval.low, interval.high, interval.patients)
        )  # fmt: skip
    write_whole(path, text.getvalue().encode())


def _all(table: Table) -> Iterator[tuple[Scope, Contestant, Interval]]:
    for scope in table.scopes:
        for contestant in table.contestants:
            interval = table.interval(scope, contestant)
            if interval is not None:
                yield scope, contestant, interval


def primary_scopes(grid_mm: float) -> tuple[tuple[str, Scope], ...]:
    """The columns of the table that everybody looks at first: (heading, scope)."""
    t1 = [("MAE", "MAE T1"), ("PSNR-2500", "PSNR-2500 T1"), ("SSIM", "SSIM T1"), ("MS-SSIM", "MS-SSIM T1"),
          ("gradient correlation", "gradient corr. T1"), ("ME", "ME T1"), ("RMSE", "RMSE T1"),
          ("PSNR-4024", "PSNR-4024 T1")]  # fmt: skip
    volume = [("MAE", "MAE all"), ("PSNR-2500", "PSNR-2500 all"), ("SSIM", "SSIM all"), ("MS-SSIM", "MS-SSIM all"),
              ("gradient correlation", "gradient corr. all"), ("lung Dice", "lung Dice all"),
              ("bone Dice", "bone Dice all"), ("re-projection", "re-projection")]  # fmt: skip
    columns = {heading: Scope(metric, CENTRAL, "body", grid_mm) for metric, heading in t1}
    columns |= {heading: Scope(metric, ALL, "body", grid_mm) for metric, heading in volume}
    first = ("MAE T1", "MAE all", "PSNR-2500 T1", "PSNR-2500 all", "SSIM T1", "SSIM all")
    order = [*first, *(heading for heading in columns if heading not in first)]
    return tuple((heading, columns[heading]) for heading in order)


def ranked(table: Table, scope: Scope) -> list[Contestant]:
    """Contestants by the mean of a scope, lowest first; the calibrated input before the display-processed one."""
    found = [c for c in table.contestants if table.interval(scope, c) is not None]
    best: dict[str, float] = {}
    for c in found:
        best[c.predictor] = min(best.get(c.predictor, math.inf), table.values_mean(scope, c))
    return sorted(found, key=lambda c: (best[c.predictor], c.predictor, c.input != LINE_INTEGRALS))
