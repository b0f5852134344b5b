"""The table of speed: every bar has a row, and a benchmark that fails does not end it."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("psutil")

from Testing.benchmarks.speed_table import HEADING, Part, backend_rows, table, worker_rows


def rows_of(cpu: float, wall: float, **peak: Any) -> dict[str, float]:
    return {"cpu": 1.0, "wall": 1.0, "cpu_ratio": cpu, "wall_ratio": wall, **peak}


def test_the_flagship_and_its_variant_have_a_row_for_each_bar() -> None:
    rows = {"openvino/bf16": rows_of(40.0, 38.0), "torch-cpu/fp32": rows_of(18.0, 17.0)}
    peaks = {"estimate_1024": 1.0, "openvino/bf16": {"translate_4000": 1000.0}}
    made = list(backend_rows({"models": {"a@1": rows, "a@1:fast": rows}, "peak_mib": peaks}))
    assert [row.bar for row in made] == ["25", "8", "60", "-", "1.5 GB"]
    assert made[0].measured == "38 x (CPU seconds 40 x)" and made[1].measured == "17 x (CPU seconds 18 x)"
    assert "`a@1:fast`" in made[2].what and made[4].measured == "1.05 to 1.05 GB by backend"


def test_press_to_result_and_cold_start_have_their_bars() -> None:
    seconds = {"press to result": {"wall": 0.5, "cpu": 0.4}, "cold start to result": {"wall": 4.2, "cpu": 3.0}}
    made = list(worker_rows({"seconds": seconds, "size": 2000, "ratio": 1.4, "cpu_ratio": 1.3}))
    assert [(row.bar, row.measured.split()[0]) for row in made] == [("1.6", "1.40"), ("6 s", "4.2")]


def test_a_benchmark_that_fails_has_a_row_that_says_so() -> None:
    lines = list(table([Part("no_such_benchmark", (), worker_rows)]))
    assert lines[0] == HEADING
    assert lines[1].startswith("| no_such_benchmark | failed: ") and "No module named" in lines[1]
