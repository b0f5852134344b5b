"""A batch on Dask: what the workers give, what becomes of images whose worker is killed, and who may listen."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from batch_files import results, summary, work_left, write_images, write_quick_bundle
from worker_clients import wait_until

import XrayToCTLib as x2ct
from XrayToCTLib.batches.outcome import DONE, FAILED, Row
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.models.bundle import Bundle

distributed = pytest.importorskip("distributed")
NAMES = [f"{number:02d}.nrrd" for number in range(40)]
# A worker that dies of some images; started as somebody with a cluster would start one.
POISONED_WORKER = """
import os, signal, sys
sys.path.insert(0, {root!r})
from XrayToCTLib.batches import make_image
read = make_image.read_radiograph
def poisoned(path, **options):
    if "killer" in str(path):
        os.kill(os.getpid(), signal.SIGKILL)
    return read(path, **options)
def dask_setup(worker):
    make_image.read_radiograph = poisoned
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return write_quick_bundle(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_images(tmp_path_factory.mktemp("in") / "images", NAMES)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory, model: Bundle, given: Path) -> dict[str, bytes]:
    output = tmp_path_factory.mktemp("whole") / "out"
    assert run(given, output, model).done == len(NAMES)
    return results(output)


def run(given: Path, output: Path, model: Bundle, **options: Any) -> x2ct.BatchReport:
    return x2ct.batch(given, output, model=model.folder, device="onnxruntime", **options)


def worker_processes() -> list[psutil.Process]:
    """Children that run Dask workers: not the resource trackers of multiprocessing."""
    return [child for child in psutil.Process().children(recursive=True) if "spawn_main" in " ".join(child.cmdline())]


def test_a_worker_that_is_killed_loses_no_image_and_nobody_else_may_connect(
    tmp_path: Path, model: Bundle, given: Path, expected: dict[str, bytes]
):
    killed: list[int] = []
    addresses: set[str] = set()

    def kill_one(row: Row) -> None:
        if killed:
            return
        workers = worker_processes()
        assert len(workers) == 2
        for process in (psutil.Process(), *workers):
            addresses.update(each.laddr.ip for each in process.net_connections("inet") if each.status == "LISTEN")
        killed.append(workers[0].pid)
        os.kill(workers[0].pid, signal.SIGKILL)

    report = run(given, tmp_path / "out", model, scheduler="local", jobs=2, on_row=kill_one)
    assert killed and (report.done, report.failed) == (len(NAMES), 0)
    assert results(tmp_path / "out") == expected
    assert work_left(tmp_path / "out") == []
    assert addresses == {"127.0.0.1"}
    assert worker_processes() == []
    assert run(given, tmp_path / "out", model).skipped == len(NAMES)  # what Dask made, processes of our own take over


def test_results_that_are_lost_with_their_workers_before_they_were_fetched_are_made_again(
    tmp_path: Path, model: Bundle, given: Path, expected: dict[str, bytes]
):
    lost: set[str] = set()

    def kill_all_once_they_are_idle(row: Row) -> None:
        if lost:
            return
        states = distributed.default_client().futures
        wait_until(lambda: {state.status for state in list(states.values())} == {"finished"}, "all results")
        for process in worker_processes():
            os.kill(process.pid, signal.SIGKILL)
        wait_until(lambda: "finished" not in {state.status for state in list(states.values())}, "their loss")
        lost.update(states)

    report = run(given, tmp_path / "out", model, scheduler="local", jobs=2, on_row=kill_all_once_they_are_idle)
    assert len(lost) > 1 and (report.done, report.failed) == (len(NAMES), 0)
    assert results(tmp_path / "out") == expected
    assert work_left(tmp_path / "out") == []


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[str]:
    """The address of a scheduler with two workers, one of whose images kills them."""
    preload = tmp_path / "poisoned.py"
    preload.write_text(POISONED_WORKER.format(root=str(Path(__file__).resolve().parents[2])))
    cluster = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
    soon = {**os.environ, "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"}  # two deaths instead of four
    quiet: Any = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": soon}
    scheduler_file = tmp_path / "scheduler.json"
    common = ["--scheduler-file", str(scheduler_file), "--no-dashboard"]
    processes = [subprocess.Popen([*cluster, *common, "--host", "127.0.0.1", "--port", "0"], **quiet)]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", *common, "--host", "127.0.0.1"]
    options = ["--nworkers", "2", "--nthreads", "2", "--preload", str(preload), "--local-directory", str(tmp_path)]
    processes.append(subprocess.Popen([*worker, *options], **quiet))  # type: ignore[call-overload]
    from distributed import Client

    with Client(scheduler_file=str(scheduler_file), timeout=60) as client:
        client.wait_for_workers(2, timeout=60)
        address = client.scheduler.address
    yield address
    for process in reversed(processes):
        for child in psutil.Process(process.pid).children(recursive=True):
            child.kill()
        process.kill()
        process.wait()


def test_an_image_that_kills_every_worker_fails_and_no_other_does(tmp_path: Path, model: Bundle, scheduler: str):
    given = write_images(tmp_path / "in", ["0.nrrd", "1.nrrd", "2-killer.nrrd", "3.nrrd", "4.nrrd"])
    report = run(given, tmp_path / "out", model, scheduler=scheduler)
    found = {name: row["status"] for name, row in summary(tmp_path / "out").items()}
    assert found == {name: FAILED if "killer" in name else DONE for name in found} and len(found) == 5
    assert "worker was lost" in summary(tmp_path / "out")["2-killer.nrrd"]["error"]
    assert (report.done, report.failed) == (4, 1)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nowhere"])
def test_a_scheduler_that_is_not_there_is_told(
    tmp_path: Path, model: Bundle, given: Path, address: str, monkeypatch: pytest.MonkeyPatch
):
    from XrayToCTLib.batches import dask_pool

    monkeypatch.setattr(dask_pool, "_CONNECT_LIMIT_S", 1)
    with pytest.raises(XrayToCTError, match="no Dask scheduler"):
        run(given, tmp_path / "out", model, scheduler=address)
    assert work_left(tmp_path / "out") == []


def test_without_dask_the_extra_is_named(tmp_path: Path, model: Bundle, given: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(XrayToCTError, match=r"xraytoct\[cluster\]"):
        run(given, tmp_path / "out", model, scheduler="local")
    assert not (tmp_path / "out").exists()
