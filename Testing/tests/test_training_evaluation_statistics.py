"""Bootstrap, rows and the card's block: closed forms, an independent implementation, and what is refused."""

from __future__ import annotations

import itertools
import json
import math

import numpy as np
import pytest
from scipy import stats

from Training.evaluation.card_block import card_fidelity
from Training.evaluation.rows import (
    ALL,
    BODY,
    CENTRAL,
    LINE_INTEGRALS,
    MEAN_CT,
    MODEL,
    NOTHING,
    Row,
    Scope,
    by_patient,
    means,
    pool,
    read_rows,
    write_csv,
    write_rows,
)
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.fidelity.bootstrap import mean_interval, paired_difference

FOUR = {"a": 100.0, "b": 110.0, "c": 125.0, "d": 145.0}


def row(patient: str, value: float, predictor: str = MODEL, metric: str = "MAE", slabs: str = CENTRAL) -> Row:
    fed = NOTHING if predictor == MEAN_CT else LINE_INTEGRALS
    return Row(patient, predictor, fed, 1.5, slabs, BODY, metric, value)


def test_the_interval_of_four_patients_is_that_of_all_256_resamples():
    every = [np.mean(drawn) for drawn in itertools.product(FOUR.values(), repeat=4)]
    low, high = np.quantile(every, (0.025, 0.975))
    found = mean_interval(FOUR, resamples=50_000)
    assert found.mean == pytest.approx(120)
    assert (found.low, found.high) == (pytest.approx(low, abs=1.3), pytest.approx(high, abs=1.3))  # one step of 1.25


def test_the_interval_of_many_patients_is_the_normal_one(rng):
    values = rng.normal(50, 10, 400)
    found = mean_interval(values)
    half = 1.96 * values.std() / math.sqrt(400)
    assert found.low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert found.high == pytest.approx(values.mean() + half, abs=0.1 * half)


@pytest.mark.parametrize("method", ["percentile", "BCa"])
def test_the_interval_equals_scipys(method, rng):
    values = rng.exponential(30, 25)  # skewed, so that BCa differs
    expected = stats.bootstrap((values,), np.mean, n_resamples=20_000, method=method, rng=1).confidence_interval
    found = mean_interval(values, resamples=20_000, method=method)
    width = expected.high - expected.low
    assert found.low == pytest.approx(expected.low, abs=0.03 * width)
    assert found.high == pytest.approx(expected.high, abs=0.03 * width)


def test_bca_follows_the_skew(rng):
    values = rng.exponential(30, 25)
    plain, corrected = (mean_interval(values, method=method) for method in ("percentile", "BCa"))
    assert corrected.high > plain.high and corrected.low > plain.low


def test_one_patient_has_a_mean_but_no_interval_and_none_has_nothing():
    assert math.isnan(mean_interval({"a": 3.0}).low) and mean_interval({"a": 3.0}).mean == 3
    assert not mean_interval({"a": 3.0}).clear_of_zero
    with pytest.raises(XrayToCTError, match="no patient"):
        mean_interval({})
    with pytest.raises(XrayToCTError, match="no bootstrap 'studentised'"):
        mean_interval(FOUR, method="studentised")


def test_a_paired_difference_does_not_see_how_patients_differ_from_each_other():
    better = {patient: value - 5 - index for index, (patient, value) in enumerate(FOUR.items())}
    found = paired_difference(better, FOUR)
    assert found.mean == pytest.approx(-6.5)
    assert found.high < -5 + 1e-9 and found.clear_of_zero
    with pytest.raises(XrayToCTError, match="different patients: d"):
        paired_difference({"a": 1.0, "b": 1.0, "c": 1.0}, FOUR)


def test_rows_survive_the_file_an_infinite_value_too(tmp_path):
    rows = [row("a", 1.5), row("b", math.inf, metric="PSNR-2500")]
    write_rows(tmp_path / "evaluation.json", rows)
    assert read_rows(tmp_path / "evaluation.json") == rows
    json.loads((tmp_path / "evaluation.json").read_text(), parse_constant=pytest.fail)  # strict JSON
    write_csv(tmp_path / "rows.csv", rows)
    assert (tmp_path / "rows.csv").read_text().splitlines()[1] == "a,model,line integrals,1.5,central slab,body,MAE,1.5"


def test_a_run_without_or_with_a_damaged_evaluation_gets_a_sentence(tmp_path):
    with pytest.raises(XrayToCTError, match="was not evaluated"):
        read_rows(tmp_path / "evaluation.json")
    (tmp_path / "evaluation.json").write_text('[{"patient": 3}]')
    with pytest.raises(XrayToCTError, match="is damaged"):
        read_rows(tmp_path / "evaluation.json")


def test_folds_are_pooled_and_a_patient_in_two_of_them_is_refused():
    first, second = [row("a", 1.0)], [row("b", 3.0)]
    assert by_patient(pool([first, second]), Scope("MAE"), MODEL, LINE_INTEGRALS) == {"a": 1.0, "b": 3.0}
    assert means(pool([first, second]))[("MAE", MODEL, LINE_INTEGRALS, "1.5 mm", CENTRAL, BODY)] == 2.0
    with pytest.raises(XrayToCTError, match="patient a is tested in more than one"):
        pool([first, [row("a", 2.0)]])


def test_the_cards_block_states_the_primary_figure_first_with_its_interval_and_every_patient():
    rows = [row(patient, value) for patient, value in FOUR.items()]
    rows += [row(patient, 2 * value, MEAN_CT) for patient, value in FOUR.items()]
    rows += [row(patient, 0.71234, metric="SSIM", slabs=ALL) for patient in FOUR]
    block = card_fidelity(rows, 1.5)
    assert [entry["metric"] for entry in block] == ["MAE", "MAE of the mean CT", "SSIM"]
    assert (block[0]["value"], block[0]["unit"]) == (120.0, "HU")
    low, high = block[0]["interval95"]
    assert 100 <= low < 120 < high <= 145
    assert "central slab (2D)" in block[0]["protocol"] and "d 145.0" in block[0]["protocol"]
    assert "4 held-out patients" in block[0]["protocol"]
    assert block[2]["value"] == 0.712


def test_a_card_without_its_primary_figure_is_refused():
    with pytest.raises(XrayToCTError, match="no rows"):
        card_fidelity([])
    with pytest.raises(XrayToCTError, match="no body-masked MAE"):
        card_fidelity([row("a", 0.7, metric="SSIM")])
