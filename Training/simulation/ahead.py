"""Batches made ahead: worker processes that each keep their own lanes."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

_PREFETCH = 3
_STEPS = 10**9

Tensors = tuple[Tensor, ...]


class Maker(Protocol):
    """Makes the tensors of some lanes at a step; first axis: lanes."""

    def __call__(self, step: int, lanes: Sequence[int]) -> Tensors: ...


class Ahead:
    """Asks a maker for batches of consecutive steps before they are needed.

    Args:
        maker: pure function of (step, lanes); copied into every worker.
        workers: processes; 0 makes the batches when they are asked for.
        in_worker: called once in every worker.
    """

    def __init__(self, maker: Maker, workers: int, in_worker: Callable[[], None]) -> None:
        self._maker = maker
        self._workers = workers
        self._in_worker = in_worker
        self._runs: dict[tuple[int, ...], _Run] = {}

    def batch(self, step: int, lanes: Sequence[int]) -> Tensors:
        """The tensors of ``lanes`` at ``step``. Steps that follow each other are fast; a jump starts anew."""
        lanes = tuple(lanes)
        workers = min(self._workers, len(lanes))
        if workers == 0:
            return self._maker(step, lanes)
        run = self._runs.get(lanes)
        if run is None or run.step != step:
            self._runs.pop(lanes, None)
            run = self._runs[lanes] = _Run(self._maker, step, lanes, workers, self._in_worker)
        return run.next()

    def close(self) -> None:
        """End the workers."""
        self._runs.clear()


class _Run:
    """Consecutive steps of some lanes, from worker processes."""

    def __init__(
        self, maker: Maker, step: int, lanes: tuple[int, ...], workers: int, in_worker: Callable[[], None]
    ) -> None:  # fmt: skip
        self.step = step
        self._workers = workers
        self._lanes = lanes
        loader = DataLoader(
            _Shares(maker, step, lanes, workers),
            batch_size=None,
            num_workers=workers,
            prefetch_factor=_PREFETCH,
            worker_init_fn=_Init(in_worker),
        )
        self._parts: Iterator[Tensors] = iter(loader)

    def next(self) -> Tensors:
        shares = [next(self._parts) for _ in range(self._workers)]
        self.step += 1
        if self._workers == 1:
            return shares[0]
        merged = []
        for parts in zip(*shares, strict=True):
            whole = torch.empty((len(self._lanes), *parts[0].shape[1:]), dtype=parts[0].dtype)
            for worker, part in enumerate(parts):
                whole[worker :: self._workers] = part
            merged.append(whole)
        return tuple(merged)


class _Shares(Dataset[Tensors]):
    """Item n is the share of worker ``n % workers`` in step ``first + n // workers``.

    DataLoader hands item n to worker ``n % workers``, so that a worker sees the same lanes step after step and its
    cached bodies are its own.
    """

    def __init__(self, maker: Maker, first: int, lanes: tuple[int, ...], workers: int) -> None:
        self._maker = maker
        self._first = first
        self._shares = [lanes[worker::workers] for worker in range(workers)]

    def __len__(self) -> int:
        return _STEPS

    def __getitem__(self, index: int) -> Tensors:
        step, worker = divmod(index, len(self._shares))
        return self._maker(self._first + step, self._shares[worker])


class _Init:
    """Worker start: one thread each, and no stack trace of its own when a person presses Ctrl-C."""

    def __init__(self, then: Callable[[], None]) -> None:
        self._then = then

    def __call__(self, worker: int) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        torch.set_num_threads(1)
        self._then()
