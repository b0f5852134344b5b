"""Streams: (seed, step, lane) -> sample. A stream has no state that matters, so that a resumed run, or one spread over
more processes, sees the very same samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import cv2
import SimpleITK as sitk
import torch
from torch import Tensor

from XrayToCTLib.models.card import ReferenceQuantiles

from .ahead import Ahead
from .field import Field, PairedBatch
from .opencv_maker import OpencvMaker
from .sample_draws import SampleDraws, checked_weights
from .settings import SimulationSettings
from .torch_maker import TorchMaker

if TYPE_CHECKING:
    from Training.data.manifest import PreparedCt


class SampleStream:
    """Paired samples of simulated patients.

    Args:
        cts: prepared CTs, of training patients only.
        weights: how often each is chosen, in the order of ``cts`` or by name.
        field: the network's grid.
        settings: what may vary; also which executor, and how many worker processes.
        reference_quantiles: onto which the engine maps display-processed files.
        seed: of everything.
        device: where batches are wanted; the torch executor simulates there.

    Raises:
        XrayToCTError: no CT, or weights that fit none.
    """

    def __init__(
        self,
        cts: Sequence[PreparedCt],
        weights: Sequence[float] | Mapping[str, float],
        field: Field,
        settings: SimulationSettings,
        reference_quantiles: ReferenceQuantiles,
        seed: int,
        device: torch.device | str = "cpu",
    ) -> None:
        self._device = torch.device(device)
        self._draws = SampleDraws(cts, checked_weights(cts, weights), field, settings, seed)
        self._ahead = (
            Ahead(TorchMaker(self._draws, reference_quantiles, self._device), 0, one_thread)
            if settings.executor == "torch"
            else Ahead(OpencvMaker(self._draws, reference_quantiles), settings.workers, one_thread)
        )

    def batch(self, step: int, lanes: Sequence[int]) -> PairedBatch:
        """The samples of ``lanes`` (positions in the global batch) at ``step``.

        Ask for all lanes of a process in one call and for one step after the other: then workers are ahead. Any other
        order gives the same samples, more slowly.
        """
        image, target, valid = self._ahead.batch(step, lanes)
        return PairedBatch(*(_moved(part, self._device) for part in (image, target, valid)))

    def caption(self, step: int, lane: int) -> str:
        """Who a sample shows, and what was done to them, in a few words."""
        return self._draws.caption(step, lane)

    def close(self) -> None:
        """End the worker processes."""
        self._ahead.close()


def one_thread() -> None:
    """For workers: threads of their own would only get into each other's way, and a pool of threads that a library
    made before the fork does not exist in the worker, which would wait for it for ever. Of OpenCV's numbers, 0 leaves
    the pool alone (1 waits for its threads to end); ITK is told not to use its pool."""
    cv2.setNumThreads(0)
    sitk.ProcessObject.SetGlobalDefaultThreader("Platform")
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)


def _moved(part: Tensor, device: torch.device) -> Tensor:
    if device.type == "cuda" and part.device.type == "cpu":
        return part.pin_memory().to(device, non_blocking=True)
    return part.to(device)
