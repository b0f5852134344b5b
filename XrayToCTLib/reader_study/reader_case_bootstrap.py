"""Reader-case bootstrap: how far the mean of many readers' answers about many cases can be trusted.

Whoever reads and whom the images show are both chance. With two or more readers both are drawn with replacement,
independently of each other, and each answer counts as often as its reader was drawn times as its case was. That is the
multiple bootstrap of S. V. Beiden, R. F. Wagner and G. Campbell, Acad. Radiol. 7, 341-349 (2000), and the pigeonhole
bootstrap of A. B. Owen, Ann. Appl. Stat. 1, 386-411 (2007), who shows that with many readers it errs on the safe side:
what neither reader nor case explains counts up to three times.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .intervals import case_weights, reader_weights
from .measure import CASES, CASES_AND_READERS


@dataclass(frozen=True, slots=True, eq=False)
class ReaderCaseSums:
    """Answers to one question about some images.

    Attributes:
        total: sum of the answers, shape (readers, cases).
        count: how many there are, shape (readers, cases).
        has_answered: readers with any answer to the question, about whatever images, shape (readers,).
    """

    total: np.ndarray
    count: np.ndarray
    has_answered: np.ndarray

    @property
    def n(self) -> int:
        return int(self.count.sum())

    @property
    def mean(self) -> float:
        """Over all answers; NaN of none."""
        return float(self.total.sum() / self.n) if self.n else float("nan")

    @property
    def resampled(self) -> str:
        """What ``bootstrap_means`` draws: a single reader stands for nobody else."""
        return CASES_AND_READERS if self.has_answered.sum() > 1 else CASES


def reader_case_sums(matrix: np.ndarray, case_of_unit: np.ndarray, cases: int, units: np.ndarray) -> ReaderCaseSums:
    """Sums over the chosen units of each case, reader by reader.

    Args:
        matrix: answers, shape (readers, units), NaN where there is none.
        case_of_unit: index of each unit's case, shape (units,).
        units: which to take, bool, shape (units,).
    """
    is_given = np.isfinite(matrix)
    of_case = (case_of_unit[:, np.newaxis] == np.arange(cases)) & units[:, np.newaxis]  # (units, cases)
    total = np.where(is_given, matrix, 0.0) @ of_case
    return ReaderCaseSums(total, is_given.astype(np.float64) @ of_case, is_given.any(axis=1))


def bootstrap_means(sums: ReaderCaseSums, seed: int) -> np.ndarray:
    """The mean in each bootstrap sample, shape (resamples,); NaN where nothing was drawn that has an answer.

    Sums of one question draw the same readers and cases for the same seed, so that their means can be subtracted.
    """
    total, count = sums.total[sums.has_answered], sums.count[sums.has_answered]
    of_case = case_weights(total.shape[1], seed)
    if sums.resampled == CASES_AND_READERS:
        of_reader = reader_weights(total.shape[0], seed)
    else:
        of_reader = np.ones((of_case.shape[0], total.shape[0]))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(((of_reader @ total) * of_case).sum(axis=1) / ((of_reader @ count) * of_case).sum(axis=1))
