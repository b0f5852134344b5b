"""The organs of a phantom: lungs and mediastinum, heart and vessels, airways, and what lies below the diaphragm."""

from __future__ import annotations

import cv2
import numpy as np

from .stamping import Grid, blend, curve, stamp_path
from .torso import Torso, inside

_SOFT, _FAT = 1.05, 0.9


def add_organs(volume: np.ndarray, grid: Grid, torso: Torso, rng: np.random.Generator) -> None:
    """Fill the rib cage and the belly. In place; values are relative attenuation."""
    height = torso.lung_height
    width, depth, middle = torso.cage(grid.z)
    cavity = inside(grid, width, depth, middle)
    # The apex is round.
    closing = np.clip((height - grid.z) / (0.12 * height), 0.0, 1.0) ** 0.5
    chest = inside(grid, width * closing, depth * closing, middle) * (grid.z < height)[:, None, None]
    dome = torso.dome(grid.y[:, None], grid.x[None]).astype(np.float32)
    above = np.clip((grid.z[:, None, None] - dome) / grid.steps[0] + 0.5, 0.0, 1.0)

    _belly(volume, grid, torso, cavity * (1.0 - above) * (grid.z < 0.35 * height)[:, None, None], rng)
    thorax = chest * above
    blend(volume, thorax, 0.97)  # what is neither lung nor organ is fat with small vessels

    central = _mediastinum(grid, torso)
    heart = _heart(volume, grid, torso, thorax)
    np.maximum(central, heart, out=central)
    vessels = _great_vessels(torso)
    around = np.zeros(grid.shape, np.float32)
    for path, radius in vessels:
        stamp_path(around, grid, path, np.asarray(radius) + 5.0, 1.0)
    airway = _airways(torso)
    stamp_path(around, grid, airway[0][0][len(airway[0][0]) // 3 :], airway[0][1] + 5.0, 1.0)
    np.maximum(central, around, out=central)

    lung = thorax * (1.0 - central)
    blend(volume, lung, _parenchyma(grid, torso, rng))
    for path, radius in vessels:
        stamp_path(volume, grid, path, radius, torso.blood)
    tree = np.zeros(grid.shape, np.float32)
    for side in (-1.0, 1.0):
        _branches(tree, grid, torso, side, lung, rng)
    blend(volume, tree * (lung > 0.4), torso.blood)
    air = np.zeros(grid.shape, np.float32)
    for path, radius in airway:
        stamp_path(air, grid, path, radius, 1.0)
    blend(volume, air, 0.02)


def _mediastinum(grid: Grid, torso: Torso) -> np.ndarray:
    """What keeps the lungs apart: a slab from the sternum to the spine, wider about the vertebrae and above."""
    y, x = torso.spine(grid.z)
    up = np.clip(grid.z / torso.lung_height, 0.0, 1.0)
    # Thin where the lungs nearly touch in front of the heart's vessels, wide about the vessels of the neck.
    half = 6.0 + 16.0 * up**3 + 14.0 * (1.0 - up) ** 6
    slab = np.clip((half[:, None] - np.abs(grid.x[None] - x[:, None])) / grid.steps[2] + 0.5, 0.0, 1.0)
    in_front = np.clip((y[:, None] - grid.y[None]) / grid.steps[1] + 0.5, 0.0, 1.0)
    central = (slab[:, None, :] * in_front[:, :, None]).astype(np.float32)
    count = len(grid.z)
    vertebra = inside(grid, np.full(count, 23.0), np.full(count, 19.0), y, x)
    behind = inside(grid, np.full(count, 34.0), np.full(count, 20.0), y + 32.0, x)
    return np.maximum(central, np.maximum(vertebra, behind))


def _heart(volume: np.ndarray, grid: Grid, torso: Torso, thorax: np.ndarray) -> np.ndarray:
    """Ventricles pointing left, down and forward; atria behind and to the right."""
    size, front = torso.heart, -0.28 * torso.half_depth
    parts = (
        ((0.09 * torso.lung_height, front, 32.0), (41.0, 44.0, 66.0), 0.62),
        ((0.02 * torso.lung_height, front - 4.0, 12.0), (34.0, 40.0, 52.0), 0.15),
        ((0.2 * torso.lung_height, front + 8.0, -15.0), (46.0, 36.0, 33.0), 0.1),
        ((0.3 * torso.lung_height, front + 38.0, 8.0), (28.0, 22.0, 36.0), 0.0),
        ((0.31 * torso.lung_height, front - 6.0, 14.0), (34.0, 28.0, 32.0), 0.3),
    )
    heart = np.zeros(grid.shape, np.float32)
    z, x = grid.z[:, None], grid.x[None]
    for (cz, cy, cx), (rz, ry, rx), tilt in parts:
        down, side = (z - cz) / size, (x - cx) / size
        along = np.cos(tilt) * side - np.sin(tilt) * down
        across = np.sin(tilt) * side + np.cos(tilt) * down
        plane = ((along / rx) ** 2 + (across / rz) ** 2).astype(np.float32)
        deep = (((grid.y - cy) / (ry * size)) ** 2).astype(np.float32)
        value = np.sqrt(plane[:, None, :] + deep[None, :, None])
        np.maximum(heart, np.clip((1.0 - value) * (ry / max(grid.steps)) + 0.5, 0.0, 1.0), out=heart)
    heart *= thorax
    blend(volume, heart, 0.5 * (_SOFT + torso.blood))
    return heart


def _great_vessels(torso: Torso) -> list[tuple[np.ndarray, float]]:
    """Curves (n, 3) and radii: aorta, superior vena cava, pulmonary trunk and arteries, branches to the neck."""
    height, size = torso.lung_height, torso.heart
    back, side = (float(value) for value in torso.spine(0.5 * height))
    low, lower = (float(value) for value in torso.spine(-0.4 * height))
    hilum = 0.42 * height
    aorta = [
        (0.33 * height, -12.0, 4.0), (0.5 * height, -20.0, -12.0), (0.63 * height, -8.0, -2.0),
        (0.68 * height, 14.0, 14.0), (0.63 * height, back - 16.0, 27.0 + side),
        (0.45 * height, back - 10.0, 27.0 + side), (0.1 * height, back - 14.0, 20.0 + side),
        (-0.4 * height, low - 22.0, 8.0 + lower),
    ]  # fmt: skip
    arteries = [
        ([(0.3 * height, -30.0, 18.0), (0.46 * height, -14.0, 20.0)], 14.5),
        ([(0.46 * height, -12.0, 16.0), (0.45 * height, 2.0, -15.0), (hilum, 10.0, -42.0)], 11.0),
        ([(0.46 * height, -14.0, 20.0), (0.49 * height, 8.0, 36.0), (hilum + 6.0, 22.0, 46.0)], 11.0),
        ([(0.25 * height, -4.0, -26.0), (0.55 * height, -6.0, -24.0), (0.75 * height, -6.0, -22.0)], 10.0),
        ([(0.67 * height, -4.0, -4.0), (0.85 * height, -4.0, -16.0), (1.15 * height, 0.0, -26.0)], 6.5),
        ([(0.68 * height, 10.0, 12.0), (0.88 * height, 10.0, 22.0), (1.15 * height, 4.0, 27.0)], 5.5),
        ([(-0.15 * height, 0.0, -24.0), (0.12 * height, -8.0, -22.0)], 12.0),
    ]  # fmt: skip
    return [(curve(aorta, 40), 13.5 * size)] + [(curve(points, 16), radius * size) for points, radius in arteries]


def _airways(torso: Torso) -> list[tuple[np.ndarray, float]]:
    """Trachea, main bronchi, lobar bronchi."""
    height = torso.lung_height
    carina = 0.54 * height
    trachea = [(height + 90.0, 0.0, 0.0), (0.85 * height, 6.0, 0.0), (carina, 22.0, -3.0)]
    right, left = (0.44 * height, 24.0, -40.0), (0.41 * height, 26.0, 46.0)
    lobes = (
        ([(carina, 22.0, -3.0), (0.49 * height, 24.0, -20.0), right], 6.5),
        ([(carina, 22.0, -3.0), (0.48 * height, 26.0, 20.0), left], 6.0),
        ([(0.49 * height, 24.0, -24.0), (0.58 * height, 18.0, -52.0)], 4.0),
        ([right, (0.28 * height, 34.0, -56.0)], 4.5),
        ([left, (0.5 * height, 14.0, 66.0)], 3.8),
        ([left, (0.26 * height, 38.0, 60.0)], 4.3),
    )
    return [(curve(trachea, 20), 8.5)] + [(curve(points, 12), radius) for points, radius in lobes]


def _branches(
    tree: np.ndarray, grid: Grid, torso: Torso, side: float, lung: np.ndarray, rng: np.random.Generator
) -> None:
    """Vessels that fork as they run from the hilum to the pleura; each fork keeps about the cross-section."""
    start = np.array((0.42 * torso.lung_height, 16.0, 42.0 * side))
    # Upwards, downwards, outwards, to the back and to the front.
    heads = [(1, 0, 0.45), (0.8, -0.5, 0.5), (0.75, 0.6, 0.5), (0.1, -0.9, 0.6), (0.1, 0.3, 1), (-0.5, 0.8, 0.4),
             (-1, 0.5, 0.3), (-0.9, 0, 0.6), (-0.6, -0.6, 0.6), (0.2, 0.9, 0.4)]  # fmt: skip
    size = torso.lung_height / 222.0
    todo = [(start, np.array((z, y, x * side), float), rng.uniform(3.2, 4.8), 0) for z, y, x in heads]
    origin, steps = np.array((grid.z[0], grid.y[0], grid.x[0])), np.array(grid.steps)
    while todo:
        at, towards, radius, depth = todo.pop()
        towards = towards / np.linalg.norm(towards)
        length = size * rng.uniform(14.0, 26.0) * max(0.6, radius / 4.0)
        bend = rng.normal(0.0, 0.2, 3)
        middle, end = at + towards * length * 0.5, at + (towards + bend) * length
        index = np.round((end - origin) / steps).astype(int)
        beyond = (index < 0).any() or (index >= grid.shape).any()
        if depth > 1 and (beyond or lung[tuple(index)] < 0.5):
            continue
        stamp_path(tree, grid, np.array((at, middle, end)), np.array((radius, 0.95 * radius, 0.88 * radius)), 1.0)
        if radius < 0.8 or depth > 9:
            continue
        for share in (rng.uniform(0.75, 0.9), rng.uniform(0.5, 0.75)):
            todo.append(
                (end, towards + bend + rng.normal(0.0, 0.5 if share < 0.75 else 0.25, 3), radius * share, depth + 1)
            )


def _parenchyma(grid: Grid, torso: Torso, rng: np.random.Generator) -> np.ndarray:
    """Lung that is denser at the back and below, with a slow and a fine texture."""
    base = rng.uniform(0.11, 0.24)
    slow = coarse_noise(grid, 30.0, rng) * 0.02 + coarse_noise(grid, 6.0, rng) * 0.02
    gradient = 0.03 * grid.y[None, :, None] / torso.half_depth - 0.02 * grid.z[:, None, None] / torso.lung_height
    return np.maximum(base + gradient + slow, 0.04).astype(np.float32)


def _belly(
    volume: np.ndarray, grid: Grid, torso: Torso, cavity: np.ndarray, rng: np.random.Generator
) -> None:  # fmt: skip
    """Liver on the right, spleen and stomach with its gas on the left, bowel in fat below."""
    blend(volume, cavity, _FAT + 0.12 * (coarse_noise(grid, 14.0, rng) > 0.1))
    liver = _ellipsoid(grid, (-55.0, -10.0, -52.0), (95.0, 95.0, 105.0)) * cavity
    blend(volume, liver, 1.06 + 0.4 * (torso.blood - 1.04))
    spleen = _ellipsoid(grid, (-52.0, 45.0, 92.0), (45.0, 40.0, 30.0)) * cavity
    blend(volume, spleen, 1.055 + 0.4 * (torso.blood - 1.04))
    level = -torso.left_dome - rng.uniform(22.0, 34.0)
    stomach = _ellipsoid(grid, (level - 18.0, -20.0, 58.0), (40.0, 42.0, 40.0)) * cavity
    blend(volume, stomach, 1.03)
    gas = _ellipsoid(grid, (level, -28.0, 56.0), (rng.uniform(6.0, 20.0), 24.0, rng.uniform(12.0, 30.0)))
    blend(volume, gas * stomach, 0.02)
    for _ in range(int(rng.integers(2, 7))):
        at = (rng.uniform(-130.0, -75.0), rng.uniform(-60.0, 0.0), rng.uniform(-90.0, 100.0))
        bowel = _ellipsoid(grid, at, (rng.uniform(8.0, 16.0), 14.0, rng.uniform(10.0, 24.0)))
        blend(volume, bowel * cavity * (1.0 - liver), 0.05)


def _ellipsoid(grid: Grid, centre: tuple[float, float, float], radii: tuple[float, float, float]) -> np.ndarray:
    squares = [((a - c) / r) ** 2 for a, c, r in zip((grid.z, grid.y, grid.x), centre, radii, strict=True)]
    value = np.sqrt(squares[0][:, None, None] + squares[1][None, :, None] + squares[2]).astype(np.float32)
    return np.clip((1.0 - value) * (min(radii) / max(grid.steps)) + 0.5, 0.0, 1.0)


def coarse_noise(grid: Grid, size_mm: float, rng: np.random.Generator) -> np.ndarray:
    """Normal deviates that change over ``size_mm``, float32, about standard deviation 0.6."""
    nodes = [max(2, round(n * s / size_mm) + 1) for n, s in zip(grid.shape, grid.steps, strict=True)]
    coarse = rng.standard_normal(nodes).astype(np.float32)
    planes = np.stack([cv2.resize(plane, (grid.shape[2], grid.shape[1])) for plane in coarse])
    at = np.linspace(0.0, nodes[0] - 1.001, grid.shape[0])
    low = at.astype(int)
    share = (at - low).astype(np.float32)[:, None, None]
    return planes[low] * (1.0 - share) + planes[low + 1] * share
