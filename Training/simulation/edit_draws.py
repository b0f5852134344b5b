"""Random edits of the anatomy: which, where and how large."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .landmarks import Landmarks
from .lesions import LungFill, Nodule
from .limbs import Arm, Tube
from .patches import Edit, Triple
from .ribs import RibSegment
from .settings import EditSettings

if TYPE_CHECKING:
    from Training.data.manifest import PreparedCt


def draw_edits(
    ct: PreparedCt, marks: Landmarks, settings: EditSettings, arms: bool, rng: np.random.Generator
) -> tuple[Edit, ...]:  # fmt: skip
    """Fills come before nodules, so that a nodule is never filled again."""
    edits: list[Edit] = []
    if rng.random() < settings.removals and len(marks.spots) and len(marks.lung):
        edits += [_fill(marks, settings, rng) for _ in range(int(rng.integers(1, 5)))]
    if rng.random() < settings.nodules and len(marks.lung):
        edits += [_nodule(marks, settings, rng) for _ in range(int(rng.integers(1, settings.nodule_count + 1)))]
    if rng.random() < settings.ribs and len(marks.ribs):
        edits += [_rib(marks, settings, rng) for _ in range(int(rng.integers(1, 3)))]
    if rng.random() < settings.tubes and marks.lung_rows is not None:
        edits.append(_tube(ct, marks, rng))
    if arms:
        edits += _arms(ct, marks, rng)
    return tuple(edits)


def _nodule(marks: Landmarks, settings: EditSettings, rng: np.random.Generator) -> Nodule:
    radius = float(np.exp(rng.uniform(*np.log(settings.nodule_mm)))) / 2
    kind = rng.random()
    attenuation = rng.uniform(0.35, 0.7) if kind < 0.15 else rng.uniform(0.95, 1.08) if kind < 0.9 else 1.3
    return Nodule(
        centre=_point(marks.lung, rng),
        radii=_three(radius * rng.uniform(0.85, 1.15, 3)),
        attenuation=attenuation,
        lobes=(rng.uniform(0.0, 0.2), rng.uniform(0.0, 2 * np.pi)),
        edge_mm=rng.uniform(1.5, 4.0),
    )


def _fill(marks: Landmarks, settings: EditSettings, rng: np.random.Generator) -> LungFill:
    centre = np.array(_point(marks.spots, rng))
    radius = float(rng.uniform(*settings.nodule_mm)) / 2
    # From the nearest lung that the ball does not touch.
    away = np.linalg.norm(marks.lung - centre, axis=1)
    far = np.where(away > 2 * radius + 6.0, away, np.inf)
    nearest = np.argsort(far)[: max(1, min(20, int(np.isfinite(far).sum())))]
    offset = marks.lung[int(rng.choice(nearest))] - centre
    return LungFill(centre=_three(centre), radius=radius, edge=4.0, offset=_three(offset))


def _rib(marks: Landmarks, settings: EditSettings, rng: np.random.Generator) -> RibSegment:
    change = rng.choice(("removed", "removed", "thickened", "denser"))
    return RibSegment(
        centre=_point(marks.ribs, rng),
        length=rng.uniform(*settings.rib_mm),
        change="removed" if change == "removed" else "thickened" if change == "thickened" else "denser",
        gain=rng.uniform(1.2, 1.8),
    )


def _tube(ct: PreparedCt, marks: Landmarks, rng: np.random.Generator) -> Tube:
    """From the neck down the mediastinum, as a feeding tube, a central line or a tracheal tube goes."""
    assert marks.lung_rows is not None
    along, deep, across = ct.spacing
    base, apex = (row * along for row in marks.lung_rows)
    top = (ct.attenuation.shape[1] - 1) * along
    end = rng.uniform(base, apex)
    share = np.linspace(0.0, 1.0, 9)
    side = rng.normal(0.0, 12.0) + np.cumsum(rng.normal(0.0, 4.0, share.size))
    depth = rng.uniform(-15.0, 35.0) + np.cumsum(rng.normal(0.0, 3.0, share.size))
    height = top + (end - top) * share
    middle = (ct.centre[1] * deep, ct.centre[2] * across)
    path = tuple(
        (float(middle[0] + d), float(h), float(middle[1] + s)) for d, h, s in zip(depth, height, side, strict=True)
    )
    return Tube(tuple(_three(point) for point in path), rng.uniform(0.8, 4.0), rng.uniform(1.5, 3.0))


def _arms(ct: PreparedCt, marks: Landmarks, rng: np.random.Generator) -> list[Arm]:
    """Beside the flanks, touching them or a little away; as long as the scan and longer."""
    along = ct.spacing[0]
    rows = len(marks.flanks)
    radius, flatness = rng.uniform(36.0, 58.0), rng.uniform(0.95, 1.25)
    top_row = int(np.clip(rows - 1 - rng.uniform(20.0, 70.0) / along, rows // 2, rows - 1))
    low_row = int(rows * 0.3)
    gap, lean = rng.uniform(-10.0, 12.0), rng.uniform(-15.0, 25.0)
    arms = []
    for side, outwards in ((0, -1.0), (2, 1.0)):
        # The widest part of the chest decides where the arm can hang.
        widest = outwards * float((outwards * marks.flanks[low_row : top_row + 1, side]).max())
        depth = float(marks.flanks[low_row : top_row + 1, side + 1].mean())
        x = widest + outwards * (radius + gap)
        arms.append(
            Arm(
                top=(depth + rng.normal(0.0, 8.0), top_row * along, x - outwards * 12.0),
                bottom=(depth - lean, -60.0, x + outwards * rng.uniform(0.0, 15.0)),
                radius=radius,
                flatness=flatness,
                fat=rng.uniform(4.0, 14.0),
                bone=rng.uniform(10.0, 13.0),
            )
        )
    return arms


def _point(points: np.ndarray, rng: np.random.Generator) -> Triple:
    return _three(points[int(rng.integers(len(points)))])


def _three(values: Sequence[float] | np.ndarray) -> Triple:
    return float(values[0]), float(values[1]), float(values[2])
