"""Worker: a translation in a child process gives what a translation in this process gives, and never makes one wait."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
from held_worker import PHASES
from tiny_bundle import make_radiograph, write_tiny_bundle
from worker_clients import faulty_client, file_descriptors, wait_for_phase, wait_until

from XrayToCTLib import translate
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.models.bundle import Bundle
from XrayToCTLib.progress import TranslationCancelled
from XrayToCTLib.radiograph import IntensityScale, View
from XrayToCTLib.worker import Job, WorkerClient

RUNS = int(os.environ.get("XRAYTOCT_LONG_TEST_RUNS", "20"))  # 1000 in the long form


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return write_tiny_bundle(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def client() -> Iterator[WorkerClient]:
    with WorkerClient(environment={"OMP_NUM_THREADS": "1"}) as client:
        yield client


def test_the_stack_from_the_worker_is_the_stack_of_this_process(client: WorkerClient, tiny: Bundle):
    radiograph = make_radiograph(
        (300, 200),
        (1.0, 1.1),
        frames=3,
        scale=IntensityScale.DISPLAY,
        view=View.AP,
        frame_time_ms=33.3,
        history=("Read.",),
        warnings=("Mind the ½ gap.",),
    )
    here = translate(radiograph.frame(2), model=tiny.folder, device="cpu")
    there = client.submit(radiograph, model=tiny.folder, device="cpu", frame=2).result(60)
    assert np.abs(there.hu - here.hu).max() < 0.01
    assert there.hu.dtype == np.float32
    assert there.card == here.card
    assert (there.spacing, there.slab_thickness, there.view) == (here.spacing, here.slab_thickness, here.view)
    assert there.warnings == here.warnings
    assert "Mind the ½ gap." in there.warnings
    assert dict(there.provenance) == {**here.provenance, "source_frame": "2"}


def test_the_stack_can_be_changed_and_outlives_its_client(tiny: Bundle, folder: Path):
    with WorkerClient(folder=folder) as short_lived:
        stack = short_lived.submit(make_radiograph(), model=tiny.folder, device="cpu").result(60)
    before = stack.hu.copy()
    stack.hu[...] += 1
    assert np.array_equal(stack.hu, before + 1)
    assert type(stack.hu) is np.ndarray


def test_a_model_may_be_given_by_name_by_card_or_by_folder(tiny: Bundle, monkeypatch: pytest.MonkeyPatch, folder: Path):
    monkeypatch.setenv("XRAYTOCT_MODELS", str(tiny.folder.parent))
    with WorkerClient(folder=folder) as with_models:
        jobs = [
            with_models.submit(make_radiograph(), model=model, device="cpu")
            for model in ("tiny", "tiny@0.1.0", tiny.card, tiny.folder, str(tiny.folder))
        ]
        stacks = [job.result(60) for job in jobs]
    assert all(stack.card == tiny.card for stack in stacks)
    assert all(np.array_equal(stack.hu, stacks[0].hu) for stack in stacks)


def test_the_phases_come_in_order_and_the_fraction_never_falls(folder: Path):
    seen = []
    for phase in PHASES:
        with faulty_client(folder, "obey", phase) as held:
            job = held.submit(make_radiograph())
            wait_for_phase(job, phase)
            seen.append(job.poll().fraction)
    assert seen == sorted(seen)
    assert 0 <= seen[0] < seen[-1] < 1


def test_the_real_engine_has_the_phases_that_the_tests_of_faults_hold(tiny: Bundle):
    phases: list[str] = []
    translate(make_radiograph(), model=tiny.folder, progress=lambda fraction, phase: phases.append(phase))
    assert set(phases) >= {"loading the model", "translating", "resampling to the radiograph's pixels"}
    assert set(phases) & set(PHASES) >= {"done"}


def test_neither_submit_nor_poll_waits_for_a_worker_that_does_not_start(folder: Path):
    with faulty_client(folder, "hold", "starting", grace_s=0.1) as held:
        job = held.submit(make_radiograph())
        states = [job.poll() for _ in range(100)]
        assert not any(state.done for state in states)
        assert states[-1].remaining_s is None
        with pytest.raises(XrayToCTError, match="not done after"):
            job.result(0.01)


def test_the_worker_stays_warm_between_runs(client: WorkerClient, tiny: Bundle):
    client.submit(make_radiograph(), model=tiny.folder, device="cpu").result(60)
    process = client.process_id
    client.submit(make_radiograph((50, 60)), model=tiny.folder, device="cpu").result(60)
    assert client.process_id == process is not None


def test_a_started_worker_is_the_one_that_the_first_job_finds(folder: Path):
    with faulty_client(folder, "none") as quick:
        quick.start()
        wait_until(lambda: quick.process_id, "there is a worker")
        process = quick.process_id
        quick.submit(make_radiograph()).result(60)
        assert quick.process_id == process


def test_a_client_that_was_warmed_up_has_the_model_ready(client: WorkerClient, tiny: Bundle):
    job = client.warm_up(model=tiny.folder, device="cpu")
    assert job.result(60).card == tiny.card
    process = client.process_id
    assert client.submit(make_radiograph(), model=tiny.folder, device="cpu").result(60).hu.shape == (4, 120, 90)
    assert client.process_id == process


def test_a_job_that_is_done_says_so_and_keeps_its_result(folder: Path):
    with faulty_client(folder, "none") as quick:
        job = quick.submit(make_radiograph())
        stack = job.result(60)
        job.cancel()
        state = job.poll()
        assert (state.phase, state.fraction, state.remaining_s, state.done, state.error) == (
            "done",
            1.0,
            0.0,
            True,
            None,
        )
        assert job.result() is stack


def test_errors_of_the_engine_come_with_their_message_and_hint(client: WorkerClient, tiny: Bundle, tmp_path: Path):
    with pytest.raises(XrayToCTError) as here:
        translate(make_radiograph(), model=tmp_path / "nothing")
    job = client.submit(make_radiograph(), model=tmp_path / "nothing")
    with pytest.raises(XrayToCTError) as there:
        job.result(60)
    assert (there.value.message, there.value.hint) == (here.value.message, here.value.hint)
    assert job.poll().error is there.value
    process = client.process_id
    with pytest.raises(XrayToCTError, match="no device"):
        client.submit(make_radiograph(), model=tiny.folder, device="abacus").result(60)
    assert client.process_id == process


def test_a_frame_that_is_not_there_is_refused_at_once(client: WorkerClient):
    with pytest.raises(XrayToCTError, match="no frame 5"):
        client.submit(make_radiograph(frames=2), frame=5)


def test_a_closed_client_takes_no_jobs_and_may_be_closed_again(folder: Path):
    quick = faulty_client(folder, "none")
    quick.close()
    quick.close()
    with pytest.raises(XrayToCTError, match="closed"):
        quick.submit(make_radiograph())


def test_closing_cancels_what_runs_and_what_waits(folder: Path):
    held = faulty_client(folder, "obey", "translating")
    jobs = [held.submit(make_radiograph()) for _ in range(3)]
    wait_for_phase(jobs[0], "translating")
    process = held.process_id
    held.close()
    assert all(job.poll().cancelled for job in jobs)
    assert not psutil.pid_exists(process)


def test_closing_without_waiting_ends_in_the_background(folder: Path):
    held = faulty_client(folder, "hold", "translating", grace_s=0.1)
    job = held.submit(make_radiograph())
    wait_for_phase(job, "translating")
    process = held.process_id
    held.close(wait=False)
    with pytest.raises(TranslationCancelled):
        job.result(60)
    wait_until(lambda: not psutil.pid_exists(process) and not list(folder.iterdir()), "all is gone")


def test_a_queued_job_can_be_cancelled_without_disturbing_the_others(folder: Path):
    with faulty_client(folder, "obey", "translating") as held:
        first, second = held.submit(make_radiograph()), held.submit(make_radiograph())
        second.cancel()
        wait_for_phase(first, "translating")
        first.cancel()
        with pytest.raises(TranslationCancelled):
            second.result(60)
        assert first.poll().cancelled


def test_parallel_clients_do_not_disturb_each_other(tiny: Bundle, folder: Path):
    radiographs = [make_radiograph((80 + 10 * index, 90)) for index in range(3)]
    expected = [translate(radiograph, model=tiny.folder, device="cpu") for radiograph in radiographs]
    clients = [WorkerClient(folder=folder, environment={"OMP_NUM_THREADS": "1"}) for _ in radiographs]
    jobs: list[list[Job]] = [
        [client.submit(radiograph, model=tiny.folder, device="cpu") for _ in range(3)]
        for client, radiograph in zip(clients, radiographs, strict=True)
    ]
    jobs[0][0].result(60)
    os.kill(clients[0].process_id, 9)  # one of them falls
    for stack, own in zip(expected[1:], jobs[1:], strict=True):
        assert all(np.abs(job.result(60).hu - stack.hu).max() < 0.01 for job in own)
    for client in clients:
        client.close()


def test_one_client_serves_many_threads(folder: Path):
    values: dict[int, float] = {}
    with faulty_client(folder, "none") as quick:

        def ask(number: int) -> None:
            radiograph = make_radiograph()
            pixels = radiograph.pixels + np.float32(number)
            stack = quick.submit(replace(radiograph, pixels=pixels)).result(60)
            values[number] = float(stack.hu[0].min() / 100)

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    base = float(make_radiograph().pixels.min())
    assert values == pytest.approx({number: base + number for number in range(8)}, abs=1e-3)


def test_many_runs_leak_neither_memory_nor_files_nor_processes(tiny: Bundle, folder: Path):
    """20 runs here; XRAYTOCT_LONG_TEST_RUNS=1000 for the long form. One run in ten is cancelled."""
    radiograph = make_radiograph((400, 400), (1.0, 1.0))
    stack_mib = 4 * 400 * 400 * 4 / 2**20
    with WorkerClient(folder=folder, environment={"OMP_NUM_THREADS": "1"}) as client:
        for _ in range(5):
            client.submit(radiograph, model=tiny.folder, device="cpu").result(60)
        process = client.process_id
        gc.collect()
        before = _held(process)
        for run in range(RUNS):
            job = client.submit(radiograph, model=tiny.folder, device="cpu")
            if run % 10 == 9:
                job.cancel()
                with pytest.raises(TranslationCancelled):
                    job.result(60)
            else:
                job.result(60)
        del job
        gc.collect()
        after = _held(process)
        (exchange,) = folder.iterdir()
        assert [path.name for path in exchange.iterdir()] == ["in-use"]
        assert client.process_id == process
    assert after["files here"] == before["files here"]
    assert after["files there"] == before["files there"]
    assert after["threads"] == before["threads"]
    assert after["children"] == before["children"]
    for place in ("MiB here", "MiB there"):
        assert after[place] - before[place] < 4 * stack_mib + 0.02 * RUNS, (place, before, after)


def _held(worker: int) -> dict[str, float]:
    here, there = psutil.Process(), psutil.Process(worker)
    return {
        "files here": file_descriptors(),
        "files there": there.num_fds(),
        "threads": threading.active_count(),
        "children": len(here.children(recursive=True)),
        "MiB here": here.memory_info().rss / 2**20,
        "MiB there": there.memory_info().rss / 2**20,
    }
