"""Batches: each process's share of the step's images, the next one made while the networks learn from this one."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from ..config import RunConfig
from ..families.moment import Part
from ..simulation.field import PairedBatch


class PairedStream(Protocol):
    """Simulated pairs; a pair is its step and lane."""

    def batch(self, step: int, lanes: range) -> PairedBatch: ...


class RadiographsStream(Protocol):
    """Real radiographs, (n, 1, rows, cols) normalised line integrals; one is its step and lane."""

    def batch(self, step: int, lanes: range) -> Tensor: ...


@dataclass(frozen=True, slots=True)
class Streams:
    """Where batches come from; a run without radiographs has none.

    ``shown``: the same samples for pictures, not made ahead by worker processes. ``write_examples``: draws a sheet of
    what is about to be shown to the networks.
    """

    paired: PairedStream
    radiographs: RadiographsStream | None
    close: Callable[[], None] = lambda: None
    shown: Streams | None = None
    write_examples: Callable[[Path], None] | None = None


class Batches:
    """The parts of each step that this process computes, on its device."""

    def __init__(self, config: RunConfig, streams: Streams, device: torch.device, rank: int, processes: int) -> None:
        self._streams = streams
        self._device = device
        self._channels_last = config.engine.channels_last
        self._lanes = _share(config.engine.batch, rank, processes)
        self._real_lanes = _share(config.family.radiographs, rank, processes)
        self._parts = config.engine.accumulate
        self._maker = ThreadPoolExecutor(1, "batch") if config.engine.prefetch else None
        self._ahead: tuple[int, bool, Future[tuple[PairedBatch, Tensor | None]]] | None = None

    @property
    def lanes(self) -> range:
        return self._lanes

    def parts(self, step: int, with_radiographs: bool) -> list[Part]:
        """What step ``step`` computes; what comes next is begun in the background."""
        if self._ahead is not None and self._ahead[:2] == (step, with_radiographs):
            paired, real = self._ahead[2].result()
        else:
            self._forget()
            paired, real = self._make(step, with_radiographs)
        if self._maker is not None:
            ahead = self._maker.submit(self._make, step + 1, with_radiographs)
            self._ahead = (step + 1, with_radiographs, ahead)
        return self._divided(paired, real)

    def _make(self, step: int, with_radiographs: bool) -> tuple[PairedBatch, Tensor | None]:
        paired = self._streams.paired.batch(step, self._lanes)
        if not with_radiographs:
            return paired, None
        assert self._streams.radiographs is not None
        return paired, self._streams.radiographs.batch(step, self._real_lanes)

    def _divided(self, paired: PairedBatch, real: Tensor | None) -> list[Part]:
        made = []
        for part in range(self._parts):
            lanes, real_lanes = (
                slice(share.start, share.stop)
                for share in (_share(len(all_), part, self._parts) for all_ in (self._lanes, self._real_lanes))
            )
            batch = PairedBatch(*(self._moved(t[lanes]) for t in (paired.image, paired.target, paired.valid)))
            some_real = None if real is None else self._moved(real[real_lanes])
            made.append(Part(batch, self._lanes[lanes], some_real, self._real_lanes[real_lanes]))
        return made

    def _moved(self, images: Tensor) -> Tensor:
        moved = images.to(self._device, torch.float32, non_blocking=True)
        return moved.contiguous(memory_format=torch.channels_last) if self._channels_last else moved

    def _forget(self) -> None:
        if self._ahead is not None:
            self._ahead[2].exception()  # wait for it: two batches at once would share the stream's cache
            self._ahead = None

    def close(self) -> None:
        if self._maker is not None:
            self._maker.shutdown(wait=True, cancel_futures=True)
        self._streams.close()


def _share(count: int, index: int, of: int) -> range:
    """The ``index``-th of ``of`` equal shares of ``count``."""
    each = count // of
    return range(index * each, (index + 1) * each)
