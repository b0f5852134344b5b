"""Several candidates in one table: the best is marked, and only where numbers were taken alike."""

from __future__ import annotations

import csv
import dataclasses
import math

import pytest
from fidelity_stacks import box_stack, shifted

from XrayToCTLib.fidelity import FidelityReport, MetricRow, compare
from XrayToCTLib.fidelity.candidate_table import candidate_names, candidate_table, write_candidates_csv


def report(candidate: str, *rows: MetricRow) -> FidelityReport:
    made = compare(shifted(box_stack(), 5), box_stack())
    return dataclasses.replace(made, candidate=candidate, rows=rows)


def row(metric: str, value: float, better: str, **changes) -> MetricRow:
    return MetricRow(metric, value, "HU", "central slab", "body", 100, "protocol", better=better, **changes)


def best(better: str, *values: float) -> frozenset[int]:
    made = [report(str(n), row("metric", value, better)) for n, value in enumerate(values)]
    return candidate_table(made)[0].best


def test_the_best_is_the_lowest_the_highest_or_the_nearest_to_zero():
    assert best("lower", 30, 10, 20) == {1}
    assert best("higher", 30, 10, math.inf) == {2}
    assert best("zero", -30, 10, -5) == {2}


def test_ties_are_marked_together_and_a_draw_of_all_not_at_all():
    assert best("lower", 10, 10, 20) == {0, 1}
    assert best("lower", 10, 10) == frozenset()


def test_nothing_is_best_alone_without_a_number_or_without_a_direction():
    assert best("lower", 10) == frozenset()
    assert best("lower", 10, math.nan) == frozenset()
    assert best("", 10, 20) == frozenset()


@pytest.mark.parametrize("change", [{"grid": "other"}, {"window": "other"}, {"kernel": "other"}])
def test_numbers_that_were_not_taken_alike_are_not_ranked(change):
    made = [report("a", row("MAE", 1, "lower")), report("b", row("MAE", 2, "lower", **change))]
    assert candidate_table(made)[0].best == frozenset()


def test_a_metric_that_one_candidate_lacks_has_a_gap():
    made = [report("a", row("MAE", 1, "lower")), report("b", row("SSIM", 2, "higher"))]
    lines = candidate_table(made)
    assert [(line.metric, [found is None for found in line.rows]) for line in lines] == [
        ("MAE", [False, True]),
        ("SSIM", [True, False]),
    ]


def test_variants_of_a_metric_are_lines_of_their_own():
    made = [report("a", row("SSIM", 0.5, "higher"), row("SSIM", 0.6, "higher", variant="X2CT-GAN-style"))]
    assert [line.variant for line in candidate_table(made)] == ["", "X2CT-GAN-style"]


def test_candidates_without_names_or_with_the_same_one_can_be_told_apart():
    assert candidate_names([report("")]) == ["result"]
    assert candidate_names([report(""), report("")]) == ["candidate 1", "candidate 2"]
    assert candidate_names([report("a"), report("b"), report("a")]) == ["a (1)", "b", "a (2)"]


def test_the_csv_has_a_line_a_candidate_and_metric_and_says_which_is_best(tmp_path):
    made = [report("a", row("MAE", 1.25, "lower")), report("b, c", row("MAE", 2, "lower"))]
    with write_candidates_csv(tmp_path / "t.csv", made).open(encoding="utf-8", newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert [(line["candidate"], line["metric"], float(line["value"]), line["best"]) for line in lines] == [
        ("a", "MAE", 1.25, "yes"),
        ("b, c", "MAE", 2.0, ""),
    ]
