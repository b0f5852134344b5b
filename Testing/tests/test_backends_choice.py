"""Which backend is taken: measured once, remembered, told; and nothing is told to anybody else."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from tiny_bundle import write_tiny_bundle

from XrayToCTLib.cli import main
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.models.bundle import Bundle
from XrayToCTLib.translation.backends import choice as choice_module
from XrayToCTLib.translation.backends import remembered, threads
from XrayToCTLib.translation.backends.choice import choose_backends, forget_choice, forget_choices
from XrayToCTLib.translation.backends.protocol import Backend, BackendFailure, failure_of
from XrayToCTLib.translation.backends.tolerance import difference
from XrayToCTLib.translation.backends.trial import trial_image, try_backends


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return write_tiny_bundle(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, measured_precision: None) -> Path:
    monkeypatch.setenv("XRAYTOCT_CACHE", str(tmp_path / "cache"))
    forget_choices()
    return tmp_path / "cache" / "backends.json"


@dataclass(frozen=True)
class Made:
    """A backend as slow and as wrong as it is told to be."""

    name: str
    precision: str = "fp32"
    seconds: float = 0.0
    error_hu: float = 0.0
    fault: str = ""
    device: str = "cpu"

    def version(self) -> str:
        return f"{self.name} 1"

    def unusable(self) -> str:
        return ""

    def unfit(self, bundle: Bundle) -> str:
        return ""

    def describe(self) -> str:
        return "cpu"

    def load(self, bundle: Bundle, threads: int) -> Made:
        return self

    def run(self, image: np.ndarray) -> np.ndarray:
        if self.fault:
            raise BackendFailure(self.fault)
        time.sleep(self.seconds)
        return np.full((4, *image.shape[1:]), self.error_hu / 1000, np.float32)


def order_of(bundle: Bundle, monkeypatch: pytest.MonkeyPatch, *backends: Backend) -> list[str]:
    monkeypatch.setattr(choice_module, "candidates", lambda wanted: backends)
    monkeypatch.setattr(choice_module, "backend_called", lambda key: None)
    return [backend.name for backend in choose_backends(bundle, "auto").order]


def test_the_fastest_comes_first_and_the_others_stand_by(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    slow, fast, middle = Made("slow", seconds=0.03), Made("fast"), Made("middle", seconds=0.01)
    assert order_of(bundle, monkeypatch, slow, fast, middle) == ["fast", "middle", "slow"]


def test_half_precision_must_gain_something_to_be_taken(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    exact = Made("exact", seconds=0.02)
    assert order_of(bundle, monkeypatch, Made("half", "bf16", 0.0195), exact) == ["exact", "half"]
    forget_choices()
    assert order_of(bundle, monkeypatch, Made("half-fast", "bf16", 0.01), exact) == ["half-fast", "exact"]


@pytest.mark.parametrize(
    ("precision", "error", "said"),
    [("fp32", 3.0, "up to 3.0"), ("bf16", 7.0, "7.0 in the mean"), ("fp32", float("nan"), "up to inf")],
)
def test_a_backend_whose_hu_are_wrong_is_not_taken_and_the_reason_is_told(
    bundle: Bundle, precision: str, error: float, said: str
) -> None:
    exact, wrong = Made("torch-cpu"), Made("wrong", precision, error_hu=error)
    first, second = try_backends(bundle, (wrong, exact))
    assert said in first.reason
    assert second.reason == "" and second.difference is None


def test_a_backend_that_fails_is_told_with_its_reason(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, good = Made("broken", fault="no such instruction"), Made("good")
    assert order_of(bundle, monkeypatch, broken, good) == ["good"]
    (trial, _) = try_backends(bundle, (broken, good))
    assert trial.reason == "it failed (no such instruction)" and trial.seconds is None


def test_a_small_difference_in_half_precision_is_allowed() -> None:
    zero = np.zeros((4, 8, 8), np.float32)
    assert difference(zero + 4.0, zero).fault("bf16") == ""
    assert difference(zero + 4.0, zero).fault("fp32") != ""
    assert difference(zero + 1.5, zero).fault("fp32") == ""


def test_the_trial_image_has_the_distribution_of_the_training(bundle: Bundle) -> None:
    image = trial_image(bundle.card)
    assert image.shape == (1, 128, 128) and image.dtype == np.float32
    integrals = image * bundle.card.input.std + bundle.card.input.mean
    reference = bundle.card.input.reference_quantiles
    np.testing.assert_allclose(
        np.quantile(integrals, reference.probabilities), reference.line_integrals, atol=0.01 * np.ptp(integrals)
    )


def test_a_choice_is_remembered_by_the_process_and_by_the_next_one(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    first = choose_backends(bundle, "cpu")
    assert len(json.loads(cache.read_text())) == 1

    def fail(*_: object) -> None:
        raise AssertionError("measured again")

    monkeypatch.setattr(choice_module, "try_backends", fail)
    assert choose_backends(bundle, "cpu") is first
    forget_choices()  # as a new process does
    again = choose_backends(bundle, "cpu")
    assert (again.order, again.trials) == (first.order, first.trials)
    with pytest.raises(AssertionError, match="measured again"):
        choose_backends(bundle, "cpu", fresh=True)
    forget_choice(again)
    assert json.loads(cache.read_text()) == {}
    with pytest.raises(AssertionError, match="measured again"):
        choose_backends(bundle, "cpu")


def test_another_version_model_or_number_of_threads_is_measured_anew(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch, cache: Path, tmp_path: Path
) -> None:
    keys = {choose_backends(bundle, "cpu").key}
    monkeypatch.setenv(threads.THREADS_ENVIRONMENT, "7")
    keys.add(choose_backends(bundle, "cpu").key)
    keys.add(choose_backends(write_tiny_bundle(tmp_path / "other", version="0.2.0"), "cpu").key)
    monkeypatch.setattr(choice_module, "__version__", "99.0")
    keys.add(choose_backends(bundle, "cpu").key)
    assert len(keys) == 4
    assert set(json.loads(cache.read_text())) == keys


@pytest.mark.parametrize("content", ["", "{", "[]", '{"KEY": 3}', '{"KEY": {"order": ["x/y"], "trials": []}}'])
def test_a_damaged_memory_is_measured_anew(bundle: Bundle, cache: Path, content: str) -> None:
    good = choose_backends(bundle, "cpu")
    forget_choices()
    cache.write_text(content.replace("KEY", good.key))
    assert {type(backend) for backend in choose_backends(bundle, "cpu").order} == {type(b) for b in good.order}


def test_a_cache_folder_that_cannot_be_written_is_no_error(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XRAYTOCT_CACHE", str(tmp_path / "file" / "cache"))
    assert choose_backends(bundle, "cpu").order


def test_the_memory_does_not_grow_without_end(cache: Path) -> None:
    for number in range(100):
        remembered.remember(f"key {number}", {"number": number})
    assert len(json.loads(cache.read_text())) == 64
    assert remembered.recall("key 99") == {"number": 99}
    assert remembered.recall("key 0") is None
    assert [path.name for path in cache.parent.iterdir()] == ["backends.json"]


def test_the_number_of_threads_is_the_users_then_the_schedulers_then_the_machines(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3,2")
    assert threads.thread_count() == 3
    monkeypatch.setenv(threads.THREADS_ENVIRONMENT, "5")
    assert threads.thread_count() == 5
    monkeypatch.delenv(threads.THREADS_ENVIRONMENT)
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(64)), raising=False)
    monkeypatch.setattr(threads, "_CPU_QUOTA", tmp_path / "cpu.max")
    assert threads.thread_count() == 0
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert threads.thread_count() == 0
    (tmp_path / "cpu.max").write_text("350000 100000\n")
    assert threads.thread_count() == 4
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1}, raising=False)
    assert threads.thread_count() == 2


@pytest.mark.parametrize("wrong", ["0", "-1", "two", "1.5"])
def test_a_wrong_number_of_threads_is_refused(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv(threads.THREADS_ENVIRONMENT, wrong)
    with pytest.raises(XrayToCTError, match="no number of threads"):
        threads.thread_count()


def test_a_full_memory_is_told_from_other_failures() -> None:
    assert type(failure_of(RuntimeError("std::bad_alloc"))).__name__ == "BackendOutOfMemory"
    assert type(failure_of(MemoryError())).__name__ == "BackendOutOfMemory"
    assert type(failure_of(RuntimeError("sizes differ\nat line 3"))).__name__ == "BackendFailure"
    assert str(failure_of(RuntimeError("sizes differ\nat line 3"))) == "sizes differ"


def test_the_command_line_explains_the_choice(bundle: Bundle, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--devices", "--model", str(bundle.folder)]) == 0
    said = capsys.readouterr().out
    assert "tiny@0.1.0" in said
    assert "torch-cpu/fp32" in said and "ms" in said
    assert "onnxruntime/fp32" in said and "no network.onnx" in said
    assert said.count("<- used") == 1
    assert main(["models", "--devices", "--json", "--model", str(bundle.folder)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["model"] == "tiny@0.1.0" and found["order"][0].startswith("torch-cpu/")
    assert {row["backend"] for row in found["backends"]} >= {"torch-cpu/fp32", "openvino/bf16"}
