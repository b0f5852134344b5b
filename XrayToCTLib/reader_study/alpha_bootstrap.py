"""Alpha bootstrap: how far Krippendorff's alpha holds when other readers and other cases might have been taken.

Readers and cases are drawn as in ``reader_case_bootstrap``, with one exception: a reader who is drawn twice would agree
with themselves, so only pairs of different readers count, as often as the one was drawn times the other. Of few readers
too many draws would hold one of them alone, and only cases are drawn.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from .intervals import case_weights, reader_weights
from .measure import CASES, CASES_AND_READERS

FEWEST_READERS = 4  # one in 64 draws holds a single reader; of three, one in nine, and there is no interval


def drawn_coincidences(
    ratings: np.ndarray, case_of_unit: np.ndarray, cases: int, seed: int
) -> tuple[np.ndarray, np.ndarray, str]:
    """The coincidence matrix of each bootstrap sample, for ``alpha_of_coincidences``.

    Args:
        ratings: shape (readers, units), NaN where an answer is missing.
        case_of_unit: index of each unit's case, shape (units,).

    Returns:
        shape (resamples, values, values); the values in ascending order; what was drawn ("cases and readers" or
        "cases").
    """
    ratings = ratings[np.isfinite(ratings).any(axis=1)]
    values = np.unique(ratings[np.isfinite(ratings)])
    of_case = case_weights(cases, seed)
    pairs = np.array(list(combinations(range(len(ratings)), 2)), dtype=int).reshape(-1, 2)
    is_enough = len(ratings) >= FEWEST_READERS
    drawn = reader_weights(len(ratings), seed) if is_enough else np.ones((len(of_case), len(ratings)), dtype=int)
    samples = np.zeros((len(of_case), values.size, values.size))
    for pair, coincidences in zip(pairs, _of_pairs(ratings, values, pairs), strict=True):
        by_case = np.zeros((cases, *coincidences.shape[1:]))
        np.add.at(by_case, case_of_unit, coincidences)
        weights = of_case * drawn[:, pair].prod(axis=1, keepdims=True)
        samples += np.tensordot(weights, by_case, axes=1)
    return samples, values, CASES_AND_READERS if is_enough else CASES


def _of_pairs(ratings: np.ndarray, values: np.ndarray, pairs: np.ndarray) -> list[np.ndarray]:
    """Each pair of readers' part of the coincidence matrix of each unit, shape (units, values, values)."""
    is_value = (ratings[:, :, np.newaxis] == values).astype(np.float64)  # (readers, units, values)
    answers = np.isfinite(ratings).sum(axis=0)
    share = np.where(answers > 1, 1 / np.maximum(answers - 1, 1), 0.0)[:, np.newaxis, np.newaxis]
    tables = (is_value[i][:, :, np.newaxis] * is_value[j][:, np.newaxis, :] for i, j in pairs)
    return [(table + table.swapaxes(1, 2)) * share for table in tables]
