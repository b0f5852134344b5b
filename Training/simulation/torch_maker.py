"""Samples with the torch executor: bodies, poses and looks of some lanes at a step, on one device."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from XrayToCTLib.models.card import ReferenceQuantiles

from .ahead import Tensors
from .field import INPUT_MEAN, INPUT_STD, TARGET_HIGH, TARGET_LOW
from .sample_draws import SampleDraws
from .torch_body import make_body
from .torch_look import apply_looks
from .torch_render import TorchSample, render_body


class TorchMaker:
    """(step, lanes) -> image, target, valid, on ``device``. What it keeps is a cache."""

    def __init__(self, draws: SampleDraws, reference: ReferenceQuantiles, device: torch.device) -> None:
        self._draws, self._reference, self._device = draws, reference, device
        self._cts: dict[int, Tensor] = {}
        self._lanes: dict[int, tuple[int, list[TorchSample]]] = {}

    @torch.no_grad()
    def __call__(self, step: int, lanes: Sequence[int]) -> Tensors:
        samples = [self.sample(step, lane) for lane in lanes]
        looks = [self._draws.look(lane, self._draws.place(step, lane)) for lane in lanes]
        integrals = torch.stack([sample.integrals for sample in samples])
        valid = torch.stack([sample.valid for sample in samples])
        image, valid = apply_looks(integrals, valid, looks, self._reference)
        target = (torch.stack([sample.hu for sample in samples]).float() * 0.001).clamp(TARGET_LOW, TARGET_HIGH)
        calibrated = torch.tensor([float(look.calibrated) for look in looks], device=self._device)
        known = calibrated[:, None, None].expand_as(image)
        return torch.stack(((image - INPUT_MEAN) / INPUT_STD, known), dim=1), target, valid[:, None].float()

    def sample(self, step: int, lane: int) -> TorchSample:
        """The pair behind a lane's sample, before its look. All poses of a body are rendered at once."""
        at = self._draws.place(step, lane)
        kept = self._lanes.get(lane)
        if kept is None or kept[0] != at.group:
            kept = self._lanes[lane] = (at.group, self._poses(lane, at.group))
        return kept[1][at.pose]

    def _poses(self, lane: int, group: int) -> list[TorchSample]:
        index, draw = self._draws.body(lane, group)
        ct, skin = self._draws.cts[index], self._draws.skin(index, draw)
        if index not in self._cts:
            self._cts[index] = torch.tensor(ct.attenuation, device=self._device)
        distance = torch.tensor(skin, device=self._device) if skin is not None else None
        body = make_body(ct, self._cts[index], draw, distance)
        return [
            render_body(body, self._draws.pose(lane, group, pose, body.length_mm), self._draws.field)
            for pose in range(self._draws.settings.pose.poses)
        ]
