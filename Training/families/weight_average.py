"""Moving average of a network's weights: what is evaluated and exported."""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor

from .generator_in_hu import Scaled


class WeightAverage:
    """Exponential moving average; in the first steps it forgets faster, so that a short run has one too.

    Decay min(``decay``, (1 + n) / (10 + n)) after n steps, as in TensorFlow's ExponentialMovingAverage.
    """

    def __init__(self, network: Scaled, decay: float) -> None:
        self.network = deepcopy(network).requires_grad_(False).eval()
        self._decay = decay

    @torch.no_grad()
    def move(self, network: Scaled, step: int) -> None:
        decay = min(self._decay, (1.0 + step) / (10.0 + step))
        average: list[Tensor] = list(self.network.parameters())
        current: list[Tensor] = list(network.parameters())
        torch._foreach_lerp_(average, current, 1.0 - decay)
        for kept, buffer in zip(self.network.buffers(), network.buffers(), strict=True):
            kept.copy_(buffer)
