"""Warm worker: the one worker of a client, started at need, greeted, replaced when it is gone or of another version."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import XrayToCTError
from ..version import __version__
from .faults import RETRY_HINT
from .protocol import PROTOCOL, BrokenMessage
from .worker_process import WorkerProcess

WAIT_S = 0.05  # between two looks at whether a job is to be cancelled; messages themselves wake at once


class WarmWorker:
    """At most one process at a time.

    Args:
        command: what to run.
        environment: variables beside this process's own.
        folder: where to make exchange folders; None for the system's temporary folder.
        start_limit_s: seconds that a process may take to start.
        log: where the processes' stderr and what happens to them is kept.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        folder: str | Path | None,
        start_limit_s: float,
        log: deque[str],
    ) -> None:
        self._command, self._environment, self._folder = command, environment, folder
        self._start_limit_s, self._log = start_limit_s, log
        self._process: WorkerProcess | None = None

    @property
    def is_warm(self) -> bool:
        process = self._process
        return process is not None and process.greeted and not process.has_ended

    @property
    def process_id(self) -> int | None:
        process = self._process
        return process.process_id if process is not None and not process.has_ended else None

    def running(self) -> WorkerProcess:
        """A process, perhaps one that has not greeted yet. Raises XrayToCTError when none can be started."""
        if self._process is not None and self._process.has_ended:
            self.end(f"the worker {self._process.how_it_ended()} while it was idle")
        if self._process is None:
            self._process = WorkerProcess(self._command, self._log, self._environment, self._folder)
        return self._process

    def greeted(self, stop_if_cancelled: Callable[[], None]) -> WorkerProcess:
        """A process of this version that has said hello; one of another version is replaced once.

        Raises:
            XrayToCTError: none can be started, it takes too long, or it is of another version again.
            WorkerEnded: it ended while it started.
        """
        sentence = ""
        for _ in range(2):
            process = self.running()
            if process.greeted:
                return process
            hello = self._hello(process, stop_if_cancelled)
            if (hello["protocol"], hello["version"]) == (PROTOCOL, __version__):
                process.greeted = True
                return process
            sentence = (
                f"The translation process is XrayToCT {hello['version']} (protocol {hello['protocol']}), "
                f"but this is XrayToCT {__version__} (protocol {PROTOCOL})."
            )
            self.end(sentence)
        raise XrayToCTError(
            sentence, hint="Restart 3D Slicer or this program: XrayToCT was updated, or is installed twice."
        )

    def end(self, why: str = "", grace_s: float = 0.0) -> str:
        """End the process, if there is one, and say in words how it ended."""
        process, self._process = self._process, None
        if why:
            self._log.append(f"[client {os.getpid()}] {why}")
        if process is None:
            return ""
        process.end(grace_s)
        return process.how_it_ended()

    def _hello(self, process: WorkerProcess, stop_if_cancelled: Callable[[], None]) -> dict[str, Any]:
        deadline = time.monotonic() + self._start_limit_s
        while time.monotonic() < deadline:
            stop_if_cancelled()  # the process goes on starting, for the next job
            try:
                message = process.receive(WAIT_S)
                if message is not None and message["kind"] != "hello":
                    raise BrokenMessage(f"{message['kind']!r} instead of a greeting")
            except BrokenMessage as broken:
                self.end(f"the worker was ended: it sent {broken}")
                raise XrayToCTError(
                    f"The translation process cannot be understood (it sent {broken}).", hint=RETRY_HINT
                ) from broken
            if message is not None:
                return message
        self.end(f"the worker was ended: it did not start within {self._start_limit_s:g} s")
        raise XrayToCTError(
            f"The translation process did not start within {self._start_limit_s:g} s.",
            hint="Try again when the computer is less busy; its log says more.",
        )
