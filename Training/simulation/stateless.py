"""Seeds and the order of samples: (seed, step, lane) alone decides what a lane shows at a step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

Purpose = Literal["body", "pose", "look", "radiograph"]
_PURPOSES: dict[str, int] = {"body": 1, "pose": 2, "look": 3, "radiograph": 4}


def generator(seed: int, purpose: Purpose, lane: int, group: int, pose: int = 0, use: int = 0) -> np.random.Generator:
    """The generator of one decision, independent of all others."""
    return np.random.default_rng((seed, _PURPOSES[purpose], lane, group, pose, use))


@dataclass(frozen=True, slots=True)
class Place:
    """A sample's place: which body of its lane, which of its poses, which look of the pose."""

    group: int
    pose: int
    use: int


def place(step: int, lane: int, poses: int, uses: int) -> Place:
    """What a lane shows at a step.

    A lane keeps a body for ``poses * uses`` steps: all poses, then all poses in another look, and so on. Lanes change
    bodies at different steps, so that every batch shows many patients and costs the same.
    """
    period = poses * uses
    # A stride near the golden section of the period spreads any number of lanes evenly over it.
    stride = max(1, round(period * 0.618))
    while np.gcd(stride, period) != 1:
        stride += 1
    count = step + lane * stride % period
    group, at = divmod(count, period)
    return Place(group, at % poses, at // poses)
