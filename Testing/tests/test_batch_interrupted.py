"""A batch that is interrupted or killed, and started again, gives the bytes of one that never was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from batch_files import results, summary, work_left, write_images, write_quick_bundle
from worker_clients import wait_until

import XrayToCTLib as x2ct
from XrayToCTLib.models.bundle import Bundle

HELD_BATCH = Path(__file__).with_name("held_batch.py")
DEVICE = "onnxruntime"  # not "cpu": another folder may have found another backend to be the fastest
NAMES = [f"{number}-slow.nrrd" for number in range(12)]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return write_quick_bundle(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_images(tmp_path_factory.mktemp("in") / "images", NAMES)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory, model: Bundle, given: Path) -> dict[str, str]:
    output = tmp_path_factory.mktemp("whole") / "out"
    assert x2ct.batch(given, output, model=model.folder, device=DEVICE).done == len(NAMES)
    (pinned,) = (output / ".xray-to-ct-batch" / "devices").iterdir()
    assert "/" in pinned.read_text()
    return results(output)


def start(given: Path, output: Path, model: Bundle, jobs: int = 1) -> subprocess.Popen[str]:
    command = [sys.executable, str(HELD_BATCH), "batch", str(given), str(output), "--model", str(model.folder)]
    return subprocess.Popen(
        [*command, "--device", DEVICE, "--jobs", str(jobs)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_for_results(process: subprocess.Popen[str], output: Path, count: int) -> list[psutil.Process]:
    """The children, once there are so many results."""
    wait_until(lambda: len(list(output.glob("*.nrrd"))) >= count or process.poll() is not None, f"{count} are done")
    assert process.poll() is None, process.communicate()
    return psutil.Process(process.pid).children(recursive=True)


@pytest.mark.parametrize(("signal_number", "jobs"), [(signal.SIGINT, 1), (signal.SIGINT, 2), (signal.SIGTERM, 1)])
def test_after_ctrl_c_nothing_is_half_done_and_the_rest_follows(
    tmp_path: Path, model: Bundle, given: Path, uninterrupted: dict[str, str], signal_number: int, jobs: int
):
    output = tmp_path / "out"
    process = start(given, output, model, jobs)
    children = wait_for_results(process, output, 3)
    process.send_signal(signal_number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130 and "goes on from there" in said and "Traceback" not in said
    done = results(output)
    assert 3 <= len(done) < len(NAMES) and done.items() <= uninterrupted.items()
    assert work_left(output) == []
    assert len(summary(output)) == len(done)
    assert not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children)
    report = x2ct.batch(given, output, model=model.folder, device=DEVICE)
    assert report.skipped == len(done) and report.done == len(NAMES) - len(done)
    assert results(output) == uninterrupted


@pytest.mark.parametrize("moment", range(2))
def test_after_kill_9_the_next_run_finds_what_is_whole_and_goes_on(
    tmp_path: Path,
    model: Bundle,
    given: Path,
    uninterrupted: dict[str, str],
    moment: int,
    monkeypatch: pytest.MonkeyPatch,
):
    output, exchange = tmp_path / "out", tmp_path / "exchange"
    exchange.mkdir()
    monkeypatch.setenv("TMPDIR", str(exchange))
    process = start(given, output, model)
    children = wait_for_results(process, output, 2 + 3 * moment)
    time.sleep(0.03 * moment)
    process.kill()
    process.communicate()
    done = results(output)
    assert done.items() <= uninterrupted.items() and len(done) < len(NAMES)
    wait_until(lambda: not any(_is_alive(child) for child in children), "the children have ended by themselves")
    assert list(exchange.iterdir()) == []
    report = x2ct.batch(given, output, model=model.folder, device=DEVICE)
    assert report.failed == 0 and report.skipped == len(done)
    assert results(output) == uninterrupted
    assert work_left(output) == []


def test_a_killed_process_of_a_batch_is_replaced(
    tmp_path: Path, model: Bundle, given: Path, uninterrupted: dict[str, str]
):
    output = tmp_path / "out"
    process = start(given, output, model, 2)
    children = wait_for_results(process, output, 2)
    os.kill(children[0].pid, signal.SIGKILL)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert results(output) == uninterrupted


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
