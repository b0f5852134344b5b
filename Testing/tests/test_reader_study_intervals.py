"""Intervals of many readers' means: against the closed form and simulated studies, and what they say of themselves."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from study_files import make_study, read_whole

from XrayToCTLib.reader_study import study_results
from XrayToCTLib.reader_study.alpha_bootstrap import drawn_coincidences
from XrayToCTLib.reader_study.intervals import case_weights, percentile_interval
from XrayToCTLib.reader_study.krippendorff_alpha import alpha_of_coincidences, krippendorff_alpha, unit_coincidences
from XrayToCTLib.reader_study.reader_case_bootstrap import bootstrap_means, reader_case_sums
from XrayToCTLib.reader_study.results import measures_csv


def samples_of(answers: np.ndarray, seed: int = 3) -> np.ndarray:
    """Bootstrap means of answers, shape (readers, cases), one image a case."""
    cases = answers.shape[1]
    return bootstrap_means(reader_case_sums(answers, np.arange(cases), cases, np.ones(cases, dtype=bool)), seed)


def test_the_spread_of_the_means_is_the_closed_form_of_readers_cases_and_the_rest(rng: np.random.Generator) -> None:
    """Of a full table the bootstrap variance is the sum of those of the three parts of an analysis of variance."""
    readers, cases = 6, 15
    answers = 3 + rng.normal(0, 1, (readers, 1)) + rng.normal(0, 1, cases) + rng.normal(0, 1.5, (readers, cases))
    of_reader, of_case = answers.mean(1) - answers.mean(), answers.mean(0) - answers.mean()
    rest = answers - answers.mean() - of_reader[:, np.newaxis] - of_case
    expected = of_reader.var() / readers + of_case.var() / cases + rest.var() / (readers * cases)
    found = samples_of(answers)
    assert found.var() == pytest.approx(expected, rel=0.12)  # 2000 samples: standard error 3 %
    assert found.mean() == pytest.approx(answers.mean(), abs=0.05)


def test_other_readers_fall_within_the_interval_as_often_as_it_says(rng: np.random.Generator) -> None:
    """Readers who differ as much as patients do; drawing cases alone would hit far too rarely."""
    hits, hits_by_case, studies = 0, 0, 120
    for _ in range(studies):
        answers = rng.normal(0, 1, (10, 1)) + rng.normal(0, 1, 30) + rng.normal(0, 1, (10, 30))
        low, high = percentile_interval(samples_of(answers)) or (1, 0)
        hits += low <= 0 <= high
        low, high = percentile_interval(samples_of(answers.mean(axis=0, keepdims=True))) or (1, 0)
        hits_by_case += low <= 0 <= high
    assert 0.87 < hits / studies < 0.99
    assert hits_by_case / studies < 0.8


def test_one_reader_is_never_drawn_and_those_without_answers_neither(rng: np.random.Generator) -> None:
    answers = rng.normal(0, 1, (1, 12))
    absent = np.full((2, 12), np.nan)
    np.testing.assert_array_equal(samples_of(answers), samples_of(np.concatenate([absent, answers])))
    assert np.isfinite(samples_of(answers)).all()


def drawn_alphas(ratings: np.ndarray, seed: int = 3) -> np.ndarray:
    cases = ratings.shape[1]
    samples, values, resampled = drawn_coincidences(ratings, np.arange(cases), cases, seed)
    assert resampled == ("cases and readers" if len(ratings) >= 4 else "cases")
    return alpha_of_coincidences(samples, values, "ordinal")


def test_alpha_of_other_readers_falls_within_its_interval_as_often_as_it_says(rng: np.random.Generator) -> None:
    def scores(readers: int, cases: int) -> np.ndarray:
        habit, skill = rng.normal(0, 0.8, (readers, 1)), rng.uniform(0.3, 1.2, (readers, 1))
        said = 3 + rng.normal(0, 1, cases) + habit + skill * rng.normal(0, 1, (readers, cases))
        return np.clip(np.round(said), 1, 5)

    truth = krippendorff_alpha(scores(400, 400), "ordinal")
    intervals = [percentile_interval(drawn_alphas(scores(5, 25), seed)) for seed in range(40)]
    hits = sum(interval is not None and interval[0] <= truth <= interval[1] for interval in intervals)
    assert hits >= 35  # measured over many: 97 to 99 of 100; with cases alone 72 to 84


@pytest.mark.parametrize("readers", [2, 3])
def test_of_few_readers_alpha_is_drawn_over_cases_as_the_units_say(rng: np.random.Generator, readers: int) -> None:
    ratings = rng.integers(1, 6, (readers, 20)).astype(float)
    ratings[rng.random(ratings.shape) < 0.2] = np.nan
    coincidences, values = unit_coincidences(ratings)
    by_hand = np.tensordot(case_weights(20, 3), coincidences, axes=1)
    np.testing.assert_allclose(drawn_alphas(ratings), alpha_of_coincidences(by_hand, values, "ordinal"), atol=1e-12)


def test_results_and_their_csv_say_what_was_drawn(tmp_path: Path) -> None:
    study = make_study(tmp_path, cases=3, repeats=2)
    read_whole(study, "R1")
    alone = study_results(study)
    assert {measure.resampled for measure in alone.measures} == {"cases", ""}
    read_whole(study, "R2")
    results = study_results(study)
    drawn = {(measure.statistic, measure.resampled) for measure in results.measures if measure.subject != "R1"}
    for said in (
        ("mean score", "cases and readers"),
        ("mean score less that of the real images", "cases and readers"),
        ("accuracy", "cases and readers"),
        ("balanced accuracy", "cases and readers"),
        ("Krippendorff's alpha, ordinal", "cases"),
        ("Cohen's kappa", "cases"),
        ("synthetic images recognised", ""),
    ):
        assert said in drawn
    rows = csv.DictReader(io.StringIO(measures_csv(results)))
    assert [row["resampled"] for row in rows] == [measure.resampled for measure in results.measures]
