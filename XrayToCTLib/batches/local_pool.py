"""Local pool: images in child processes of this program. A process that dies costs none of them.

Which image killed a process with several in it is found by giving each of them a process to itself; one that kills that
too has failed, and the others go on.
"""

from __future__ import annotations

import os
import queue
import threading
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import asdict

from ..errors import XrayToCTError
from ..translation.backends.threads import THREADS_ENVIRONMENT, thread_count
from ..version import __version__
from ..worker.exchange_folder import remove_abandoned
from ..worker.process_tree import python_interpreter
from ..worker.protocol import PROTOCOL, BrokenMessage
from ..worker.worker_process import WorkerEnded, WorkerProcess
from .child import IMAGES_AT_ONCE, command
from .outcome import Outcome, failed
from .task import Settings, Task

_WAIT_S = 0.2
_LOG_LINES = 50
_MOST_DEATHS = 6  # without one outcome: then it is not the images
_TRIES = 2


class LocalPool:
    """Child processes, each with a warm network.

    Args:
        jobs: how many processes.
    """

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._results: queue.SimpleQueue[Outcome | BaseException | None] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._tasks: Iterator[Task] = iter(())
        self._numbers = iter(range(1, 1 << 62))
        self._deaths_in_a_row = 0

    def run(self, tasks: Iterator[Task], settings: Settings) -> Generator[Outcome, None, None]:
        """The outcomes, as they come. Closing the iterator ends the processes.

        Raises:
            XrayToCTError: no process can be started, or they all die.
        """
        remove_abandoned()
        self._tasks = tasks
        record = asdict(settings)
        threads = [
            threading.Thread(target=self._serve, args=(record,), name=f"batch {number}", daemon=True)
            for number in range(self._jobs)
        ]
        try:
            for thread in threads:
                thread.start()
            running = len(threads)
            while running:
                try:
                    item = self._results.get(timeout=_WAIT_S)
                except queue.Empty:  # on Windows, Ctrl-C is heard only between two waits
                    continue
                if item is None:
                    running -= 1
                elif isinstance(item, BaseException):
                    raise item
                else:
                    yield item
        finally:
            self._stop.set()
            for thread in threads:
                if thread.ident is not None:
                    thread.join()

    def _serve(self, settings: dict[str, object]) -> None:
        """The life of one of the processes and its successors."""
        slot = _Slot(self._environment())
        try:
            while not self._stop.is_set():
                self._feed(slot, settings)
                if slot.running:
                    self._receive(slot)
                elif not slot.suspects:  # a process may die while it is given the last image, and all come again
                    break
        except BaseException as error:  # the caller's thread shall see it
            self._results.put(error)
        finally:
            slot.end()
            self._results.put(None)

    def _feed(self, slot: _Slot, settings: dict[str, object]) -> None:
        while len(slot.running) < (1 if slot.suspects or slot.has_suspect else IMAGES_AT_ONCE):
            task = slot.suspects.popleft() if slot.suspects else self._next()
            if task is None:
                return
            number = next(self._numbers)
            slot.running[number] = task
            try:
                slot.process().send("image", id=number, task=task.to_record(), settings=settings)
            except WorkerEnded:
                self._bury(slot)
                return

    def _next(self) -> Task | None:
        with self._lock:
            return next(self._tasks, None)

    def _receive(self, slot: _Slot) -> None:
        try:
            message = slot.process().receive(_WAIT_S)
        except WorkerEnded:
            self._bury(slot)
            return
        except BrokenMessage as broken:
            slot.log.append(f"the process sent {broken}")
            self._bury(slot)
            return
        if message is None or message["kind"] == "hello":
            self._check_version(message)
            return
        task = slot.running.pop(message["id"], None)
        if task is not None:
            with self._lock:
                self._deaths_in_a_row = 0
            slot.losses.pop(task.name, None)
            self._results.put(Outcome.from_record(message["outcome"]))

    def _check_version(self, hello: dict[str, object] | None) -> None:
        if hello is not None and (hello["protocol"], hello["version"]) != (PROTOCOL, __version__):
            raise XrayToCTError(
                f"The batch's process is XrayToCT {hello['version']}, but this is XrayToCT {__version__}.",
                hint="Start the batch again: XrayToCT was updated, or is installed twice.",
            )

    def _bury(self, slot: _Slot) -> None:
        """A process is gone: its images come again one by one, unless it is clear whose fault it was."""
        how = slot.end()
        with self._lock:
            self._deaths_in_a_row += 1
            hopeless = self._deaths_in_a_row >= _MOST_DEATHS
        if hopeless:
            raise XrayToCTError(
                f"The processes of the batch end one after another, the last of them {how}.",
                hint="Translate one image with xray-to-ct translate to see why. The batch goes on where it was.",
            )
        alone = len(slot.running) == 1
        for task in slot.running.values():
            slot.losses[task.name] = slot.losses.get(task.name, 0) + 1
            if alone and slot.losses[task.name] >= _TRIES:
                del slot.losses[task.name]
                self._results.put(_killer(task, how))
                with self._lock:
                    self._deaths_in_a_row = 0
            else:
                slot.suspects.append(task)
        slot.running.clear()

    def _environment(self) -> dict[str, str]:
        """With several processes, each gets its part of the cores, unless somebody has said how many."""
        if self._jobs == 1 or os.environ.get(THREADS_ENVIRONMENT):
            return {}
        cores = thread_count() or os.cpu_count() or 1
        return {THREADS_ENVIRONMENT: str(max(1, cores // self._jobs))}


class _Slot:
    """One process at a time, and what it has been given."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.running: dict[int, Task] = {}
        self.suspects: deque[Task] = deque()
        self.losses: dict[str, int] = {}
        self.log: deque[str] = deque(maxlen=_LOG_LINES)
        self._environment = environment
        self._process: WorkerProcess | None = None

    def process(self) -> WorkerProcess:
        """Started at need. Raises XrayToCTError."""
        if self._process is None:
            self._process = WorkerProcess(command(python_interpreter()), self.log, self._environment)
        return self._process

    @property
    def has_suspect(self) -> bool:
        """An image that was in a process that died is in this one: nothing comes beside it."""
        return any(task.name in self.losses for task in self.running.values())

    def end(self) -> str:
        """End the process, and say how it ended."""
        process, self._process = self._process, None
        if process is None:
            return ""
        process.end()
        return process.how_it_ended()


def _killer(task: Task, how: str) -> Outcome:
    hint = "Open it with another program to see whether the file is damaged."
    if how.endswith("SIGKILL"):
        hint = "Systems do this when memory is short: reduce the radiograph, or run it on a machine with more."
    return failed(task.name, task.input, f"Its process {how} while it worked on this image, {_TRIES} times.", hint)
