"""Cohen's kappa: agreement of two readers, beyond what their habits make by chance.

Sources: J. Cohen, Educ. Psychol. Meas. 20, 37-46 (1960); weighted: J. Cohen, Psychol. Bull. 70, 213-220 (1968).
"""

from __future__ import annotations

import numpy as np

from ..errors import XrayToCTError

WEIGHTINGS = ("none", "linear", "quadratic")


def cohen_kappa(first: np.ndarray, second: np.ndarray, categories: int, *, weighting: str = "none") -> float:
    """Kappa of two readers' answers about the same units.

    Args:
        first, second: shape (units,), from 0 to ``categories`` - 1, NaN where an answer is missing: such units are
            left out.
        categories: how many answers there are, given or not: weights depend on it.
        weighting: none; linear, by the distance of two answers; quadratic, by its square.

    Returns:
        1 for full agreement, 0 for chance; NaN where it is undefined (no units, or both only ever gave one answer).

    Raises:
        XrayToCTError: another weighting, or answers of different lengths.
    """
    counts = unit_tables(first, second, categories).sum(axis=0)
    return float(kappa_of_tables(counts[np.newaxis], disagreement_weights(categories, weighting))[0])


def unit_tables(first: np.ndarray, second: np.ndarray, categories: int) -> np.ndarray:
    """Each unit's contingency table, shape (units, categories, categories), all 0 where an answer is missing.

    Raises:
        XrayToCTError: answers of different lengths.
    """
    first, second = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if first.shape != second.shape or first.ndim != 1:
        raise XrayToCTError("The readers' answers must be about the same units.", hint="Give two arrays of one length.")
    one_hot = [(answers[:, np.newaxis] == np.arange(categories)).astype(np.float64) for answers in (first, second)]
    return one_hot[0][:, :, np.newaxis] * one_hot[1][:, np.newaxis, :]


def disagreement_weights(categories: int, weighting: str) -> np.ndarray:
    """0 on the diagonal, shape (categories, categories).

    Raises:
        XrayToCTError: another weighting.
    """
    distance = np.abs(np.subtract.outer(np.arange(categories), np.arange(categories))).astype(np.float64)
    if weighting not in WEIGHTINGS:
        raise XrayToCTError(f"There is no weighting {weighting!r}.", hint=f"Choose one of: {', '.join(WEIGHTINGS)}.")
    return {"none": np.minimum(distance, 1), "linear": distance, "quadratic": np.square(distance)}[weighting]


def kappa_of_tables(tables: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Kappa of each of many contingency tables, shape (tables, categories, categories); NaN where it is undefined.

    Args:
        weights: of disagreement, shape (categories, categories), as in Cohen 1968.
    """
    total = tables.sum(axis=(1, 2))
    chance = tables.sum(axis=2)[:, :, np.newaxis] * tables.sum(axis=1)[:, np.newaxis, :]
    observed, expected = (tables * weights).sum(axis=(1, 2)), (chance * weights).sum(axis=(1, 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(expected > 0, 1 - observed * total / expected, np.nan)
