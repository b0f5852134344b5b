"""Worker process, seen from the client: its start, its messages, its log, its end."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import XrayToCTError
from .exchange_folder import ExchangeFolder
from .process_tree import end_tree, python_interpreter, start
from .protocol import LONGEST_LINE, BrokenMessage, decode, encode

_LIBRARY_PARENT = Path(__file__).resolve().parents[2]
_LONGEST_LOG_LINE = 2000
# The root is first on the path for one import only: its other files must not hide modules of the same name.
_ENTRY = (
    "import sys; sys.path[0] = {root!r}; from XrayToCTLib.worker import server; "
    "sys.path.append(sys.path.pop(0)); server.main()"
)


def worker_command(executable: str | None = None) -> list[str]:
    """The command that starts a worker with ``executable`` (default: this interpreter; in Slicer, PythonSlicer)."""
    return [executable or python_interpreter(), "-u", "-c", _ENTRY.format(root=str(_LIBRARY_PARENT))]


class WorkerEnded(Exception):  # noqa: N818 - never leaves this room
    """The process is gone."""


class WorkerProcess:
    """One child process and its exchange folder. Both go when it ends, however it ends.

    Args:
        command: what to run; the folder and this process's id are appended.
        log: where the last lines of its stderr are kept.
        environment: variables beside this process's own.
        folder_parent: where to make the exchange folder; None for the system's temporary folder.

    Raises:
        XrayToCTError: no folder could be made, or the command cannot be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        log: deque[str],
        environment: Mapping[str, str] | None = None,
        folder_parent: str | Path | None = None,
    ) -> None:
        self._folder = ExchangeFolder(folder_parent)
        self._log = log
        self._inbox: queue.SimpleQueue[dict[str, Any] | Exception] = queue.SimpleQueue()
        self._gone = threading.Event()
        self._ending = threading.Lock()
        self.greeted = False
        utf8 = {"PYTHONUTF8": "1", "PYTHONFAULTHANDLER": "1"}
        try:
            self._process = start(
                [*command, str(self._folder.path), str(os.getpid())], {**os.environ, **utf8, **(environment or {})}
            )
        except XrayToCTError:
            self._folder.remove()
            raise
        self._threads = [
            threading.Thread(target=self._read_messages, name="xray-to-ct worker messages", daemon=True),
            threading.Thread(target=self._read_log, name="xray-to-ct worker log", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def folder(self) -> Path:
        return self._folder.path

    @property
    def process_id(self) -> int:
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        return self._gone.is_set()

    def send(self, kind: str, **fields: Any) -> None:
        """Raises WorkerEnded."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(encode(kind, **fields))
            self._process.stdin.flush()
        except (OSError, ValueError) as error:  # ValueError: closed
            raise WorkerEnded from error

    def receive(self, timeout_s: float) -> dict[str, Any] | None:
        """The next message, or None when none came in time.

        Raises:
            WorkerEnded: there are no more messages.
            BrokenMessage: what came is no message.
        """
        try:
            item = self._inbox.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if isinstance(item, Exception):
            raise item
        return item

    def end(self, grace_s: float = 0.0) -> None:
        """Ask it to end; after ``grace_s`` kill it with all that it started."""
        assert self._process.stdin is not None
        if grace_s:
            with contextlib.suppress(WorkerEnded):
                self.send("shutdown")
            self._gone.wait(grace_s)
        with contextlib.suppress(OSError):  # what was buffered can no longer be written
            self._process.stdin.close()
        self._end_tree()
        for thread in self._threads:
            thread.join(timeout=5)

    def how_it_ended(self) -> str:
        """In words, once ``has_ended``."""
        status = self._process.returncode
        if status is not None and status < 0:
            try:
                return f"was ended by {signal.Signals(-status).name}"
            except ValueError:
                return f"was ended by signal {-status}"
        return f"ended with exit status {status}"

    def _end_tree(self, grace_s: float = 0.0) -> None:
        with self._ending:  # one at a time: a group that was reaped must not be killed again
            if self._process.returncode is None:
                end_tree(self._process, grace_s)

    def _read_messages(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        with stream:
            while True:
                try:
                    line = stream.readline(LONGEST_LINE)
                    if not line:
                        break
                    self._inbox.put(decode(line))
                except BrokenMessage as broken:
                    self._inbox.put(broken)
                except (OSError, ValueError):
                    break
        # No messages, no worker: whatever is left of it goes. Its own exit gets a moment, for the exit status.
        self._end_tree(grace_s=1.0)
        self._gone.set()  # first: whoever misses the folder must find out why
        self._folder.remove()
        self._inbox.put(WorkerEnded())

    def _read_log(self) -> None:
        stream = self._process.stderr
        assert stream is not None
        with stream:
            while line := stream.readline(_LONGEST_LOG_LINE):
                self._log.append(line.decode("utf-8", "replace").rstrip())
