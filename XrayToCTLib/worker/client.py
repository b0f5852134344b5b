"""Client: hands translations to a worker process and keeps it warm."""

from __future__ import annotations

import itertools
import queue
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import XrayToCTError
from ..progress import TranslationCancelled
from ..radiograph import IntensityScale, Radiograph, SpacingSource
from .array_file import take_array, write_array
from .exchange_folder import remove_abandoned
from .faults import RETRY_HINT, disk_error, ended_error, memory_error
from .job import Job
from .protocol import BrokenMessage
from .records import model_record, radiograph_record, stack_of
from .remaining_time import Course
from .warm_worker import WAIT_S, WarmWorker
from .worker_process import WorkerEnded, WorkerProcess, worker_command

if TYPE_CHECKING:
    from ..ct_stack import CtStack
    from ..models.card import ModelCard

_SHARE_OF_WORKER = 0.95  # of the progress; taking the stack over is the rest


class WorkerClient:
    """Translates in a child process that is started at the first need, stays warm, and is replaced when it crashes.

    Thread-safe. Jobs run one after another in the order of ``submit``; several clients are independent of each other.
    Close it: until then its process and its thread stay.

    Args:
        executable: the Python to run the worker with; default: this one, and within Slicer its PythonSlicer.
        environment: environment variables for the worker beside this process's own.
        folder: where arrays are exchanged, in a private folder; default: the system's temporary folder.
        grace_s: seconds that a worker has to obey a cancel or a close before it is killed.
        start_limit_s: seconds that a worker may take to start.
        log_lines: how many lines of the workers' logs are kept.
        command: the whole command of the worker, instead of ``executable``.
    """

    def __init__(
        self,
        *,
        executable: str | None = None,
        environment: Mapping[str, str] | None = None,
        folder: str | Path | None = None,
        grace_s: float = 2.0,
        start_limit_s: float = 120.0,
        log_lines: int = 500,
        command: Sequence[str] | None = None,
    ) -> None:
        self._log: deque[str] = deque(maxlen=log_lines)
        self._worker = WarmWorker(
            list(command) if command else worker_command(executable),
            dict(environment or {}),
            folder,
            start_limit_s,
            self._log,
        )
        self._folder, self._grace_s = folder, grace_s
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._numbers = itertools.count(1)
        self._courses: dict[tuple[str, str], tuple[int, Course]] = {}
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()
        self._lock = threading.Lock()

    def submit(
        self,
        radiograph: Radiograph,
        *,
        model: str | Path | ModelCard | None = None,
        device: str = "auto",
        frame: int = 0,
    ) -> Job:
        """Ask for a translation; returns at once. The arguments are those of ``translate``.

        Raises:
            XrayToCTError: there is no such frame, or the client is closed.
        """
        task = _Task(next(self._numbers), Job(), radiograph.frame(frame), frame, model, device)
        self._enqueue(task)
        return task.job

    def start(self) -> None:
        """Start the worker now, in the background, so that the first job finds it ready. Returns at once."""
        self._enqueue(_Task(0, Job(), None, 0, None, ""))

    def warm_up(self, *, model: str | Path | ModelCard | None = None, device: str = "auto") -> Job:
        """Load a model before it is needed, by translating a small made-up radiograph whose stack nobody wants."""
        ramp = np.arange(64 * 64, dtype=np.float32).reshape(1, 64, 64)
        scale, source = IntensityScale.DISPLAY, "a ramp to warm up with"
        radiograph = Radiograph(ramp, (6.0, 6.0), SpacingSource.ASSUMED, scale, source, "warm-up")
        return self.submit(radiograph, model=model, device=device)

    @property
    def log(self) -> list[str]:
        """The last lines that the workers wrote to stderr, and what happened to them."""
        return list(self._log)

    @property
    def process_id(self) -> int | None:
        """Of the worker that runs now, if there is one."""
        return self._worker.process_id

    def close(self, *, wait: bool = True) -> None:
        """Cancel every job, end the worker and remove its files; ``wait=False`` leaves that to the background."""
        with self._lock:
            self._closed.set()
            thread = self._thread
            self._tasks.put(None)
        if wait and thread is not None and thread is not threading.current_thread():
            thread.join()

    def __enter__(self) -> WorkerClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _enqueue(self, task: _Task) -> None:
        with self._lock:
            if self._closed.is_set():
                raise XrayToCTError("This worker client is closed.", hint="Make a new one.")
            self._tasks.put(task)
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="xray-to-ct client", daemon=True)
                self._thread.start()

    def _serve(self) -> None:
        """The life of the client's thread: one task after another, then the end of the worker."""
        remove_abandoned(self._folder)
        while (task := self._tasks.get()) is not None:
            stack, error = None, None
            try:
                if task.radiograph is None:
                    self._worker.running()
                else:
                    stack = self._translate(task)
            except XrayToCTError as known:
                error = known
            except Exception as unknown:
                self._worker.end(f"the worker was ended: {type(unknown).__name__}: {unknown}")
                error = XrayToCTError(f"The translation failed ({type(unknown).__name__}: {unknown}).", hint=RETRY_HINT)
            task.radiograph = None  # an error's traceback would keep it
            task.job.finish(stack, error)
            del task, stack, error  # nothing of a run is kept while there is nothing to do
        self._worker.end(grace_s=self._grace_s)

    def _translate(self, task: _Task) -> CtStack:
        """Run a task, once more if a worker that was warm turns out to have died before it began."""
        was_warm = self._worker.is_warm
        try:
            return self._translate_once(task, was_warm)
        except WorkerEnded:
            how = self._worker.end()
            last_words = self._log[-1] if self._log else ""
            self._log.append(f"[client] the worker {how}")
            if was_warm and not task.began:
                return self._translate(task)
            raise ended_error(how, task.job.poll().phase, last_words) from None

    def _translate_once(self, task: _Task, was_warm: bool) -> CtStack:
        assert task.radiograph is not None
        job = task.job
        self._stop_if_cancelled(job)
        job.advance(0.0, "starting the translation process")
        worker = self._worker.greeted(lambda: self._stop_if_cancelled(job))
        job.start_clock(self._earlier_course(task))
        job.advance(0.0, "handing over the radiograph")
        pixels = worker.folder / f"radiograph-{task.number}.npy"
        try:
            write_array(pixels, task.radiograph.pixels)
        except OSError as error:
            if worker.has_ended:
                raise WorkerEnded from error
            raise disk_error(worker.folder, error) from error
        worker.send(
            "translate",
            id=task.number,
            radiograph=radiograph_record(task.radiograph),
            pixels=pixels.name,
            model=model_record(task.model),
            device=task.device,
        )
        try:
            stack = self._follow(worker, task)
        except BrokenMessage as broken:
            self._worker.end(f"the worker was ended: it sent {broken}")
            raise XrayToCTError(
                f"The translation process gave an answer that cannot be read ({broken}).", hint=RETRY_HINT
            ) from broken
        if was_warm:  # loading the model is no measure of the runs after it
            self._courses[task.kind] = (task.pixel_count, (*job.course, (1.0, job.course[-1][1])))
        return stack

    def _follow(self, worker: WorkerProcess, task: _Task) -> CtStack:
        """Messages about a task that was handed over, to its end."""
        job = task.job
        deadline: float | None = None
        while True:
            if deadline is None and self._is_unwanted(job):
                worker.send("cancel", id=task.number)
                deadline = time.monotonic() + self._grace_s
            elif deadline is not None and time.monotonic() > deadline:
                self._worker.end(f"the worker was killed: it did not obey a cancel within {self._grace_s:g} s")
                raise TranslationCancelled
            message = worker.receive(WAIT_S)
            if message is None:
                continue
            if message.get("id") != task.number:
                raise BrokenMessage("an answer to another request")
            task.began = True
            if message["kind"] == "progress":
                job.advance(_SHARE_OF_WORKER * message["fraction"], message["phase"])
            elif message["kind"] == "error":
                if message["cancelled"]:
                    raise TranslationCancelled
                raise XrayToCTError(message["message"], hint=message["hint"])
            elif message["kind"] == "result":
                job.advance(_SHARE_OF_WORKER, "taking over the stack")
                stack = _take_stack(worker, message, task)
                self._stop_if_cancelled(job)
                return stack
            else:
                raise BrokenMessage(f"an unexpected {message['kind']!r}")

    def _is_unwanted(self, job: Job) -> bool:
        return job.cancel_wanted or self._closed.is_set()

    def _stop_if_cancelled(self, job: Job) -> None:
        if self._is_unwanted(job):
            raise TranslationCancelled

    def _earlier_course(self, task: _Task) -> Course:
        pixel_count, course = self._courses.get(task.kind, (1, ()))
        return tuple((fraction, seconds * task.pixel_count / pixel_count) for fraction, seconds in course)


@dataclass(slots=True)
class _Task:
    """What the client's thread is to do; without a radiograph: start the worker."""

    number: int
    job: Job
    radiograph: Radiograph | None
    frame: int
    model: str | Path | ModelCard | None
    device: str
    began: bool = False

    @property
    def kind(self) -> tuple[str, str]:
        """Tasks of one kind take the same time a pixel."""
        return str(model_record(self.model)), self.device

    @property
    def pixel_count(self) -> int:
        return self.radiograph.pixels.size if self.radiograph is not None else 1


def _take_stack(worker: WorkerProcess, message: dict[str, Any], task: _Task) -> CtStack:
    """The stack of a result.

    Raises:
        BrokenMessage: it is not the stack that was asked for.
        WorkerEnded: the worker is gone, and its files with it.
        XrayToCTError: there is no memory for it.
    """
    assert task.radiograph is not None
    if Path(message["hu"]).name != message["hu"]:  # nothing outside the folder is ever read or removed
        raise BrokenMessage("a result that is not in its folder")
    try:
        stack = stack_of(message["stack"], take_array(worker.folder / message["hu"]))
    except MemoryError as error:
        raise memory_error() from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, XrayToCTError) as error:
        if worker.has_ended:
            raise WorkerEnded from error
        raise BrokenMessage(f"a result that is broken: {type(error).__name__}: {error}") from error
    if stack.hu.shape[1:] != task.radiograph.shape:
        raise BrokenMessage(f"a result of the shape {stack.hu.shape}")
    # The worker saw one frame only, and called it frame 0.
    return replace(stack, provenance={**stack.provenance, "source_frame": str(task.frame)})
