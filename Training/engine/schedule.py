"""Schedule: how far the run is, and the learning rate there."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..config import RunConfig
from ..families.moment import Moment
from ..families.settings import OptimiserSettings
from .settings import EngineSettings


@dataclass(frozen=True, slots=True)
class Progress:
    """Steps done and seconds spent on them, over all resumptions."""

    step: int = 0
    seconds: float = 0.0


def share_of(progress: Progress, engine: EngineSettings) -> float:
    """Share of the run that lies behind, 0 to 1: of the steps when their number is given, else of the time."""
    if engine.max_steps is not None:
        return min(1.0, progress.step / max(1, engine.max_steps))
    assert engine.max_minutes is not None  # checked when the configuration was read
    return min(1.0, progress.seconds / max(1e-9, engine.max_minutes * 60.0))


def is_over(progress: Progress, engine: EngineSettings) -> bool:
    steps_done = engine.max_steps is not None and progress.step >= engine.max_steps
    return steps_done or (engine.max_minutes is not None and progress.seconds >= engine.max_minutes * 60.0)


def learning_rate(settings: OptimiserSettings, share: float, step: int) -> float:
    """The rate of step ``step`` (from 0) at this share of the run."""
    warm = min(1.0, (step + 1) / settings.warm_up_steps) if settings.warm_up_steps else 1.0
    if settings.schedule == "cosine":
        factor = settings.floor + (1.0 - settings.floor) * 0.5 * (1.0 + math.cos(math.pi * share))
    elif settings.schedule == "linear":
        factor = min(1.0, (1.0 - share) / max(1e-9, 1.0 - settings.decay_from))
    else:
        factor = 1.0
    return settings.learning_rate * warm * factor


def moment_of(config: RunConfig, progress: Progress, share: float | None = None) -> Moment:
    """The moment after ``progress``; ``share`` instead of its own, to try a later part of the run."""
    share = share_of(progress, config.engine) if share is None else share
    return Moment(
        step=progress.step,
        share=share,
        seed=config.seed,
        generator_rate=learning_rate(config.family.optimiser, share, progress.step),
        discriminator_rate=learning_rate(config.family.discriminator.optimiser, share, progress.step),
    )
