"""How long a run will take, from a few timed steps that leave nothing behind."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from ..config import RunConfig
from ..families.family import Family
from .batches import Batches
from .schedule import Progress, moment_of

_STEPS = 2  # after one that warms up


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds of a step before and after the unpaired and adversarial part joins, and the share where it does."""

    before: float
    after: float
    joins_at: float

    def average(self, share: float = 0.0) -> float:
        """Seconds of a step on average, from ``share`` of the run to its end, when its steps are counted."""
        early = min(1.0, max(0.0, (self.joins_at - share) / max(1e-9, 1.0 - share)))
        return early * self.before + (1.0 - early) * self.after

    def sentence(self, config: RunConfig, progress: Progress) -> str:
        engine = config.engine
        share = moment_of(config, progress).share
        speed = f"{self.before:.2f} s a step"
        if self.after != self.before:
            speed += f", {self.after:.2f} s with the unpaired part"
        if engine.max_steps is not None:
            left = max(0, engine.max_steps - progress.step)
            text = f"{left} steps will take about {_clock(left * self.average(share))}"
            if engine.max_minutes is not None:
                text += f", at most {_clock(max(0.0, engine.max_minutes * 60.0 - progress.seconds))}"
        else:
            assert engine.max_minutes is not None
            seconds = max(0.0, engine.max_minutes * 60.0 - progress.seconds)
            early = min(1.0, max(0.0, (self.joins_at - share) / max(1e-9, 1.0 - share)))
            steps = seconds * (early / self.before + (1.0 - early) / self.after)
            text = f"{_clock(seconds)} are about {steps:.0f} steps"
        return f"{speed} of {engine.batch} images: {text}, the making of batches not counted."


def measure(config: RunConfig, family: Family, batches: Batches, progress: Progress) -> Estimate:
    """Time a few steps of each part of the run on one batch, then put everything back as it was."""
    before_all = copy.deepcopy(family.state())
    share = moment_of(config, progress).share
    joins_at = 0.0 if family.joined(0.0) else config.family.gan_from
    early, late = share, max(share, joins_at) if family.joined(1.0) else share
    times = [_timed(config, family, batches, progress, at) for at in dict.fromkeys((early, late))]
    family.load_state(before_all, batches.lanes)
    return Estimate(times[0], times[-1], joins_at)


def _timed(config: RunConfig, family: Family, batches: Batches, progress: Progress, share: float) -> float:
    parts = batches.parts(progress.step, family.wants_radiographs(share))
    moment = moment_of(config, progress, share)
    seconds = []
    for _ in range(_STEPS + 1):
        seconds.append(_seconds(lambda: family.step(parts, moment), family.fabric.device))
    return min(seconds[1:])


def _seconds(work: Callable[[], object], device: torch.device) -> float:
    started = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - started


def _clock(seconds: float) -> str:
    minutes = round(seconds / 60.0)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{seconds / 60.0:.1f} min"
