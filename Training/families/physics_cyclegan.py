"""The physics-cycle CycleGAN, the flagship.

radiograph -> stack is learned; stack -> radiograph is the projector and a small style net that has no room to hide a
code. Simulated pairs anchor the anatomy, real radiographs close the cycle and face the discriminators.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from XrayToCTLib.networks.architectures import build_network

from ..config import RunConfig
from ..simulation.field import with_radiographs
from .family import Family, Terms
from .losses import contrast_l1, line_integrals, masked_l1, normalise
from .moment import Moment, Part
from .regression import regression_terms, visible


class PhysicsCycleGan(Family):
    """Simulated pairs from the start; real radiographs and discriminators from ``gan_from`` on.

    The style net learns the look of real detectors: what it makes of a simulated radiograph should pass for real.
    """

    uses_radiographs = True

    def _build(self, config: RunConfig) -> None:
        self.networks["style"] = build_network("style", {})
        self.style = self._set_up(self.networks["style"])
        self._add_judge("stack", config.field.slabs, config.family.discriminator.stack_filters)
        self._add_judge("image", 1, config.family.discriminator.image_filters)

    def _terms(self, part: Part, moment: Moment, joined: bool) -> tuple[Terms, Any]:
        batch = part.batch
        stacks = self.generator(batch.image if part.real is None else with_radiographs(batch.image, part.real))
        terms = regression_terms(stacks[: len(batch.image)], batch, self.config, moment)
        if not joined or part.real is None:
            return terms, None
        unpaired, seen = self._unpaired_terms(part, part.real, stacks[len(batch.image) :], moment)
        return {**terms, **unpaired}, seen

    def _unpaired_terms(self, part: Part, real: Tensor, stacks: Tensor, moment: Moment) -> tuple[Terms, Any]:
        weights = self.config.family.weights
        batch, some = part.batch, _partners(part)
        terms: Terms = {}
        if weights.cycle:
            back = self.style(normalise(line_integrals(stacks, self.config.field.slab_thickness)))
            terms["cycle"] = weights.cycle * contrast_l1(back, real)
        if weights.identity:
            terms["identity"] = weights.identity * masked_l1(self.style(real), real)
        if not (weights.cycle_ct or weights.adversarial):
            return terms, None
        styled = self.style(batch.image[some, :1])
        if weights.cycle_ct:
            again = self.generator(styled)
            terms["cycle_ct"] = weights.cycle_ct * masked_l1(again, batch.target[some], batch.valid[some])
        seen = {"stack": visible(stacks, batch.valid[some]), "image": styled * batch.valid[some]}
        for name, judge in self.judges.items():
            chances = moment.chances(f"adversarial {name}", part.real_lanes)
            score = judge.adversarial(seen[name], chances, self.fabric.autocast)
            terms[f"adversarial_{name}"] = weights.adversarial * score
        return terms, {name: made.detach() for name, made in seen.items()}

    def _judged(self, part: Part, moment: Moment, seen: Any) -> Terms:
        batch, some = part.batch, _partners(part)
        assert part.real is not None
        true = {"stack": visible(batch.target[some], batch.valid[some]), "image": part.real * batch.valid[some]}
        return {
            f"judge_{name}": judge.loss(true[name], seen[name], moment.chances(f"judge {name}", part.real_lanes))
            for name, judge in self.judges.items()
        }


def _partners(part: Part) -> slice:
    """The simulated pairs whose frame the real radiographs borrow: evenly spread, however the batch is divided."""
    assert part.real is not None
    return slice(None, None, len(part.batch.image) // len(part.real))
