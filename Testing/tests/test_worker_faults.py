"""Worker: whatever happens to it, the user gets a sentence and the next translation works."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from held_worker import PHASES
from tiny_bundle import make_radiograph, write_tiny_bundle
from worker_clients import PATIENCE_S, faulty_client, is_running, wait_for_phase, wait_until

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.progress import TranslationCancelled
from XrayToCTLib.version import __version__
from XrayToCTLib.worker import Job, WorkerClient
from XrayToCTLib.worker.exchange_folder import ExchangeFolder

posix_only = pytest.mark.skipif(os.name != "posix", reason="signals and limits of POSIX")


def error_of(job: Job) -> XrayToCTError:
    with pytest.raises(XrayToCTError) as caught:
        job.result(PATIENCE_S)
    error = caught.value
    assert error.message.endswith(".")
    assert error.hint
    assert "Traceback" not in str(error)
    assert job.poll().phase in ("failed", "cancelled")
    return error


@posix_only
@pytest.mark.parametrize("phase", ["starting", *PHASES])
def test_a_worker_that_is_killed_in_any_phase_is_told_of_and_replaced(folder: Path, phase: str):
    with faulty_client(folder, "hold", phase) as held:
        phase = "starting the translation process" if phase == "starting" else phase
        pids = []
        for _ in range(2):  # the second is a fresh one, and has come as far
            job = held.submit(make_radiograph())
            wait_for_phase(job, phase)
            wait_until(lambda: held.process_id, "there is a process")
            pids.append(held.process_id)
            os.kill(pids[-1], signal.SIGKILL)
            error = error_of(job)
            assert error.message == f"The translation process was ended by SIGKILL while {phase}."
            assert "Try again" in error.hint
            assert list(folder.iterdir()) == []
        assert pids[0] != pids[1]
        assert sum("SIGKILL" in line for line in held.log) == 2


@posix_only
def test_a_worker_that_was_killed_while_idle_is_replaced_without_a_word(folder: Path):
    with faulty_client(folder, "none") as quick:
        quick.submit(make_radiograph()).result(PATIENCE_S)
        first = quick.process_id
        os.kill(first, signal.SIGKILL)
        stack = quick.submit(make_radiograph()).result(PATIENCE_S)
        assert stack.hu.shape == (4, 120, 90)
        assert quick.process_id not in (None, first)


@posix_only
def test_a_worker_whose_files_go_before_anybody_knows_of_its_end_is_replaced(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    remove = ExchangeFolder.remove

    def remove_and_pause(self: ExchangeFolder) -> None:
        remove(self)
        time.sleep(0.5)

    monkeypatch.setattr(ExchangeFolder, "remove", remove_and_pause)
    with faulty_client(folder, "none") as quick:
        quick.submit(make_radiograph()).result(PATIENCE_S)
        os.kill(quick.process_id, signal.SIGKILL)
        wait_until(lambda: not list(folder.iterdir()), "its files are gone")
        assert quick.submit(make_radiograph()).result(PATIENCE_S).hu.shape == (4, 120, 90)


@posix_only
def test_a_real_worker_that_is_killed_is_followed_by_one_that_translates(tmp_path: Path, folder: Path):
    tiny = write_tiny_bundle(tmp_path / "tiny")
    with WorkerClient(folder=folder, environment={"OMP_NUM_THREADS": "1"}) as client:
        job = client.submit(make_radiograph(), model=tiny.folder, device="cpu")
        wait_for_phase(job, "loading the model")
        os.kill(client.process_id, signal.SIGKILL)
        assert "SIGKILL while loading the model" in str(error_of(job))
        assert client.submit(make_radiograph(), model=tiny.folder, device="cpu").result(PATIENCE_S).card == tiny.card


@pytest.mark.parametrize("phase", PHASES)
def test_a_cancel_in_any_phase_is_obeyed_and_the_worker_stays(folder: Path, phase: str):
    with faulty_client(folder, "obey", phase, grace_s=30) as held:
        pids = set()
        for _ in range(2):
            job = held.submit(make_radiograph())
            wait_for_phase(job, phase)
            job.cancel()
            assert isinstance(error_of(job), TranslationCancelled)
            pids.add(held.process_id)
        assert len(pids) == 1
        (exchange,) = folder.iterdir()
        assert [path.name for path in exchange.iterdir()] == ["in-use"]


@pytest.mark.parametrize("phase", PHASES)
def test_a_cancel_that_is_not_obeyed_kills_the_worker(folder: Path, phase: str):
    with faulty_client(folder, "hold", phase, grace_s=0.1) as held:
        job = held.submit(make_radiograph())
        wait_for_phase(job, phase)
        process = held.process_id
        job.cancel()
        assert isinstance(error_of(job), TranslationCancelled)
        assert not is_running(process)
        assert "did not obey" in held.log[-1]


def test_a_cancel_while_the_worker_starts_takes_effect_at_once(folder: Path):
    with faulty_client(folder, "hold", "starting", grace_s=0.1) as held:
        job = held.submit(make_radiograph())
        wait_for_phase(job, "starting the translation process")
        job.cancel()
        assert isinstance(error_of(job), TranslationCancelled)


def test_the_whole_tree_is_killed(folder: Path):
    with faulty_client(folder, "tree", "translating", grace_s=0.1) as held:
        job = held.submit(make_radiograph())
        note = folder.parent / "child"
        wait_until(lambda: note.exists() and note.read_text(), "the worker has a child")
        child = int(note.read_text())
        assert is_running(child)
        job.cancel()
        assert job.poll().cancelled or error_of(job)
        wait_until(lambda: not is_running(child), "the child is gone")


@posix_only
def test_what_a_killed_worker_had_started_goes_with_it(folder: Path):
    with faulty_client(folder, "tree", "translating") as held:
        job = held.submit(make_radiograph())
        note = folder.parent / "child"
        wait_until(lambda: note.exists() and note.read_text(), "the worker has a child")
        os.kill(held.process_id, signal.SIGKILL)
        error_of(job)
        wait_until(lambda: not is_running(int(note.read_text())), "the child is gone")


@pytest.mark.parametrize(
    "corruption",
    [
        "not JSON",
        "bytes",
        "unknown kind",
        "half a line",
        "another id",
        "no stack",
        "no file",
        "a file elsewhere",
        "a file cut short",
        "no array",
        "another shape",
    ],
)
def test_an_answer_that_is_corrupted_is_refused_and_the_worker_replaced(folder: Path, corruption: str):
    elsewhere = folder.parent / "elsewhere.npy"
    np.save(elsewhere, np.zeros((4, 120, 90), np.float32))
    with faulty_client(folder, "corrupt", corruption) as faulty:
        pids = []
        for _ in range(2):
            job = faulty.submit(make_radiograph())
            wait_until(lambda: faulty.process_id, "there is a worker")
            pids.append(faulty.process_id)
            error = error_of(job)
            assert "gave an answer that cannot be read" in error.message
            assert list(folder.iterdir()) == []
        assert pids[0] != pids[1]
    assert elsewhere.exists()


def test_a_worker_of_another_version_is_refused_with_a_sentence(folder: Path):
    with faulty_client(folder, "version", "9.9.9") as other:
        error = error_of(other.submit(make_radiograph()))
        assert "is XrayToCT 9.9.9" in error.message
        assert f"this is XrayToCT {__version__}" in error.message
        assert "Restart" in error.hint
        assert other.process_id is None
        assert list(folder.iterdir()) == []


def test_a_worker_of_another_version_is_replaced_where_that_helps(folder: Path):
    with faulty_client(folder, "version once", "9.9.9") as other:
        assert other.submit(make_radiograph()).result(PATIENCE_S).hu.shape == (4, 120, 90)
        assert any("9.9.9" in line for line in other.log)


@posix_only
def test_a_disk_that_is_full_for_the_worker_is_told_of_and_survived(folder: Path):
    """A limit on the size of files gives the same errors as a full disk, in the same places."""
    with faulty_client(folder, "small files", "50000") as limited:
        process = None
        for shape in ((120, 90), (60, 45), (120, 90)):  # stacks of 173 kB, 43 kB, 173 kB
            job = limited.submit(make_radiograph(shape))
            if shape == (60, 45):
                assert job.result(PATIENCE_S).hu.shape == (4, 60, 45)
            else:
                error = error_of(job)
                assert str(folder) in error.message
                assert "Free some space" in error.hint
            process = process or limited.process_id
            (exchange,) = folder.iterdir()
            assert [path.name for path in exchange.iterdir()] == ["in-use"]
        assert limited.process_id == process


@posix_only
def test_a_disk_that_is_full_for_the_client_is_told_of(tmp_path: Path, folder: Path, repository: Path):
    code = (
        "import resource, sys; sys.path[:0] = sys.argv[1:3]\n"
        "from pathlib import Path; from worker_clients import *\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20000, resource.RLIM_INFINITY))\n"
        "folder = Path(sys.argv[3]); client = faulty_client(folder, 'none')\n"
        "job = client.submit(ramp())\n"
        "try: job.result(60)\n"
        "except Exception as error: print(error)\n"
        "(exchange,) = folder.iterdir(); assert [path.name for path in exchange.iterdir()] == ['in-use']\n"
        "client.close()"
    )
    arguments = [sys.executable, "-c", code, str(repository), str(Path(__file__).parent), str(folder)]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stderr
    assert "could not be written" in done.stdout
    assert "Free some space" in done.stdout


def test_too_little_memory_is_a_sentence_and_the_worker_lives_on(folder: Path):
    with faulty_client(folder, "fail", "MemoryError") as failing:
        assert "not enough memory" in error_of(failing.submit(make_radiograph())).message
        process = failing.process_id
        error_of(failing.submit(make_radiograph()))
        assert failing.process_id == process is not None


def test_a_fault_of_ours_is_a_sentence_and_its_traceback_is_in_the_log(folder: Path):
    with faulty_client(folder, "fail", "ZeroDivisionError") as failing:
        error = error_of(failing.submit(make_radiograph()))
        assert "ZeroDivisionError" in error.message
        assert "report it" in error.hint
        wait_until(lambda: any("Traceback" in line for line in failing.log), "the log has it")


def test_what_libraries_print_goes_into_the_log_and_never_into_the_protocol(folder: Path):
    with faulty_client(folder, "loud", "", log_lines=10_000) as loud:
        assert loud.submit(make_radiograph()).result(PATIENCE_S).hu.shape == (4, 120, 90)
    assert {"printed by Python", "printed by C", "printed by a child"} <= set(loud.log)
    assert sum(line.startswith("line ") for line in loud.log) == 1000


def test_the_log_is_bounded(folder: Path):
    with faulty_client(folder, "loud", "", log_lines=50) as loud:
        loud.submit(make_radiograph()).result(PATIENCE_S)
        assert len(loud.log) == 50
        assert max(len(line) for line in loud.log) <= 2000


def test_an_interpreter_that_does_not_exist_is_told_of(folder: Path, tmp_path: Path):
    with WorkerClient(executable=str(tmp_path / "python"), folder=folder) as client:
        error = error_of(client.submit(make_radiograph()))
        assert "could not be started" in error.message


def test_a_program_that_is_no_worker_is_told_of(folder: Path):
    for code, words in (
        ("print('hello')", "cannot be understood"),
        ("import numpyy", "No module named 'numpyy'"),
        ("raise SystemExit(3)", "exit status 3"),
    ):
        with WorkerClient(command=[sys.executable, "-c", code], folder=folder) as client:
            assert words in error_of(client.submit(make_radiograph())).message


def test_a_worker_that_takes_too_long_to_start_is_ended(folder: Path):
    with faulty_client(folder, "hold", "starting", start_limit_s=0.3) as held:
        assert "did not start within 0.3 s" in error_of(held.submit(make_radiograph())).message
        assert held.process_id is None


def test_a_temporary_folder_that_cannot_be_used_is_told_of(tmp_path: Path):
    with WorkerClient(folder=tmp_path / "nothing") as client:
        error = error_of(client.submit(make_radiograph()))
        assert "No temporary folder" in error.message
