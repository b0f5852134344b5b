"""A moment of the run: which step, how far, how fast; and its chances, which are those of no other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from ..simulation.field import PairedBatch


@dataclass(frozen=True, slots=True)
class Moment:
    """``share`` of the run that lies behind, 0 to 1; learning rates of the generators and of the discriminators."""

    step: int
    share: float
    seed: int
    generator_rate: float
    discriminator_rate: float

    def chance(self, purpose: str) -> np.random.Generator:
        """The same for all processes."""
        return np.random.default_rng((self.seed, *purpose.encode(), self.step))

    def chances(self, purpose: str, lanes: Iterable[int]) -> dict[int, np.random.Generator]:
        """One for each lane, whichever process has it."""
        return {lane: np.random.default_rng((self.seed, *purpose.encode(), self.step, lane)) for lane in lanes}


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What a process computes at once: its lanes of the batch, or of a part of it when gradients are accumulated.

    ``real`` (n, 1, rows, cols): radiographs, normalised line integrals, of ``real_lanes``; None before they are used.
    """

    batch: PairedBatch
    lanes: range
    real: Tensor | None
    real_lanes: range
