"""Dask pool: images on the workers of a Dask cluster, on this machine or on many that share the folders.

The scheduler runs an image again whose worker was lost. What is lost again and again, perhaps only because it was
beside an image that kills workers, is tried by itself at the end.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from dataclasses import asdict
from itertools import islice
from typing import Any

from ..errors import XrayToCTError
from ..translation.backends.threads import THREADS_ENVIRONMENT, thread_count
from ..version import __version__
from .child import IMAGES_AT_ONCE, use_threads
from .outcome import Outcome, failed
from .task import Settings, Task, settings_of

LOCAL = "local"
_CONNECT_LIMIT_S = 30
_WORKERS_LIMIT_S = 60
_PER_THREAD = 2  # images handed to the scheduler for each thread: enough that no worker waits for the next
_FEWEST = 16
_QUIET = {
    # No pages are served, neither here nor on the workers; what must listen does so on 127.0.0.1 (see _connected).
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.scheduler.allowed-failures": 1,
    "distributed.admin.tick.limit": "1h",  # of warnings that a thread was busy: it was translating
}
_TIMEOUTS = (TimeoutError, asyncio.TimeoutError)  # two classes before Python 3.11
_prepared = False


def run_record(task: dict[str, Any], settings: dict[str, Any], version: str) -> dict[str, Any]:
    """``run_image`` on a worker; plain types only, so that what travels needs no class of the other side.

    Raises:
        RuntimeError: the worker has another version of XrayToCT.
    """
    from .run_image import run_image

    global _prepared
    if version != __version__:
        raise RuntimeError(f"a worker has XrayToCT {__version__}, the batch {version}")
    if not _prepared:
        use_threads()
        _prepared = True
    return run_image(Task.from_record(task), settings_of(settings)).to_record()


class DaskPool:
    """A cluster.

    Args:
        scheduler: "local" for worker processes on this machine that end with the batch; the address of a scheduler,
            such as "tcp://10.0.0.1:8786"; or a cluster object, such as dask_jobqueue's SLURMCluster.
        jobs: worker processes of a local cluster.

    Raises:
        XrayToCTError: Dask is not installed.
    """

    def __init__(self, scheduler: Any, jobs: int) -> None:
        self._scheduler, self._jobs = scheduler, jobs
        try:
            import distributed  # noqa: F401
        except ImportError as error:
            raise XrayToCTError(
                "The Python package distributed (Dask), which runs a batch on a scheduler, is not installed.",
                hint='Install it with: pip install "xraytoct[cluster]"',
            ) from error

    def run(self, tasks: Iterator[Task], settings: Settings) -> Generator[Outcome, None, None]:
        """The outcomes, as they come. Closing the iterator cancels what is not done.

        Raises:
            XrayToCTError: there is no such scheduler, it has no worker that can run XrayToCT, or it is lost.
        """
        import dask
        from distributed import as_completed

        with ExitStack() as stack:
            stack.enter_context(dask.config.set(_QUIET))
            client = _connected(self._scheduler, self._jobs, stack)
            record = asdict(settings)
            running: dict[Any, Task] = {}

            def submit(task: Task) -> Any:
                future = client.submit(run_record, task.to_record(), record, __version__, pure=False)
                running[future] = task
                return future

            stack.callback(lambda: client.cancel(list(running), force=True))
            threads = sum(client.nthreads().values())
            pending = as_completed([submit(task) for task in islice(tasks, max(_FEWEST, _PER_THREAD * threads))])
            lost: list[Task] = []
            for future in pending:
                task = running.pop(future)
                outcome = _outcome(future)
                if outcome is None:
                    lost.append(task)
                if (further := next(tasks, None)) is not None:
                    pending.add(submit(further))
                if outcome is not None:
                    yield outcome
            for task in lost:
                future = submit(task)
                (future,) = as_completed([future])
                del running[future]
                yield _outcome(future) or _killer(task)


def _connected(scheduler: Any, jobs: int, stack: ExitStack) -> Any:
    """A client of the cluster; what was started for it ends with ``stack``."""
    from distributed import Client, LocalCluster

    try:
        if isinstance(scheduler, str) and scheduler == LOCAL:
            cores = thread_count() or os.cpu_count() or 1
            threads = os.environ.get(THREADS_ENVIRONMENT) or str(max(1, cores // jobs))
            cluster = LocalCluster(
                n_workers=jobs,
                threads_per_worker=IMAGES_AT_ONCE,
                processes=True,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
                worker_dashboard_address="127.0.0.1:0",
                # Certificates that live as long as the cluster: other users of this machine may not send it code.
                security=True,
                silence_logs=logging.CRITICAL,
                env={THREADS_ENVIRONMENT: threads},
            )
            stack.enter_context(cluster)
            return stack.enter_context(Client(cluster))
        client = stack.enter_context(Client(scheduler, timeout=_CONNECT_LIMIT_S))
    except (OSError, *_TIMEOUTS, ValueError, ImportError, RuntimeError) as error:
        raise XrayToCTError(
            f"There is no Dask scheduler to use at {scheduler} ({str(error) or type(error).__name__}).",
            hint='Give an address such as tcp://10.0.0.1:8786, or "local" for worker processes on this machine.',
        ) from error
    try:
        client.wait_for_workers(1, timeout=_WORKERS_LIMIT_S)
    except _TIMEOUTS as error:
        raise XrayToCTError(
            f"The Dask scheduler at {scheduler} has no worker.", hint=f"Start one with: dask worker {scheduler}"
        ) from error
    return client


def _outcome(future: Any) -> Outcome | None:
    """Of a task that is through; None when its workers were lost.

    A result lies on the worker that made it until it is asked for here. Where that worker is lost in between, the
    scheduler has the task run again, and ``result`` waits for that: the status of the future must not be asked first.

    Raises:
        XrayToCTError: no worker can run it, or there is no scheduler any more.
    """
    from distributed import CancelledError
    from distributed.comm import CommClosedError
    from distributed.scheduler import KilledWorker

    try:
        return Outcome.from_record(future.result())
    except KilledWorker:
        return None
    except (CancelledError, CommClosedError) as error:
        raise XrayToCTError(
            "The connection to the Dask scheduler was lost.", hint="Start the batch again: it goes on where it was."
        ) from error
    except Exception as error:
        raise XrayToCTError(
            f"The Dask workers cannot run XrayToCT ({type(error).__name__}: {error}).",
            hint=f"Install XrayToCT {__version__} on all of them.",
        ) from error


def _killer(task: Task) -> Outcome:
    return failed(
        task.name,
        task.input,
        "Every worker was lost that worked on this image.",
        "Open it with another program to see whether the file is damaged, or give the workers more memory.",
    )
