"""The card's fidelity block: the figures that go with a model wherever it goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.fidelity.bootstrap import mean_interval

from .protocol import digits, units
from .rows import ALL, BODY, CENTRAL, DISPLAY, LINE_INTEGRALS, MEAN_CT, MODEL, NOTHING, Row, Scope, by_patient

_METRICS = ("MAE", "PSNR-2500", "SSIM", "ME", "MS-SSIM", "gradient correlation", "re-projection")
_PREDICTORS = ((MODEL, LINE_INTEGRALS), (MODEL, DISPLAY), (MEAN_CT, NOTHING))


def card_fidelity(
    rows: Sequence[Row], grid_mm: float | None = None, *, predictor: str = MODEL, resamples: int = 10_000, seed: int = 0
) -> list[dict[str, Any]]:
    """Entries for a card's ``fidelity``, the primary figure first, each with its protocol and 95 % interval, and the
    mean-CT predictor's beside it.

    Args:
        rows: of one evaluation, or of all folds of a cross-validation (``rows.pool``).
        grid_mm: the finest grid in the rows when None.
        predictor: whose card it is.

    Raises:
        XrayToCTError: the rows do not hold the predictor's primary figure.
    """
    if not rows:
        raise XrayToCTError("There are no rows to make a card of.", hint="Run `python -m Training evaluate` first.")
    grid = min(row.grid_mm for row in rows) if grid_mm is None else grid_mm
    entries: list[dict[str, Any]] = []
    for metric in _METRICS:
        for slabs in (CENTRAL, ALL):
            for role, fed in _PREDICTORS:
                name = predictor if role == MODEL else role
                values = by_patient(rows, Scope(metric, slabs, BODY, grid), name, fed)
                finite = {patient: value for patient, value in values.items() if np.isfinite(value)}
                if finite:
                    entries.append(_entry(metric, slabs, role, fed, finite, grid, resamples, seed))
    if not entries or entries[0]["metric"] != "MAE":
        raise XrayToCTError(
            f"The rows hold no body-masked MAE of '{predictor}' at {grid:g} mm.", hint="Evaluate the run again."
        )
    return entries


def _entry(
    metric: str, slabs: str, role: str, fed: str, values: dict[str, float], grid: float, resamples: int, seed: int
) -> dict[str, Any]:
    interval = mean_interval(values, resamples=resamples, seed=seed)
    places = digits(metric)
    each = ", ".join(f"{patient} {value:.{places}f}" for patient, value in values.items())
    who = f"input {fed}" if role == MODEL else "baseline: the mean of the training CTs"
    size = "2D" if slabs == CENTRAL else "volume"
    entry: dict[str, Any] = {
        "metric": metric if role == MODEL else f"{metric} of the mean CT",
        "value": round(interval.mean, places),
        "unit": units(metric),
        "protocol": f"{slabs} ({size}), body mask; {who}; simulated PA radiographs, mean of {len(values)} held-out "
        f"patients ({each}); interval: percentile bootstrap over patients; window -1024..1476 HU, range 2500, "
        f"{grid:g} mm grid, rays within the scanned length.",
    }
    if np.isfinite(interval.low):
        entry["interval95"] = [round(interval.low, places), round(interval.high, places)]
    return entry
