"""Worker: when the program that uses it goes away, it goes too, and so do its files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from worker_clients import PATIENCE_S, is_running, wait_until

from XrayToCTLib.worker import WorkerClient
from XrayToCTLib.worker.exchange_folder import ExchangeFolder, remove_abandoned
from XrayToCTLib.worker.worker_process import worker_command

# A program that uses a worker and then: WAYS.
PROGRAM = """
import os, signal, sys, time
sys.path[:0] = sys.argv[1:3]
from pathlib import Path
from worker_clients import faulty_client, ramp, wait_for_phase
client = faulty_client(Path(sys.argv[3]), *sys.argv[5:7])
job = client.submit(ramp())
if sys.argv[6]:
    wait_for_phase(job, sys.argv[6])
else:
    job.result(60)
print(client.process_id, flush=True)
{
    "is killed": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "ends without a close": lambda: sys.exit(0),
    "fails": lambda: 1 / 0,
    "waits": lambda: time.sleep(300),
}[sys.argv[4]]()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "exchange").mkdir()
    return tmp_path / "exchange"


def run_program(repository: Path, folder: Path, way: str, fault: str, phase: str = "") -> tuple[int, subprocess.Popen]:
    """(the worker's process id, the program)"""
    tests = str(Path(__file__).parent)
    arguments = [sys.executable, "-c", PROGRAM, str(repository), tests, str(folder), way, fault, phase]
    program = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert program.stdout is not None
    line = program.stdout.readline()
    program.stdout.close()
    return int(line), program


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("way", ["is killed", "ends without a close", "fails"])
@pytest.mark.parametrize(
    ("fault", "phase"), [("none", ""), ("tree", "translating"), ("hold", "reading the radiograph")]
)
def test_a_worker_does_not_outlive_its_program(repository: Path, folder: Path, way: str, fault: str, phase: str):
    worker, program = run_program(repository, folder, way, fault, phase)
    program.wait(PATIENCE_S)
    wait_until(lambda: not is_running(worker), "the worker is gone")
    wait_until(lambda: not list(folder.iterdir()), "its files are gone")
    note = folder.parent / "child"
    if fault == "tree":
        wait_until(lambda: not is_running(int(note.read_text())), "what it had started is gone")


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_worker_whose_pipe_somebody_else_keeps_open_ends_all_the_same(tmp_path: Path, folder: Path):
    """A program may have started other children that inherited the worker's pipe: then stdin never ends."""
    reading, writing = os.pipe()
    code = (
        "import os, subprocess, sys, time\n"
        "worker = subprocess.Popen([*sys.argv[1:], str(os.getpid())], stdin=0, stdout=subprocess.PIPE)\n"
        "worker.stdout.readline(); print(worker.pid, flush=True)"
    )
    command = [sys.executable, "-c", code, *worker_command(), str(folder / "exchange")]
    program = subprocess.Popen(command, stdin=reading, stdout=subprocess.PIPE, text=True)
    assert program.stdout is not None
    worker = int(program.stdout.readline())
    program.wait(PATIENCE_S)
    program.stdout.close()
    wait_until(lambda: not is_running(worker), "the worker is gone")
    os.close(writing)
    os.close(reading)


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_files_of_a_program_and_a_worker_that_were_both_killed_go_with_the_next_client(repository: Path, folder: Path):
    worker, program = run_program(repository, folder, "waits", "hold", "translating")
    os.kill(worker, signal.SIGSTOP)  # it cannot clean up
    wait_until(lambda: psutil.Process(worker).status() == psutil.STATUS_STOPPED, "the worker stands still")
    program.kill()
    program.wait(PATIENCE_S)
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: not is_running(worker), "the worker is gone")
    assert len(list(folder.iterdir())) == 1
    with WorkerClient(folder=folder, command=[sys.executable, "-c", ""]) as client:
        client.start()
    assert list(folder.iterdir()) == []


def test_folders_in_use_or_just_made_are_left_alone(tmp_path: Path):
    used = ExchangeFolder(tmp_path)
    young = tmp_path / "xray-to-ct-worker-young"
    young.mkdir()
    old = tmp_path / "xray-to-ct-worker-old"
    old.mkdir()
    os.utime(old, (time.time() - 3600, time.time() - 3600))
    other = tmp_path / "another program's"
    other.mkdir()
    remove_abandoned(tmp_path)
    assert used.path.exists()
    assert young.exists()
    assert other.exists()
    assert not old.exists()
    used.remove()
    used.remove()
    assert not used.path.exists()


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_nobody_else_can_look_into_an_exchange_folder(tmp_path: Path):
    folder = ExchangeFolder(tmp_path)
    assert folder.path.stat().st_mode & 0o077 == 0
    folder.remove()
