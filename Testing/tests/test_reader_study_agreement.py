"""Agreement and intervals against the published examples, and against independent implementations."""

from __future__ import annotations

import numpy as np
import pytest

from XrayToCTLib import XrayToCTError
from XrayToCTLib.reader_study.cohen_kappa import cohen_kappa, disagreement_weights, kappa_of_tables
from XrayToCTLib.reader_study.intervals import case_weights, percentile_interval, wilson_interval
from XrayToCTLib.reader_study.krippendorff_alpha import krippendorff_alpha

X = np.nan
# Krippendorff 2011, section C: four observers, twelve units, missing data.
FOUR_OBSERVERS = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, X, X, X],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, X, 3],
        [X, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, X],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, X],
    ]
)
# Cohen 1960, table 1 (n = 200).
COHEN_TABLE = np.array([[[88, 14, 18], [10, 40, 10], [2, 6, 12]]])


@pytest.mark.parametrize(("metric", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_is_krippendorffs_with_many_observers_and_missing_data(metric: str, published: float) -> None:
    assert krippendorff_alpha(FOUR_OBSERVERS, metric) == pytest.approx(published, abs=5e-4)


def test_alpha_is_krippendorffs_for_two_observers_and_two_values() -> None:
    meg, owen = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    assert krippendorff_alpha(np.array([meg, owen]), "nominal") == pytest.approx(0.095, abs=5e-4)


def test_alpha_is_krippendorffs_for_two_observers_and_any_values() -> None:
    ben, gerry = ([ord(letter) for letter in text] for text in ("aabbdcccedda", "babbbcccnddd".replace("n", "e")))
    assert krippendorff_alpha(np.array([ben, gerry]), "nominal") == pytest.approx(0.692, abs=5e-4)


@pytest.mark.parametrize("metric", ["nominal", "ordinal", "interval"])
def test_alpha_equals_that_of_an_independent_package(metric: str, rng: np.random.Generator) -> None:
    krippendorff = pytest.importorskip("krippendorff")
    for readers, units, levels in ((2, 30, 5), (5, 40, 7), (3, 12, 2)):
        ratings = rng.integers(1, levels + 1, (readers, units)).astype(float)
        ratings[rng.random(ratings.shape) < 0.25] = np.nan
        expected = krippendorff.alpha(ratings, level_of_measurement=metric)
        assert krippendorff_alpha(ratings, metric) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("metric", ["nominal", "ordinal", "interval"])
def test_alpha_is_one_for_full_agreement_and_near_zero_for_dice(metric: str, rng: np.random.Generator) -> None:
    scores = rng.integers(1, 6, 400)
    assert krippendorff_alpha(np.stack([scores, scores, scores]), metric) == pytest.approx(1)
    assert abs(krippendorff_alpha(rng.integers(1, 6, (3, 4000)), metric)) < 0.05


def test_alpha_is_undefined_where_nothing_varies_or_nothing_is_paired() -> None:
    assert np.isnan(krippendorff_alpha(np.full((3, 5), 4.0), "ordinal"))
    assert np.isnan(krippendorff_alpha(np.array([[1, X], [X, 2]]), "nominal"))
    assert np.isnan(krippendorff_alpha(np.full((2, 3), X), "interval"))


def test_another_metric_or_shape_is_refused_in_a_sentence() -> None:
    with pytest.raises(XrayToCTError, match="no metric 'ratio'"):
        krippendorff_alpha(FOUR_OBSERVERS, "ratio")
    with pytest.raises(XrayToCTError, match=r"\(readers, units\)"):
        krippendorff_alpha(np.zeros(4), "nominal")


def test_kappa_is_cohens_of_1960() -> None:
    kappa = kappa_of_tables(COHEN_TABLE, disagreement_weights(3, "none"))
    assert kappa[0] == pytest.approx(0.492, abs=5e-4)


def test_weighted_kappa_is_cohens_of_1968() -> None:
    weights = np.array([[0, 1, 3], [1, 0, 6], [3, 6, 0]])
    assert kappa_of_tables(COHEN_TABLE, weights)[0] == pytest.approx(0.348, abs=5e-4)


@pytest.mark.parametrize("weighting", ["none", "linear", "quadratic"])
def test_kappa_equals_that_of_torchmetrics(weighting: str, rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch")
    functional = pytest.importorskip("torchmetrics.functional.classification")
    first = rng.integers(0, 5, 200)
    second = np.clip(first + rng.integers(-1, 2, 200), 0, 4)
    expected = functional.multiclass_cohen_kappa(
        torch.tensor(first), torch.tensor(second), 5, weights=None if weighting == "none" else weighting
    )
    assert cohen_kappa(first, second, 5, weighting=weighting) == pytest.approx(float(expected), abs=1e-6)


def test_quadratic_kappa_nears_interval_alpha_as_fleiss_and_cohen_showed(rng: np.random.Generator) -> None:
    first = rng.integers(0, 5, 5000)
    second = np.where(rng.random(5000) < 0.7, first, rng.integers(0, 5, 5000))
    kappa = cohen_kappa(first, second, 5, weighting="quadratic")
    assert kappa == pytest.approx(krippendorff_alpha(np.stack([first, second]), "interval"), abs=2e-3)


def test_kappa_leaves_out_what_one_reader_did_not_answer() -> None:
    first, second = np.array([0, 1, 2, X, 1, 0]), np.array([0, 1, 1, 2, X, 0])
    known = np.isfinite(first) & np.isfinite(second)
    assert cohen_kappa(first, second, 3) == cohen_kappa(first[known], second[known], 3)
    assert np.isnan(cohen_kappa(np.array([X, 1.0]), np.array([1.0, X]), 3))
    assert np.isnan(cohen_kappa(np.ones(4), np.ones(4), 3))


def test_kappa_refuses_answers_about_different_images_and_unknown_weights() -> None:
    with pytest.raises(XrayToCTError, match="same units"):
        cohen_kappa(np.zeros(3), np.zeros(4), 2)
    with pytest.raises(XrayToCTError, match="cubic"):
        cohen_kappa(np.zeros(3), np.zeros(3), 2, weighting="cubic")


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_intervals_are_those_of_newcombe_1998(successes: int, trials: int, low: float, high: float) -> None:
    assert wilson_interval(successes, trials) == pytest.approx((low, high), abs=5e-5)
    mirrored = wilson_interval(trials - successes, trials)
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=5e-5)


def test_of_no_answers_the_interval_is_everything() -> None:
    assert wilson_interval(0, 0) == (0.0, 1.0)


def test_the_bootstrap_draws_whole_cases_and_the_same_ones_for_the_same_seed() -> None:
    weights = case_weights(9, seed=3, resamples=500)
    assert weights.shape == (500, 9)
    assert (weights.sum(axis=1) == 9).all()
    np.testing.assert_array_equal(weights, case_weights(9, seed=3, resamples=500))
    assert (weights != case_weights(9, seed=4, resamples=500)).any()


def test_the_bootstrap_interval_of_a_mean_covers_it_as_often_as_it_says(rng: np.random.Generator) -> None:
    weights = case_weights(40, seed=1, resamples=600)
    hits = 0
    for _ in range(300):
        sample = rng.normal(0, 1, 40)
        interval = percentile_interval(weights @ sample / 40)
        assert interval is not None
        hits += interval[0] <= 0 <= interval[1]
    assert 0.9 < hits / 300 < 0.98


def test_an_interval_that_is_mostly_undefined_is_none() -> None:
    assert percentile_interval(np.array([0.1, np.nan, np.nan])) is None
    assert percentile_interval(np.array([])) is None
