"""Distillation (Hinton et al., arXiv 1503.02531): a fast generator learns what a slower one has learned."""

from __future__ import annotations

from typing import Any

import torch

from XrayToCTLib.errors import XrayToCTError

from ..config import RunConfig
from ..simulation.field import with_radiographs
from .family import Family, Terms
from .generator_in_hu import Scaled
from .losses import masked_l1
from .moment import Moment, Part
from .regression import regression_terms


class Distillation(Family):
    """Learns from simulated pairs and from what its teacher makes of them and, from ``gan_from`` on, of real
    radiographs, which have no other truth. The teacher is frozen and no part of the run's state.
    """

    uses_radiographs = True

    def _build(self, config: RunConfig) -> None:
        if config.family.teacher is None or not config.family.weights.distillation:
            raise XrayToCTError(
                "The family distillation needs a teacher and a weight for what it says.",
                hint="Set family.teacher to a run's folder or a bundle's, and family.weights.distillation to 1.",
            )
        self._teacher: Scaled | None = None

    def follow(self, teacher: Scaled) -> None:
        self._teacher = teacher.to(self.fabric.device).requires_grad_(False).eval()
        if self.config.engine.channels_last:
            self._teacher.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in the stubs

    def _terms(self, part: Part, moment: Moment, joined: bool) -> tuple[Terms, Any]:
        assert self._teacher is not None  # follow() comes before the first step
        batch = part.batch
        images = batch.image if part.real is None else with_radiographs(batch.image, part.real)
        with torch.no_grad(), self.fabric.autocast():
            told = self._teacher(images).float()
        stacks = self.generator(images)
        terms = regression_terms(stacks[: len(batch.image)], batch, self.config, moment)
        # On all rays: the teacher says something where a simulated pair has no truth.
        terms["distillation"] = self.config.family.weights.distillation * masked_l1(stacks, told)
        return terms, None
