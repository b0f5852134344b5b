"""Scores: what the readers thought of each method, against the real images, and whether they knew these apart."""

from __future__ import annotations

import numpy as np

from .intervals import percentile_interval, wilson_interval
from .measure import BOOTSTRAP, MARKS, ORIGIN, SCORES, WILSON, Measure
from .questions import Origin, QuestionKind
from .ratings import Ratings
from .reader_case_bootstrap import ReaderCaseSums, bootstrap_means, reader_case_sums

_REAL = 0.0  # of Ratings.matrix
_COIN = 0.5


def score_measures(ratings: Ratings) -> list[Measure]:
    """Mean Likert score of each method, and its difference from that of the real images; first showings only."""
    found = []
    real = _real_units(ratings)
    for question in ratings.study.questions:
        if question.kind is not QuestionKind.LIKERT:
            continue
        matrix = ratings.matrix(question.id)
        for method in ratings.study.methods:
            of_method = _method_units(ratings, method)
            found.append(_mean(ratings, matrix, of_method, SCORES, question.id, "mean score", method))
            if real.any() and not (real & of_method).any():
                found.append(_difference(ratings, matrix, of_method, real, question.id, method))
    return found


def origin_measures(ratings: Ratings) -> list[Measure]:
    """How often the readers were right about real and synthetic, and how often each method was taken for real.

    A coin is right half of the time, whatever the mix; but whoever leans to one answer is right more often where that
    is the commoner one. Balanced accuracy, the mean of the shares of real and of synthetic images that were recognised,
    is 0.5 for anybody who cannot tell them apart (K. H. Brodersen et al., ICPR 2010).
    """
    found: list[Measure] = []
    truth = np.where(_real_units(ratings), 0.0, 1.0)
    for question in ratings.study.questions:
        if question.kind is not QuestionKind.ORIGIN:
            continue
        matrix = ratings.matrix(question.id)
        right = np.where(np.isfinite(matrix), matrix == truth, np.nan)
        everything = np.ones(truth.size, dtype=bool)
        pooled = _mean(ratings, right, everything, ORIGIN, question.id, "accuracy", "all readers", chance=_COIN)
        found += [pooled, *_balanced(ratings, right, truth, question.id)]
        answered = np.isfinite(matrix)
        commoner = max((answered & (truth == 0)).sum(), (answered & (truth == 1)).sum()) / max(1, answered.sum())
        statistic = "accuracy of always the commoner answer"
        found.append(Measure(ORIGIN, question.id, statistic, "nobody", float(commoner), int(answered.sum())))
        for reader, row in zip(ratings.readers, right, strict=True):
            found.append(_share(row, everything, question.id, "accuracy", reader))
            found.append(_share(row, truth == 1, question.id, "synthetic images recognised", reader))
            found.append(_share(row, truth == 0, question.id, "real images recognised", reader))
        taken = np.where(np.isfinite(matrix), matrix == _REAL, np.nan)
        for method in ratings.study.methods:
            units = _method_units(ratings, method)
            found.append(_mean(ratings, taken, units, ORIGIN, question.id, "taken for real", method, chance=_COIN))
    return [measure for measure in found if measure.n]


def _balanced(ratings: Ratings, right: np.ndarray, truth: np.ndarray, question: str) -> list[Measure]:
    """Balanced accuracy of all readers, where there are images of both origins."""
    real, synthetic = (_sums(ratings, right, truth == origin) for origin in (0, 1))
    if not real.n or not synthetic.n:
        return []
    samples = (bootstrap_means(real, ratings.study.seed) + bootstrap_means(synthetic, ratings.study.seed)) / 2
    return [
        Measure(
            ORIGIN,
            question,
            "balanced accuracy",
            "all readers",
            (real.mean + synthetic.mean) / 2,
            real.n + synthetic.n,
            percentile_interval(samples),
            BOOTSTRAP,
            _COIN,
            real.resampled,
        )
    ]


def mark_measures(ratings: Ratings) -> list[Measure]:
    """In how many images of each method a reader marked something; an image without an answer counts as unmarked."""
    found = []
    for question in ratings.study.questions:
        if question.kind is not QuestionKind.MARK:
            continue
        marked = (np.nan_to_num(ratings.matrix(question.id)) > 0).astype(np.float64)
        marked[~_seen(ratings)] = np.nan
        for method in ratings.study.methods:
            units = _method_units(ratings, method)
            found.append(_mean(ratings, marked, units, MARKS, question.id, "share of images with a mark", method))
    return found


def _seen(ratings: Ratings) -> np.ndarray:
    """Which reader answered anything about which image at its first showing, shape (readers, units)."""
    seen = np.zeros((len(ratings.readers), len(ratings.units)), dtype=bool)
    for question in ratings.study.questions:
        seen |= np.isfinite(ratings.matrix(question.id))
    return seen


def _method_units(ratings: Ratings, method: str) -> np.ndarray:
    return np.array([unit_method == method for _, unit_method in ratings.units])


def _real_units(ratings: Ratings) -> np.ndarray:
    candidates = [candidate for case in ratings.study.cases for candidate in case.candidates]
    return np.array([candidate.origin is Origin.REAL for candidate in candidates])


def _mean(
    ratings: Ratings,
    matrix: np.ndarray,
    units: np.ndarray,
    group: str,
    question: str,
    statistic: str,
    subject: str,
    *,
    chance: float | None = None,
) -> Measure:
    """Mean over readers and chosen units, with a bootstrap."""
    sums = _sums(ratings, matrix, units)
    interval = percentile_interval(bootstrap_means(sums, ratings.study.seed))
    return Measure(group, question, statistic, subject, sums.mean, sums.n, interval, BOOTSTRAP, chance, sums.resampled)


def _difference(
    ratings: Ratings, matrix: np.ndarray, units: np.ndarray, real: np.ndarray, question: str, method: str
) -> Measure:
    """Of two means; the same cases and readers are drawn for both, so that a hard case or a stern reader does not
    count against either.
    """
    of_method, of_real = _sums(ratings, matrix, units), _sums(ratings, matrix, real)
    seed = ratings.study.seed
    return Measure(
        SCORES,
        question,
        "mean score less that of the real images",
        method,
        of_method.mean - of_real.mean,
        of_method.n,
        percentile_interval(bootstrap_means(of_method, seed) - bootstrap_means(of_real, seed)),
        BOOTSTRAP,
        resampled=of_method.resampled,
    )


def _share(row: np.ndarray, units: np.ndarray, question: str, statistic: str, reader: str) -> Measure:
    """A share of one reader's answers."""
    answers = row[units & np.isfinite(row)]
    right, n = int(answers.sum()), int(answers.size)
    value = right / n if n else float("nan")
    return Measure(ORIGIN, question, statistic, reader, value, n, wilson_interval(right, n), WILSON, _COIN)


def _sums(ratings: Ratings, matrix: np.ndarray, units: np.ndarray) -> ReaderCaseSums:
    return reader_case_sums(matrix, ratings.case_of_unit, len(ratings.study.cases), units)
