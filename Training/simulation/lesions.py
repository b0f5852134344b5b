"""Lesions: nodules put into the lung, and dense spots of the lung filled with lung."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .patches import Triple

Grid = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True, slots=True)
class Nodule:
    """An ellipsoid with a wavy, soft edge.

    Attributes:
        centre, radii: mm, (y, z, x).
        attenuation: relative to water: 1 solid, 0.4 ground glass, more when calcified.
        lobes: amplitude of the waves as a share of the radius, and their phase.
        edge_mm: width of the edge.
    """

    centre: Triple
    radii: Triple
    attenuation: float
    lobes: tuple[float, float]
    edge_mm: float

    def extent(self) -> tuple[Triple, Triple]:
        return _around(self.centre, tuple(r * (1 + self.lobes[0]) + self.edge_mm for r in self.radii))

    def changed(self, part: np.ndarray, at: Grid) -> np.ndarray:
        y, z, x = ((a - c) / r for a, c, r in zip(at, self.centre, self.radii, strict=True))
        amplitude, phase = self.lobes
        waves = np.cos(3.0 * np.arctan2(y, x) + phase) * np.cos(2.0 * np.arctan2(z, np.hypot(x, y)) - phase)
        distance = (np.sqrt(x * x + y * y + z * z) - 1.0 - amplitude * waves) * min(self.radii)
        inside = np.clip(0.5 - distance / self.edge_mm, 0.0, 1.0)
        return np.maximum(part, inside * self.attenuation)


@dataclass(frozen=True, slots=True)
class LungFill:
    """A ball filled with the lung ``offset`` away, as if what lies there had never grown.

    Attributes:
        centre: mm, (y, z, x).
        radius, edge: mm.
        offset: mm, (y, z, x), to where the texture is taken from.
    """

    centre: Triple
    radius: float
    edge: float
    offset: Triple

    def extent(self) -> tuple[Triple, Triple]:
        reach = self.radius + self.edge
        low, high = _around(self.centre, (reach, reach, reach))
        return (
            _triple(min(a, a + o) for a, o in zip(low, self.offset, strict=True)),
            _triple(max(a, a + o) for a, o in zip(high, self.offset, strict=True)),
        )

    def changed(self, part: np.ndarray, at: Grid) -> np.ndarray:
        steps = [float(a.ravel()[1] - a.ravel()[0]) if a.size > 1 else 1.0 for a in at]
        shift = [-round(o / s) for o, s in zip(self.offset, steps, strict=True)]
        texture = np.roll(part, shift, (0, 1, 2))
        squares = [((a - c) ** 2) for a, c in zip(at, self.centre, strict=True)]
        distance = np.sqrt(squares[0] + squares[1] + squares[2])
        inside = np.clip((self.radius - distance) / self.edge + 0.5, 0.0, 1.0)
        return part + inside * (np.minimum(texture, 0.5) - part)


def _around(centre: Triple, reach: tuple[float, ...]) -> tuple[Triple, Triple]:
    return (
        _triple(c - r for c, r in zip(centre, reach, strict=True)),
        _triple(c + r for c, r in zip(centre, reach, strict=True)),
    )


def _triple(values: Iterable[float]) -> Triple:
    y, z, x = values
    return float(y), float(z), float(x)
