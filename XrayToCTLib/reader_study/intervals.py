"""Intervals: how far a share or a mean can be trusted."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

_Z95 = 1.959963984540054  # the 97.5 % quantile of the standard normal distribution
RESAMPLES = 2000


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """95 % score interval of a share, without continuity correction; (0, 1) of no trials.

    Source: E. B. Wilson, J. Am. Stat. Assoc. 22, 209-212 (1927); R. G. Newcombe, Stat. Med. 17, 857-872 (1998),
    method 3.
    """
    if trials == 0:
        return 0.0, 1.0
    share, square = successes / trials, _Z95**2
    centre = (share + square / (2 * trials)) / (1 + square / trials)
    half = _Z95 * math.sqrt(share * (1 - share) / trials + square / (4 * trials**2)) / (1 + square / trials)
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    return low, 1.0 if successes == trials else min(1.0, centre + half)


@lru_cache(maxsize=4)
def case_weights(cases: int, seed: int, resamples: int = RESAMPLES) -> np.ndarray:
    """How often each case occurs in each bootstrap sample, shape (resamples, cases): draws with replacement.

    Cases are drawn, not answers: those about one patient, by all readers and methods, stay together (B. Efron and
    R. J. Tibshirani, An Introduction to the Bootstrap, 1993, section 8).
    """
    return _draws(cases, np.random.SeedSequence(seed), resamples)


@lru_cache(maxsize=4)
def reader_weights(readers: int, seed: int, resamples: int = RESAMPLES) -> np.ndarray:
    """As ``case_weights``, of readers: shape (resamples, readers), drawn independently of the cases."""
    return _draws(readers, np.random.SeedSequence(seed, spawn_key=(1,)), resamples)


def _draws(count: int, seed: np.random.SeedSequence, resamples: int) -> np.ndarray:
    generator = np.random.Generator(np.random.PCG64(seed))
    weights = generator.multinomial(count, np.full(count, 1 / count), size=resamples)
    weights.setflags(write=False)  # every measure of a study shares it
    return weights


def percentile_interval(values: np.ndarray) -> tuple[float, float] | None:
    """The 2.5th and 97.5th percentile of bootstrap values; None when more than one in twenty is undefined (NaN)."""
    defined = values[np.isfinite(values)]
    if defined.size < 0.95 * values.size or defined.size == 0:
        return None
    low, high = np.percentile(defined, (2.5, 97.5))
    return float(low), float(high)
