"""Agreement: how alike several readers answer, and one reader at the second showing."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from .alpha_bootstrap import drawn_coincidences
from .cohen_kappa import disagreement_weights, kappa_of_tables, unit_tables
from .intervals import case_weights, percentile_interval, wilson_interval
from .krippendorff_alpha import alpha_of_coincidences, unit_coincidences
from .measure import AGREEMENT, BOOTSTRAP, CASES, WILSON, WITHIN_READERS, Measure
from .questions import Question, QuestionKind
from .ratings import Ratings

_FEWEST_PAIRS = 10  # below this a bootstrap interval of kappa says nothing
_METRICS = {QuestionKind.LIKERT: ("ordinal", "interval", "nominal"), QuestionKind.ORIGIN: ("nominal",)}
_WEIGHTINGS = {QuestionKind.LIKERT: ("none", "linear", "quadratic"), QuestionKind.ORIGIN: ("none",)}


def agreement_measures(ratings: Ratings) -> list[Measure]:
    """Krippendorff's alpha of all readers, Cohen's kappa of each pair, both with intervals; of the first showings.

    For a pair's kappa cases alone are drawn: it is about these two. For alpha see ``alpha_bootstrap``.
    """
    found: list[Measure] = []
    if len(ratings.readers) < 2:
        return found
    for question in ratings.study.questions:
        if question.kind is QuestionKind.MARK:
            continue
        matrix = ratings.matrix(question.id)
        found += _alphas(ratings, question, matrix)
        for first, second in combinations(range(len(ratings.readers)), 2):
            subject = f"{ratings.readers[first]} and {ratings.readers[second]}"
            found += _kappas(ratings, question, matrix[first], matrix[second], subject, AGREEMENT)
    return found


def within_reader_measures(ratings: Ratings) -> list[Measure]:
    """Kappa and share of equal answers between the two showings of the repeated images, of each reader."""
    found: list[Measure] = []
    for question in ratings.study.questions:
        if question.kind is QuestionKind.MARK or not ratings.study.repeats:
            continue
        first, second = ratings.matrix(question.id), ratings.matrix(question.id, repeats=True)
        for index, reader in enumerate(ratings.readers):
            both = np.isfinite(first[index]) & np.isfinite(second[index])
            if not both.any():
                continue
            equal, pairs = int((first[index] == second[index])[both].sum()), int(both.sum())
            share = Measure(
                WITHIN_READERS,
                question.id,
                "share of equal answers",
                reader,
                equal / pairs,
                pairs,
                wilson_interval(equal, pairs),
                WILSON,
            )
            found += [share, *_kappas(ratings, question, first[index], second[index], reader, WITHIN_READERS)]
    return found


def _alphas(ratings: Ratings, question: Question, matrix: np.ndarray) -> list[Measure]:
    coincidences, values = unit_coincidences(matrix)
    total = coincidences.sum(axis=0)[np.newaxis]
    study = ratings.study
    samples, _, resampled = drawn_coincidences(matrix, ratings.case_of_unit, len(study.cases), study.seed)
    return [
        Measure(
            AGREEMENT,
            question.id,
            f"Krippendorff's alpha, {metric}",
            "all readers",
            float(alpha_of_coincidences(total, values, metric)[0]),
            round(float(total.sum())),  # the number of answers that can be paired
            percentile_interval(alpha_of_coincidences(samples, values, metric)),
            BOOTSTRAP,
            resampled=resampled,
        )
        for metric in _METRICS[question.kind]
    ]


def _kappas(
    ratings: Ratings, question: Question, first: np.ndarray, second: np.ndarray, subject: str, group: str
) -> list[Measure]:
    is_likert = question.kind is QuestionKind.LIKERT
    categories, start = (len(question.levels), 1) if is_likert else (2, 0)
    of_cases = _by_case(unit_tables(first - start, second - start, categories), ratings)
    samples = np.tensordot(_weights(ratings), of_cases, axes=1)
    found, pairs = [], int(of_cases.sum())
    for weighting in _WEIGHTINGS[question.kind]:
        weights = disagreement_weights(categories, weighting)
        name = "Cohen's kappa" + ("" if weighting == "none" else f", {weighting} weights")
        value = float(kappa_of_tables(of_cases.sum(axis=0)[np.newaxis], weights)[0])
        interval = percentile_interval(kappa_of_tables(samples, weights)) if pairs >= _FEWEST_PAIRS else None
        found.append(Measure(group, question.id, name, subject, value, pairs, interval, BOOTSTRAP, resampled=CASES))
    return found


def _by_case(of_units: np.ndarray, ratings: Ratings) -> np.ndarray:
    """Sums over the units of each case."""
    found = np.zeros((len(ratings.study.cases), *of_units.shape[1:]))
    np.add.at(found, ratings.case_of_unit, of_units)
    return found


def _weights(ratings: Ratings) -> np.ndarray:
    return case_weights(len(ratings.study.cases), ratings.study.seed)
