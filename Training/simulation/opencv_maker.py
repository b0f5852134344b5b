"""Samples with the OpenCV executor: bodies, poses and looks of some lanes at a step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from XrayToCTLib.models.card import ReferenceQuantiles

from .ahead import Tensors
from .field import TARGET_HIGH, TARGET_LOW, Sample, normalised
from .opencv_body import Body, make_body
from .opencv_look import apply_look
from .opencv_render import render_body
from .sample_draws import SampleDraws


class OpencvMaker:
    """(step, lanes) -> image, target, valid. What it keeps is a cache: any order of calls gives the same."""

    def __init__(self, draws: SampleDraws, reference: ReferenceQuantiles) -> None:
        self._draws, self._reference = draws, reference
        self._lanes: dict[int, _Lane] = {}

    def __call__(self, step: int, lanes: Sequence[int]) -> Tensors:
        made = [self._one(step, lane) for lane in lanes]
        image, target, valid = (torch.from_numpy(np.stack(parts)) for parts in zip(*made, strict=True))
        return image, target, valid

    def sample(self, step: int, lane: int) -> Sample:
        """The pair behind a lane's sample, before its look."""
        at = self._draws.place(step, lane)
        kept = self._lanes.get(lane)
        if kept is None or kept.group != at.group:
            kept = self._lanes[lane] = _Lane(at.group)
        if at.pose not in kept.samples:
            if kept.body is None:
                index, draw = self._draws.body(lane, at.group)
                kept.body = make_body(self._draws.cts[index], draw, self._draws.skin(index, draw))
            geometry = self._draws.pose(lane, at.group, at.pose, kept.body.length_mm)
            kept.samples[at.pose] = render_body(kept.body, geometry, self._draws.field)
            if len(kept.samples) == self._draws.settings.pose.poses:
                kept.body = None
        return kept.samples[at.pose]

    def _one(self, step: int, lane: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        sample = self.sample(step, lane)
        look = self._draws.look(lane, self._draws.place(step, lane))
        image, valid = apply_look(sample.integrals, sample.valid, look, self._reference)
        target = sample.hu.astype(np.float32)
        target *= np.float32(0.001)
        np.clip(target, TARGET_LOW, TARGET_HIGH, out=target)
        channels = np.stack((normalised(image), np.full(image.shape, float(look.calibrated), np.float32)))
        return channels, target, valid[None].astype(np.float32)


@dataclass(slots=True)
class _Lane:
    """What a lane keeps: its body until all poses are rendered, and its poses."""

    group: int
    body: Body | None = None
    samples: dict[int, Sample] = field(default_factory=dict)
