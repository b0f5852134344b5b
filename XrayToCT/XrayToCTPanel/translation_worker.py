"""Translation worker: the one worker process that all runs of this Slicer share; it stays warm between them."""

from __future__ import annotations

from collections.abc import Callable

from XrayToCTLib.worker import Job, WorkerClient

_makeClient: Callable[[], WorkerClient] = WorkerClient
_client: WorkerClient | None = None
_warm: set[tuple[str, str]] = set()


def workerClient() -> WorkerClient:
    """The client; its process is started at the first need."""
    global _client
    if _client is None:
        _client = _makeClient()
    return _client


def warmUp(modelId: str, device: str) -> Job | None:
    """Starts the process and loads a model in the background, once a model and device; returns at once."""
    if (modelId, device) in _warm:
        return None
    _warm.add((modelId, device))
    return workerClient().warm_up(model=modelId or None, device=device)


def workerLog() -> str:
    """The last lines that the worker wrote."""
    return "\n".join(_client.log) if _client is not None else ""


def closeWorker(*, wait: bool = False) -> None:
    """Ends the process and removes its files; ``wait`` until that is done (at most some seconds)."""
    global _client
    client, _client = _client, None
    _warm.clear()
    if client is not None:
        client.close(wait=wait)
