"""The classic CycleGAN (Zhu et al., ICCV 2017): two learned generators and no pairs."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from XrayToCTLib.errors import XrayToCTError

from ..config import RunConfig
from .family import Family, Terms
from .generator_in_hu import build_back_generator
from .losses import masked_l1
from .moment import Moment, Part
from .regression import visible
from .settings import NetworkSettings


class CycleGan(Family):
    """Radiographs on one side, CT stacks on the other; that some radiographs are simulated from them is not used.

    A step's radiographs are the real ones and, up to the size of the batch, simulated ones of the lanes that no real
    one stands for. No term compares a simulated radiograph's stack with its true one. ``gan_from`` does not matter: the
    family is nothing without its discriminators.
    """

    uses_radiographs = True

    def _build(self, config: RunConfig) -> None:
        if config.family.weights.identity and config.field.slabs != 1:
            raise XrayToCTError(
                "The identity term of the family cyclegan needs a stack of one slab: a generator of "
                f"{config.field.slabs} slabs cannot be fed one.",
                hint="Set family.weights.identity to 0, or field.slabs to 1.",
            )
        back = build_back_generator(config.family.back or _turned_round(config.network, config.field.slabs))
        self.networks["back"] = back.network
        self.back = self._set_up(back)
        self._add_judge("stack", config.field.slabs, config.family.discriminator.stack_filters)
        self._add_judge("image", 1, config.family.discriminator.image_filters)

    def joined(self, share: float) -> bool:
        return True

    def _terms(self, part: Part, moment: Moment, joined: bool) -> tuple[Terms, Any]:
        weights = self.config.family.weights
        images, true_stacks = self._sides(part)
        stacks = self.generator(images)
        made_images = self.back(true_stacks)
        terms: Terms = {}
        if weights.cycle:
            terms["cycle"] = weights.cycle * masked_l1(self.back(stacks), images)
        if weights.cycle_ct:
            again = self.generator(made_images)
            terms["cycle_ct"] = weights.cycle_ct * masked_l1(again, true_stacks)
        if weights.identity:
            terms["identity_ct"] = weights.identity * masked_l1(self.generator(true_stacks), true_stacks)
            terms["identity"] = weights.identity * masked_l1(self.back(images), images)
        made = {"stack": stacks, "image": made_images}
        for name, judge in self.judges.items():
            chances = moment.chances(f"adversarial {name}", part.lanes)
            score = judge.adversarial(made[name], chances, self.fabric.autocast)
            terms[f"adversarial_{name}"] = weights.adversarial * score
        return terms, (images, true_stacks, stacks.detach(), made_images.detach())

    def _judged(self, part: Part, moment: Moment, seen: Any) -> Terms:
        images, true_stacks, stacks, made_images = seen
        pairs = {"stack": (true_stacks, stacks), "image": (images, made_images)}
        return {
            f"judge_{name}": judge.loss(*pairs[name], moment.chances(f"judge {name}", part.lanes))
            for name, judge in self.judges.items()
        }

    @staticmethod
    def _sides(part: Part) -> tuple[Tensor, Tensor]:
        """Radiographs and stacks of the part's lanes, as many of each."""
        assert part.real is not None
        images = part.batch.image[:, :1].clone()
        images[:: len(images) // len(part.real)] = part.real
        return images, visible(part.batch.target, part.batch.valid)


def _turned_round(network: NetworkSettings, slabs: int) -> NetworkSettings:
    """The same architecture the other way."""
    outputs = "out_channels" if network.name == "resnet9" else "slabs"
    return NetworkSettings(network.name, {**network.parameters, "in_channels": slabs, outputs: 1})
