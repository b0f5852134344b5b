"""pix2pix (Isola et al., CVPR 2017): regression and a discriminator that sees the radiograph with the stack."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..config import RunConfig
from .family import Family, Terms
from .moment import Moment, Part
from .regression import regression_terms, visible


class Pix2Pix(Family):
    """Learns from simulated pairs; from ``gan_from`` on the discriminator has its say."""

    def _build(self, config: RunConfig) -> None:
        self._add_judge("stack", 1 + config.field.slabs, config.family.discriminator.stack_filters)

    def _terms(self, part: Part, moment: Moment, joined: bool) -> tuple[Terms, Any]:
        batch = part.batch
        stacks = self.generator(batch.image)
        terms = regression_terms(stacks, batch, self.config, moment)
        if not (joined and self.judges):
            return terms, None
        weight = self.config.family.weights.adversarial
        pair = _pair(batch.image[:, :1], visible(stacks, batch.valid))
        chances = moment.chances("adversarial", part.lanes)
        terms["adversarial"] = weight * self.judges["stack"].adversarial(pair, chances, self.fabric.autocast)
        return terms, pair.detach()

    def _judged(self, part: Part, moment: Moment, seen: Any) -> Terms:
        true = _pair(part.batch.image[:, :1], visible(part.batch.target, part.batch.valid))
        return {"judge_stack": self.judges["stack"].loss(true, seen, moment.chances("judge", part.lanes))}


def _pair(image: Tensor, stack: Tensor) -> Tensor:
    return torch.cat((image, stack), dim=1)
