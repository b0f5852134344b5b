"""Arms that hang down beside the thorax, and tubes within it: soft or dense limbs about a bent axis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .patches import Triple

Grid = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True, slots=True)
class Arm:
    """An upper arm: fat about muscle about a humerus with its cortex, straight, tapering towards the elbow.

    Attributes:
        top, bottom: ends of the bone's axis, mm, (y, z, x).
        radius: of the arm at the top, mm.
        flatness: front-to-back over side-to-side radius.
        fat: thickness of the fat, mm.
        bone: outer radius of the humerus, mm.
    """

    top: Triple
    bottom: Triple
    radius: float
    flatness: float
    fat: float
    bone: float

    def extent(self) -> tuple[Triple, Triple]:
        reach = self.radius * max(1.0, self.flatness) + 2.0
        low = [min(a, b) - reach for a, b in zip(self.top, self.bottom, strict=True)]
        high = [max(a, b) + reach for a, b in zip(self.top, self.bottom, strict=True)]
        return (low[0], low[1], low[2]), (high[0], high[1], high[2])

    def changed(self, part: np.ndarray, at: Grid) -> np.ndarray:
        y, z, x = at
        share = np.clip((self.top[1] - z) / (self.top[1] - self.bottom[1]), 0.0, 1.0)
        over = np.maximum(z - self.top[1], 0.0)
        across = x - (self.top[2] + (self.bottom[2] - self.top[2]) * share)
        deep = y - (self.top[0] + (self.bottom[0] - self.top[0]) * share)
        skin = self.radius * (1.0 - 0.18 * share)
        distance = np.sqrt(across**2 + (deep / self.flatness) ** 2 + over**2)
        from_bone = np.sqrt(across**2 + deep**2 + over**2)
        # The head of the humerus is nearly twice as wide as the shaft, and spongy.
        head = np.exp(-(((self.top[1] - z) / 22.0) ** 2))
        bone = self.bone * (1.0 + 0.8 * head)
        cortex = 4.0 * (1.0 - 0.6 * head)
        arm = 0.9 * _step(skin - distance) + 0.15 * _step(skin - self.fat - distance)
        arm = arm + 0.65 * _step(bone - from_bone) - 0.45 * _step(bone - cortex - from_bone)
        return np.maximum(part, arm)


@dataclass(frozen=True, slots=True)
class Tube:
    """A tube or a line: bright along a bent axis.

    Attributes:
        path: points, mm, (y, z, x).
        radius: mm.
        attenuation: relative to water.
    """

    path: tuple[Triple, ...]
    radius: float
    attenuation: float

    def extent(self) -> tuple[Triple, Triple]:
        points = np.array(self.path)
        low, high = points.min(0) - self.radius - 2.0, points.max(0) + self.radius + 2.0
        return (float(low[0]), float(low[1]), float(low[2])), (float(high[0]), float(high[1]), float(high[2]))

    def changed(self, part: np.ndarray, at: Grid) -> np.ndarray:
        shape = np.broadcast_shapes(*(a.shape for a in at))
        nearest = np.full(shape, np.inf, np.float32)
        for a, b in zip(self.path, self.path[1:], strict=False):
            along = np.subtract(b, a)
            offsets = [g - p for g, p in zip(at, a, strict=True)]
            share = sum(o * d for o, d in zip(offsets, along, strict=True)) / max(float(along @ along), 1e-6)
            share = np.clip(share, 0.0, 1.0)
            squares = [(o - share * d) ** 2 for o, d in zip(offsets, along, strict=True)]
            nearest = np.minimum(nearest, squares[0] + squares[1] + squares[2])
        # A tube thinner than a voxel keeps its mass: fainter over the voxel's width.
        voxel = max(float(a.ravel()[1] - a.ravel()[0]) if a.size > 1 else 1.0 for a in at)
        width = max(self.radius, 0.6 * voxel)
        excess = (self.attenuation - 1.0) * (self.radius / width) ** 2
        inside = np.clip((width - np.sqrt(nearest)) / voxel + 0.5, 0.0, 1.0)
        return part + inside * np.maximum(1.0 + excess - part, 0.0)


def _step(depth: np.ndarray) -> np.ndarray:
    """0 outside, 1 inside, over the width of a voxel."""
    return np.clip(depth / 3.0 + 0.5, 0.0, 1.0)
