"""Bars: what the flagship has to reach, and by how much it does or does not."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from .classical_baselines import CLASSICAL
from .hallucination import Response
from .lesion_edits import INSERTED
from .records import Evaluation
from .ridge_baseline import RIDGE
from .robustness import MISSED, verdicts
from .rows import ALL, BODY, CENTRAL, LINE_INTEGRALS, MEAN_CT, MODEL, NOTHING, Scope
from .table import Contestant, Table

MAE_T1, MAE_ALL, PSNR_T1, REPROJECTION, RESPONSE, MIRROR, LEAD_DB = 110.0, 115.0, 22.5, 3.0, 0.5, 0.5, 3.0
UNPAIRED = "cyclegan"


@dataclass(frozen=True, slots=True)
class Bar:
    """``margin`` is how far beyond the bar the value lies, in the bar's unit: negative where it is missed."""

    name: str
    wanted: str
    measured: str
    reached: bool
    margin: str


def bars(evaluation: Evaluation, table: Table) -> Iterator[Bar]:
    """Every bar that the evaluation holds the numbers for."""
    model = Contestant(MODEL, LINE_INTEGRALS)
    grid = evaluation.field.spacing
    t1, volume = Scope("MAE", CENTRAL, BODY, grid), Scope("MAE", ALL, BODY, grid)
    psnr = Scope("PSNR-2500", CENTRAL, BODY, grid)
    physics = Scope("re-projection", ALL, BODY, grid)
    for name, scope, limit, unit, lower in (
        ("MAE, central slab", t1, MAE_T1, "HU", True),
        ("MAE, all slabs", volume, MAE_ALL, "HU", True),
        ("PSNR-2500, central slab", psnr, PSNR_T1, "dB", False),
        ("re-projection in the body", physics, REPROJECTION, "%", True),
    ):
        interval = table.interval(scope, model)
        if interval is not None:
            yield _limit(name, interval.mean, limit, unit, lower=lower)
    yield from _lead(table, model, t1)
    yield from _over_unpaired(table, model, psnr)
    for size in (15.0, 20.0):
        value = mean_response(evaluation.responses, MODEL, INSERTED, size)
        if math.isfinite(value):
            yield _limit(f"response to inserted {size:g} mm lesions", value, RESPONSE, "", lower=False)
    mirrors = [item.mirror for item in evaluation.consistency if item.predictor == MODEL]
    if mirrors:
        yield _limit(
            "mirrored heart comes out mirrored (correlation)", float(np.mean(mirrors)), MIRROR, "", lower=False
        )
    found = verdicts(evaluation.trials)
    if found:
        missed = sum(verdict.word == MISSED for verdict in found)
        yield Bar(
            "robustness: error within 10 % or flagged", f"all {len(found)} perturbations",
            f"{len(found) - missed}", not missed, f"{missed} missed" if missed else "",
        )  # fmt: skip


def mean_response(of: Sequence[Response], predictor: str, kind: str, size_mm: float) -> float:
    """Mean of the patients' means, so that a patient with more places weighs no more; NaN without any."""
    means = list(patient_responses(of, predictor, kind, size_mm).values())
    return float(np.mean(means)) if means else math.nan


def patient_responses(
    of: Sequence[Response], predictor: str, kind: str, size_mm: float, attribute: str = "response"
) -> dict[str, float]:
    """Patient -> mean over places."""
    groups: dict[str, list[float]] = {}
    for item in of:
        if (item.predictor, item.kind, item.size_mm) == (predictor, kind, size_mm):
            groups.setdefault(item.patient, []).append(getattr(item, attribute))
    return {patient: float(np.nanmean(values)) for patient, values in sorted(groups.items())}


def _limit(name: str, value: float, limit: float, unit: str, *, lower: bool) -> Bar:
    margin = limit - value if lower else value - limit
    places = 1 if unit in ("HU", "%") else 2
    return Bar(
        name,
        f"{'at most' if lower else 'at least'} {limit:g} {unit}".strip(),
        f"{value:.{places}f} {unit}".strip(),
        margin >= 0,
        f"{margin:+.{places}f} {unit}".strip(),
    )


def _lead(table: Table, model: Contestant, scope: Scope) -> Iterator[Bar]:
    """Better than whatever is no network, with the interval of the paired difference clear of zero.

    Of the classical filters the nearest competitor is named; the other differences stand in the report's table.
    """
    fed = [c for c in table.contestants if c.input in (LINE_INTEGRALS, NOTHING)]
    classical = [c for c in fed if c.predictor in CLASSICAL and table.interval(scope, c) is not None]
    nearest = min(classical, key=lambda c: table.values_mean(scope, c), default=None)
    named = [(nearest, f"the best classical baseline, {nearest.predictor}")] if nearest else []
    named += [(c, c.predictor) for c in fed if c.predictor in (MEAN_CT, RIDGE)]
    for other, words in named:
        difference = table.difference(scope, model, other)
        if difference is not None:
            interval = f" [{difference.low:+.1f}, {difference.high:+.1f}]" if np.isfinite(difference.low) else ""
            yield Bar(
                f"MAE, central slab, against {words}", "lower, interval clear of zero",
                f"{difference.mean:+.1f} HU{interval}", difference.high < 0, f"{-difference.high:+.1f} HU",
            )  # fmt: skip


def _over_unpaired(table: Table, model: Contestant, scope: Scope) -> Iterator[Bar]:
    difference = table.difference(scope, model, Contestant(UNPAIRED, LINE_INTEGRALS))
    if difference is not None:
        yield _limit("PSNR-2500, central slab, over the unpaired CycleGAN", difference.mean, LEAD_DB, "dB", lower=False)
