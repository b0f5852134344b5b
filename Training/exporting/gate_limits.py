"""Limits of a gate's tests, from the values of ordinary inputs of patients that were left out of the fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

# Limits never lie below these, however alike the ordinary inputs are. Another explanation must fit better than the
# image as it is; the unattenuated exposure may be wrong by 10 %; slabs that add up within 5 % are good ones; a border
# of a tenth is no matter.
_LOWEST_LIMITS = {
    "turn": 0.0,
    "polarity": 0.0,
    "lateral": 0.0,
    "exposure": float(np.log(1.1)),
    "physics": 0.05,
    "border": 0.1,
}
# Blank is an input with a third of the least contrast that was seen, noise one with two thirds of the least share of it
# in coarse shapes: an unusual patient comes nowhere near.
_SPARE = {"structure": float(np.log(3.0)), "grain": float(np.log(1.5))}


def patient_weights(owners: Sequence[tuple[int, str]]) -> np.ndarray:
    """Of each input: patients of a group alike, however many inputs each has."""
    inputs = Counter(owners)
    return np.array([1.0 / inputs[owner] for owner in owners])


def limits_of(
    values: Sequence[dict[str, float]], weights: np.ndarray, false_alarms: float
) -> dict[str, tuple[float, float]]:
    """Limits at one tail probability for all tests, the largest that keeps the share of flagged inputs in bounds."""
    names = dict.fromkeys(test for value in values for test in value)
    tests = {test: np.array([value.get(test, np.nan) for value in values]) for test in names}
    best = _at_tail(tests, weights, 0.0)
    for tail in np.geomspace(false_alarms / 50.0, false_alarms, 60):
        limits = _at_tail(tests, weights, float(tail))
        flagged = np.zeros(len(values), bool)
        for test, column in tests.items():
            flagged |= np.nan_to_num(column, nan=-np.inf) > limits[test][1]
        if weights[flagged].sum() > false_alarms * weights.sum():
            break
        best = limits
    return best


def _at_tail(tests: dict[str, np.ndarray], weights: np.ndarray, tail: float) -> dict[str, tuple[float, float]]:
    limits = {}
    for test, column in tests.items():
        there = np.isfinite(column)
        centre = _quantile(column[there], weights[there], 0.5)
        limit = _quantile(column[there], weights[there], 1.0 - tail) + _SPARE.get(test, 0.0)
        limit = max(limit, _LOWEST_LIMITS.get(test, -np.inf))
        limits[test] = (centre, max(limit, centre + 1e-3 * (1.0 + abs(centre))))
    return limits


def _quantile(values: np.ndarray, weights: np.ndarray, probability: float) -> float:
    order = np.argsort(values)
    share = np.cumsum(weights[order]) / weights.sum()
    return float(values[order][min(int(np.searchsorted(share, probability - 1e-9)), len(values) - 1)])
