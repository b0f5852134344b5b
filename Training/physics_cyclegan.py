"""The physics-cycle CycleGAN: one step of it.

radiograph -> stack is a U-Net; stack -> radiograph is the projector and a small style net that
has no room to hide a code. Paired batches (simulated) anchor the anatomy, unpaired batches (real radiographs)
close the cycle and face the discriminators (Zhu et al., ICCV 2017).
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from XrayToCTLib.networks.architectures import build_network

from .config import RunConfig
from .image_pool import ImagePool
from .losses import (
    augment_for_discriminator,
    contrast_l1,
    gradient_l1,
    least_squares,
    line_integrals,
    masked_l1,
    normalise,
)
from .samples import PairedBatch

_EMA = 0.999
_GRADIENT_SLABS = 4  # of each stack, drawn anew a step: the gradient term on all costs a tenth of the step


class PhysicsCycleGan:
    """Networks, optimisers and one training step."""

    def __init__(self, config: RunConfig) -> None:
        self.config = config
        self.architecture = {"in_channels": 1, "slabs": config.slabs, "widths": list(config.widths), "unshuffle": 2}
        build = build_network
        self.generator = build("unet-slabs", self.architecture)
        self.generator.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's stubs
        self.average = deepcopy(self.generator).requires_grad_(False).eval()
        self.style = build("style", {})
        self.judge_stack = build("patch-discriminator", {"in_channels": config.slabs, "filters": 32})
        self.judge_image = build("patch-discriminator", {"in_channels": 1, "filters": 16})
        self.generator_optimiser = torch.optim.AdamW(
            [*self.generator.parameters(), *self.style.parameters()], lr=config.learning_rate, weight_decay=1e-4
        )
        self.judge_optimiser = torch.optim.Adam(
            [*self.judge_stack.parameters(), *self.judge_image.parameters()], lr=2e-4, betas=(0.5, 0.999)
        )
        self.stack_pool, self.image_pool = ImagePool(), ImagePool()
        self._cuts = torch.Generator().manual_seed(config.seed)

    def step(
        self, batch: PairedBatch, real: Tensor | None, learning_rate: float, rng: np.random.Generator
    ) -> dict[str, float]:
        """One step; ``real`` (n, 1, rows, cols) joins when the regression has settled. Returns the loss terms."""
        for group in self.generator_optimiser.param_groups:
            group["lr"] = learning_rate
        terms: dict[str, Tensor] = {}
        weights = self.config.weights
        images = batch.image if real is None else torch.cat((batch.image, real))
        stacks = self._translate(images)
        paired = stacks[: len(batch.image)]
        terms["l1"] = masked_l1(paired, batch.target, batch.valid)
        some = rng.choice(self.config.slabs, _GRADIENT_SLABS, replace=False)
        gradient = gradient_l1(paired[:, some], batch.target[:, some], batch.valid)
        terms["gradient"] = weights.gradient * gradient
        thickness = self.config.slab_thickness_mm
        true_integrals = line_integrals(batch.target, thickness)
        projected = masked_l1(line_integrals(paired, thickness), true_integrals, batch.valid)
        terms["projection"] = weights.projection * projected
        judged: tuple[Tensor, Tensor] | None = None
        if real is not None:
            judged = self._cycle(batch, real, stacks[len(batch.image) :], true_integrals, terms)
        loss = torch.stack(list(terms.values())).sum()
        if not torch.isfinite(loss):
            wrong = [name for name, value in terms.items() if not torch.isfinite(value)]
            raise FloatingPointError(f"the loss is no longer finite: {', '.join(wrong)}")
        self.generator_optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.generator.parameters(), 1.0)
        self.generator_optimiser.step()
        self._move_average()
        values = {name: float(value.detach()) for name, value in terms.items()}
        if real is not None and judged is not None:
            values["judges"] = self._judge(batch, real, *judged, rng)
        return values

    def _translate(self, images: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            stacks: Tensor = self.generator(images.contiguous(memory_format=torch.channels_last))
        return stacks.float()

    def _cycle(
        self, batch: PairedBatch, real: Tensor, stacks: Tensor, true_integrals: Tensor, terms: dict[str, Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Cycle, identity and adversarial terms; returns what the judges see: stacks of real, styled simulations."""
        weights = self.config.weights
        back = self.style(normalise(line_integrals(stacks, self.config.slab_thickness_mm)))
        terms["cycle"] = weights.cycle * contrast_l1(back, real)
        terms["identity"] = weights.identity * masked_l1(self.style(real), real, torch.ones_like(real))
        some = slice(0, len(real))
        styled = self.style(batch.image[some])
        again = self._translate(styled)
        terms["cycle_ct"] = weights.cycle_ct * masked_l1(again, batch.target[some], batch.valid[some])
        for judge in (self.judge_stack, self.judge_image):
            judge.requires_grad_(False)
        seen = self._visible(stacks, batch.valid[some])
        score_stack = self.judge_stack(augment_for_discriminator(seen, self._cuts))
        score_image = self.judge_image(augment_for_discriminator(styled * batch.valid[some], self._cuts))
        adversarial = least_squares(score_stack, True) + least_squares(score_image, True)
        terms["adversarial"] = weights.adversarial * adversarial
        for judge in (self.judge_stack, self.judge_image):
            judge.requires_grad_(True)
        return seen.detach(), (styled * batch.valid[some]).detach()

    def _judge(
        self, batch: PairedBatch, real: Tensor, stacks: Tensor, styled: Tensor, rng: np.random.Generator
    ) -> float:
        some = slice(0, len(real))
        true_stacks = self._visible(batch.target[some], batch.valid[some])
        loss = torch.zeros(())
        for judge, true, made in (
            (self.judge_stack, true_stacks, self.stack_pool.mix(stacks, rng)),
            (self.judge_image, real * batch.valid[some], self.image_pool.mix(styled, rng)),
        ):
            loss = loss + least_squares(judge(augment_for_discriminator(true, self._cuts)), True)
            loss = loss + least_squares(judge(augment_for_discriminator(made, self._cuts)), False)
        self.judge_optimiser.zero_grad(set_to_none=True)
        (0.5 * loss).backward()
        self.judge_optimiser.step()
        return float(loss.detach())

    @staticmethod
    def _visible(stacks: Tensor, valid: Tensor) -> Tensor:
        """Air where the simulated partner has no scan: repeated end slices must not give a true stack away."""
        return stacks * valid - (1.0 - valid)

    @torch.no_grad()
    def _move_average(self) -> None:
        for average, current in zip(self.average.parameters(), self.generator.parameters(), strict=True):
            average.lerp_(current, 1.0 - _EMA)

    def state(self) -> dict[str, Any]:
        """Everything that a resumed run needs."""
        return {
            "generator": self.generator.state_dict(),
            "average": self.average.state_dict(),
            "style": self.style.state_dict(),
            "judge_stack": self.judge_stack.state_dict(),
            "judge_image": self.judge_image.state_dict(),
            "generator_optimiser": self.generator_optimiser.state_dict(),
            "judge_optimiser": self.judge_optimiser.state_dict(),
            "stack_pool": self.stack_pool.images,
            "image_pool": self.image_pool.images,
            "cuts": self._cuts.get_state(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        for name in ("generator", "average", "style", "judge_stack", "judge_image"):
            getattr(self, name).load_state_dict(state[name])
        self.generator_optimiser.load_state_dict(state["generator_optimiser"])
        self.judge_optimiser.load_state_dict(state["judge_optimiser"])
        self.stack_pool.images = state["stack_pool"]
        self.image_pool.images = state["image_pool"]
        self._cuts.set_state(state["cuts"])
