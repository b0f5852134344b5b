"""Stamps: small soft balls set along curves, which is how bones and vessels of phantoms are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Point = tuple[float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """A volume's coordinates: float32 (n,) for z, y and x, mm, evenly spaced."""

    z: np.ndarray
    y: np.ndarray
    x: np.ndarray

    @property
    def shape(self) -> tuple[int, int, int]:
        return len(self.z), len(self.y), len(self.x)

    @property
    def steps(self) -> tuple[float, float, float]:
        return float(self.z[1] - self.z[0]), float(self.y[1] - self.y[0]), float(self.x[1] - self.x[0])


def stamp(volume: np.ndarray, grid: Grid, at: Point, radii: Point, value: float) -> None:
    """Raise the volume to ``value`` within an ellipsoid at (z, y, x), with an edge as wide as a voxel. In place.

    What is thinner than a voxel is drawn as wide as one and fainter, so that it keeps its cross-section.
    """
    box, squares, faint = [], [], 1.0
    for axis, (c, r, step) in enumerate(zip(at, radii, grid.steps, strict=True)):
        axis_mm = (grid.z, grid.y, grid.x)[axis]
        wide = max(r, 0.6 * step)
        if axis < 2:  # two of the three directions stand for the cross-section
            faint *= min(1.0, r / wide)
        first = max(0, int(np.ceil((c - wide - step - axis_mm[0]) / step)))
        last = min(len(axis_mm), int((c + wide + step - axis_mm[0]) / step) + 1)
        if first >= last:
            return
        box.append(slice(first, last))
        squares.append(((axis_mm[first:last] - c) / wide) ** 2)
    part = volume[box[0], box[1], box[2]]
    distance = np.sqrt(squares[0][:, None, None] + squares[1][None, :, None] + squares[2])
    inside = np.clip((1.0 - distance) * (min(radii) / min(grid.steps)) + 0.5, 0.0, 1.0) * faint
    np.maximum(part, part + inside * (value - part), out=part)


def stamp_path(
    volume: np.ndarray, grid: Grid, path: np.ndarray, radius: float | np.ndarray, value: float, flat: Point = (1, 1, 1)
) -> None:  # fmt: skip
    """Stamps along a curve.

    Args:
        path: (n, 3) corner points (z, y, x), mm.
        radius: mm, one for all or one a corner.
        flat: factors on the radius along (z, y, x).
    """
    radii = np.broadcast_to(np.asarray(radius, np.float64), len(path))
    lengths = np.linalg.norm(np.diff(path, axis=0), axis=1)
    along = np.concatenate(((0.0,), np.cumsum(lengths)))
    step = max(0.5 * float(radii.min()), 0.5 * min(grid.steps))
    distances = np.linspace(0.0, along[-1], max(2, int(np.ceil(along[-1] / step)) + 1))
    z, y, x, r = (np.interp(distances, along, values) for values in (*path.T, radii))
    for at in zip(z.tolist(), y.tolist(), x.tolist(), r.tolist(), strict=True):
        stamp(volume, grid, at[:3], (at[3] * flat[0], at[3] * flat[1], at[3] * flat[2]), value)


def curve(points: Sequence[Point], count: int = 24) -> np.ndarray:
    """A smooth curve (count, 3) through points, by Catmull and Rom (1974)."""
    p = np.array(points, np.float64)
    p = np.concatenate((2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]))
    at = np.linspace(0.0, len(points) - 1, count)
    i = np.minimum(at.astype(int), len(points) - 2)
    t = (at - i)[:, None]
    a, b, c, d = p[i], p[i + 1], p[i + 2], p[i + 3]
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)


def blend(volume: np.ndarray, share: np.ndarray, value: float | np.ndarray) -> None:
    """Replace by ``value`` where ``share`` is 1, in part where it is less. In place."""
    volume += share * (value - volume)
