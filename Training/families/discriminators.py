"""Discriminators and the one step that they learn in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from XrayToCTLib.networks.architectures import build_network

from .image_pool import ImagePool
from .losses import gradient_penalty, least_squares
from .settings import DiscriminatorSettings

Chances = Mapping[int, np.random.Generator]
Autocast = Callable[[], AbstractContextManager[Any]]


def build_discriminator(settings: DiscriminatorSettings, channels: int, filters: int) -> nn.Module:
    parameters = {"in_channels": channels, "filters": filters, "layers": settings.layers}
    return build_network("patch-discriminator", {**parameters, "spectral": settings.spectral_norm})


class Judge:
    """A discriminator, its image pool, and what it is shown.

    ``network`` is the plain module; ``wrapped`` is what Fabric made of it, which exchanges gradients among processes.
    """

    def __init__(self, network: nn.Module, wrapped: Any, settings: DiscriminatorSettings, lanes: int) -> None:
        self.network = network.eval()  # the norms of its weights are estimated anew once a step, see ``learning``
        self.wrapped = wrapped
        self.pool = ImagePool(settings.pool, lanes)
        self._settings = settings

    @contextmanager
    def learning(self, first: bool) -> Iterator[None]:
        """In here spectral normalisation takes its one power iteration of a step, if this is the step's first part."""
        self.network.train(first)
        yield
        self.network.eval()

    def adversarial(
        self, made: Tensor, chances: Chances, autocast: Callable[[], AbstractContextManager[Any]]
    ) -> Tensor:
        """How far it is from taking ``made`` for real; the discriminator itself does not learn from this.

        The plain module is asked: a wrapped one would wait for gradients that never come.
        """
        self.network.requires_grad_(False)
        with autocast():
            scores = self.network(self._shown(made, chances))
        self.network.requires_grad_(True)
        return least_squares(scores.float(), True)

    def loss(self, true: Tensor, made: Tensor, chances: Chances) -> Tensor:
        """What it has to learn: ``true`` is real and ``made`` (detached, mixed with the pool) is not."""
        mixed = self.pool.mix(made, chances)
        both = self._shown(torch.cat((true, mixed)), {**chances, **{-1 - lane: rng for lane, rng in chances.items()}})
        penalised = self._settings.r1 > 0.0
        if penalised:
            both = both.detach().requires_grad_(True)
        true_scores, made_scores = self.wrapped(both).float().split((len(true), len(mixed)))
        loss = 0.5 * (least_squares(true_scores, True) + least_squares(made_scores, False))
        if penalised:
            loss = loss + self._settings.r1 * gradient_penalty(both, true_scores)
        return loss

    def _shown(self, images: Tensor, chances: Chances) -> Tensor:
        return augment(images, chances) if self._settings.augment else images


def augment(images: Tensor, chances: Chances) -> Tensor:
    """Shifts by up to an eighth and a cut-out of a quarter of each side (DiffAugment, Zhao et al., NeurIPS 2020).

    (n, channels, rows, cols) -> the same; each image by its own lane's chances, zeros outside. Differentiable.
    """
    rows, cols = images.shape[-2:]
    shown = []
    for image, rng in zip(images, chances.values(), strict=True):
        down, right = (int(rng.integers(-(n // 8), n // 8 + 1)) for n in (rows, cols))
        top, left = (int(rng.integers(0, n * 3 // 4 + 1)) for n in (rows, cols))
        shifted = functional.pad(image, (right, -right, down, -down))
        hole = torch.ones((rows, cols), dtype=image.dtype, device=image.device)
        hole[top : top + rows // 4, left : left + cols // 4] = 0.0
        shown.append(shifted * hole)
    return torch.stack(shown)
