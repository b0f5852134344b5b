"""Krippendorff's alpha: agreement of any number of readers, with answers missing.

Source: K. Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011, repository.upenn.edu/asc_papers/43;
K. Krippendorff, Content Analysis, 4th edition, 2018, chapter 12.
"""

from __future__ import annotations

import numpy as np

from ..errors import XrayToCTError

METRICS = ("nominal", "ordinal", "interval")


def krippendorff_alpha(ratings: np.ndarray, metric: str) -> float:
    """Alpha of ratings, shape (readers, units), NaN where an answer is missing.

    Args:
        metric: the difference of two values: nominal (same or not), ordinal (by ranks) or interval (squared distance).

    Returns:
        1 for full agreement, 0 for chance, negative below it; NaN where nothing varies or no unit has two answers.

    Raises:
        XrayToCTError: another metric, or ratings of another shape.
    """
    coincidences, values = unit_coincidences(ratings)
    return float(alpha_of_coincidences(coincidences.sum(axis=0)[np.newaxis], values, metric)[0])


def unit_coincidences(ratings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each unit's part of the coincidence matrix, shape (units, values, values), and the values in ascending order.

    A unit with m answers gives each of its m (m - 1) ordered pairs the weight 1 / (m - 1); one with fewer than two,
    nothing.

    Raises:
        XrayToCTError: ratings that are not two-dimensional.
    """
    ratings = np.asarray(ratings, dtype=np.float64)
    if ratings.ndim != 2:
        raise XrayToCTError("Ratings must be (readers, units).", hint="Give a two-dimensional array, NaN for missing.")
    values = np.unique(ratings[np.isfinite(ratings)])
    counts = (ratings.T[:, :, np.newaxis] == values).sum(axis=1).astype(np.float64)  # (units, values)
    answers = counts.sum(axis=1)
    pairs = counts[:, :, np.newaxis] * counts[:, np.newaxis, :]
    diagonal = np.arange(values.size)
    pairs[:, diagonal, diagonal] -= counts
    weights = np.where(answers > 1, 1 / np.maximum(answers - 1, 1), 0.0)
    return pairs * weights[:, np.newaxis, np.newaxis], values


def alpha_of_coincidences(coincidences: np.ndarray, values: np.ndarray, metric: str) -> np.ndarray:
    """Alpha of each of many coincidence matrices, shape (matrices, values, values); NaN where it is undefined.

    Raises:
        XrayToCTError: another metric.
    """
    margins = coincidences.sum(axis=2)  # n_c, of each matrix
    total = margins.sum(axis=1)
    distance = _squared_distance(margins, values, metric)
    observed = (coincidences * distance).sum(axis=(1, 2))
    expected = (margins[:, :, np.newaxis] * margins[:, np.newaxis, :] * distance).sum(axis=(1, 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(expected > 0, 1 - (total - 1) * observed / expected, np.nan)


def _squared_distance(margins: np.ndarray, values: np.ndarray, metric: str) -> np.ndarray:
    if metric == "nominal":
        return (1 - np.eye(values.size))[np.newaxis]
    if metric == "interval":
        return np.square(values[:, np.newaxis] - values[np.newaxis, :])[np.newaxis]
    if metric == "ordinal":
        # sum of n_g from c to k, less half of n_c and n_k: the distance of the two mean ranks
        ranks = np.cumsum(margins, axis=1) - margins / 2
        return np.square(ranks[:, :, np.newaxis] - ranks[:, np.newaxis, :])
    raise XrayToCTError(f"There is no metric {metric!r}.", hint=f"Choose one of: {', '.join(METRICS)}.")
