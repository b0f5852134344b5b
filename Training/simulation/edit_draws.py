"""Random edits of the anatomy: which, where and how large."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .landmarks import Landmarks
from .lesions import LungFill, Nodule
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


def _point(points: np.ndarray, rng: np.random.Generator) -> Triple:
    return _three(points[int(rng.integers(len(points)))])


def _three(values: np.ndarray) -> Triple:
    return float(values[0]), float(values[1]), float(values[2])
