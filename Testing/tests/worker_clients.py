"""Clients for the tests of the worker: with faulty workers, and with a folder that must be empty in the end."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from XrayToCTLib.radiograph import IntensityScale, Radiograph, SpacingSource, View
from XrayToCTLib.worker import Job, WorkerClient

HELD_WORKER = Path(__file__).with_name("held_worker.py")
PATIENCE_S = 60.0  # how long a test waits before it fails; nothing waits this long when all is well


def faulty_client(folder: Path, fault: str, argument: str = "", **options: Any) -> WorkerClient:
    """A client whose arrays go through ``folder`` and whose worker has a fault."""
    return WorkerClient(
        command=[sys.executable, str(HELD_WORKER), fault, argument],
        folder=folder,
        environment={"HELD_WORKER_NOTES": str(folder.parent), "OMP_NUM_THREADS": "1"},
        **options,
    )


def ramp() -> Radiograph:
    """A radiograph, without the seconds that tiny_bundle's torch takes to load."""
    pixels = np.arange(120 * 90, dtype=np.float32).reshape(1, 120, 90)
    return Radiograph(
        pixels, (2.0, 2.0), SpacingSource.CALLER, IntensityScale.LINE_INTEGRAL, "ramp", "1.2", view=View.PA
    )


def wait_until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.005)


def wait_for_phase(job: Job, phase: str) -> None:
    wait_until(lambda: job.poll().phase == phase or job.poll().done, f"the phase is {phase!r}")
    assert not job.poll().done, job.poll()


def is_running(process_id: int) -> bool:
    try:
        return psutil.Process(process_id).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def file_descriptors() -> int:
    return psutil.Process().num_fds() if os.name == "posix" else psutil.Process().num_handles()
