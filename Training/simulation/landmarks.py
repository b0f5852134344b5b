"""Landmarks: where a prepared CT has lungs, ribs and flanks, so that edits fall where they make sense."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from .ribs import BONE

if TYPE_CHECKING:
    from Training.data.manifest import PreparedCt

_MOST_POINTS = 2000
_LUNG = 0.5  # relative attenuation below which a voxel inside the body is lung
_SOFT = 0.7


@dataclass(frozen=True, slots=True, eq=False)
class Landmarks:
    """Points are float32 (n, 3), mm, (y, z, x) from the middle of the first voxel.

    Attributes:
        lung: points in the lung, some mm from its border.
        spots: dense spots that lung surrounds: vessels and nodules.
        ribs: points in bone of the chest wall.
        lung_rows: lowest and highest row (index along the body) with lung, or None where there is too little.
        lung_columns: float32 (planes, columns), 0 to 1: where lung lies along the body; smooth.
        flanks: float32 (rows, 4), mm: x and y of the body's rightmost and of its leftmost point, smooth.
    """

    lung: np.ndarray
    spots: np.ndarray
    ribs: np.ndarray
    lung_rows: tuple[float, float] | None
    lung_columns: np.ndarray
    flanks: np.ndarray


def landmarks(ct: PreparedCt) -> Landmarks:
    """Find the landmarks; the same CT always has the same."""
    # At about 4 mm: single voxels do not matter, and it must cost little.
    step_mm = np.array((ct.spacing[1], ct.spacing[0], ct.spacing[2]))
    skip = np.maximum(1, (4.0 / step_mm).astype(int))
    volume = np.asarray(ct.attenuation[:: skip[0], :: skip[1], :: skip[2]], np.float32)
    step = step_mm * skip
    rng = np.random.default_rng(0)

    inside = _between(volume > _SOFT, 0) & _between(volume > _SOFT, 2)
    lung = (volume < _LUNG) & inside
    share = _box_mean(lung, step, 12.0)
    spots = (volume > _SOFT) & (share > 0.6)
    centre_x, middle_y = ct.centre[2] * step_mm[2], ct.centre[1] * step_mm[0]
    y, _, x = (np.arange(n) * s for n, s in zip(volume.shape, step, strict=True))
    lateral = np.abs(x - centre_x)[None, None, :] > 45.0
    # Behind the middle a vertebra is wider than the sternum is in front of it.
    wall = lateral | ((y < middle_y)[:, None, None] & (np.abs(x - centre_x)[None, None, :] > 30.0))
    near_lung = _box_mean(lung, step, 40.0) > 0.08
    ribs = (volume > BONE + 0.08) & wall & near_lung

    rows = np.flatnonzero(lung.sum(axis=(0, 2)) * step.prod() > 2000.0)
    long = rows.size > 0 and (rows[-1] - rows[0]) * step[1] > 80.0
    columns = np.clip(lung.sum(axis=1) * step[1] / 60.0, 0.0, 1.0).astype(np.float32)
    sigma = (14.0 / step[2], 14.0 / step[0])
    columns = cv2.GaussianBlur(columns, (0, 0), sigmaX=sigma[0], sigmaY=sigma[1])
    size = (ct.attenuation.shape[2], ct.attenuation.shape[0])
    return Landmarks(
        lung=_points(lung & (share > 0.85), step, rng),
        spots=_points(spots, step, rng),
        ribs=_points(ribs, step, rng),
        lung_rows=(float(rows[0] * skip[1]), float(rows[-1] * skip[1])) if long else None,
        lung_columns=cv2.resize(columns, size, interpolation=cv2.INTER_LINEAR),
        flanks=_flanks(volume > _SOFT, step, ct.attenuation.shape[1]),
    )


def _between(mask: np.ndarray, axis: int) -> np.ndarray:
    before = np.logical_or.accumulate(mask, axis)
    after = np.flip(np.logical_or.accumulate(np.flip(mask, axis), axis), axis)
    return np.asarray(before & after)


def _box_mean(mask: np.ndarray, step: np.ndarray, reach_mm: float) -> np.ndarray:
    """Share of the mask within a cube of ``2 * reach_mm``."""
    share = mask.astype(np.float32)
    for axis in range(3):
        half = max(1, round(reach_mm / step[axis]))
        total = np.cumsum(np.pad(share, [(half + 1, half) if a == axis else (0, 0) for a in range(3)]), axis=axis)
        total = np.moveaxis(total, axis, 0)
        share = np.moveaxis((total[2 * half + 1 :] - total[: -2 * half - 1]) / (2 * half + 1), 0, axis)
    return share


def _points(mask: np.ndarray, step: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    found = np.argwhere(mask)
    if len(found) > _MOST_POINTS:
        found = found[np.sort(rng.choice(len(found), _MOST_POINTS, replace=False))]
    return (found * step).astype(np.float32)


def _flanks(body: np.ndarray, step: np.ndarray, rows: int) -> np.ndarray:
    """For each row of the full volume: x and y of the rightmost, x and y of the leftmost point of the body."""
    found = np.zeros((body.shape[1], 4), np.float32)
    across = np.asarray(body.any(axis=0))
    middle = body.shape[2] / 2 * step[2]
    for row in range(body.shape[1]):
        columns = np.flatnonzero(across[row])
        if columns.size == 0:
            found[row] = (middle, 0.0, middle, 0.0)
            continue
        for side, column in enumerate((columns[0], columns[-1])):
            near = body[:, row, max(0, column - 3) : column + 4].any(axis=1)
            found[row, 2 * side : 2 * side + 2] = column * step[2], np.flatnonzero(near).mean() * step[0]
    smooth = cv2.GaussianBlur(found, (1, 0), sigmaX=0.1, sigmaY=max(0.5, 15.0 / step[1]))
    return cv2.resize(smooth, (4, rows), interpolation=cv2.INTER_LINEAR)
