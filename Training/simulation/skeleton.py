"""The skeleton of a phantom: spine, ribs with their cartilage, sternum, clavicles, scapulae."""

from __future__ import annotations

import numpy as np

from .stamping import Grid, curve, stamp, stamp_path
from .torso import Torso, cage_point

_RIBS = 12


def add_skeleton(volume: np.ndarray, grid: Grid, torso: Torso, rng: np.random.Generator) -> None:
    """Raise relative attenuation where bone and cartilage are. In place."""
    _spine(volume, grid, torso)
    _ribs(volume, grid, torso, rng)
    _sternum(volume, grid, torso)
    for side in (-1.0, 1.0):
        _clavicle(volume, grid, torso, side, rng)
        _scapula(volume, grid, torso, side)


def _bone(torso: Torso, excess: float) -> float:
    return 1.05 + excess * torso.bone


def _spine(volume: np.ndarray, grid: Grid, torso: Torso) -> None:
    pitch = torso.lung_height / 10.0
    for number in range(-8, 16):
        centre = (number + 0.5) * pitch
        if not grid.z[0] - pitch < centre < grid.z[-1] + pitch:
            continue
        size = 1.0 - 0.022 * number  # vertebrae grow towards the feet
        y, x = (float(value) for value in torso.spine(centre))
        half = 0.38 * pitch
        rows = np.flatnonzero(np.abs(grid.z - centre) < half + grid.steps[0])
        across = ((grid.x - x) / (16.5 * size)) ** 2
        deep = ((grid.y - y) / (13.5 * size)) ** 2
        shape = np.sqrt(deep[:, None] + across[None])
        for row in rows:
            # A waist between two end plates, which are denser.
            at = abs(float(grid.z[row]) - centre) / half
            body = np.clip((1.0 - shape * (1.12 - 0.12 * at)) * 5.0 + 0.5, 0.0, 1.0)
            cortex = np.clip(1.0 - np.abs(shape - 0.95) * 6.0, 0.0, 1.0) * 0.16 + (0.14 if at > 0.75 else 0.0)
            cover = float(np.clip((half - abs(grid.z[row] - centre)) / grid.steps[0] + 0.5, 0.0, 1.0))
            np.maximum(volume[row], 1.08 + body * cover * (_bone(torso, 0.16) - 1.08 + cortex), out=volume[row],
                       where=body * cover > 0.05)  # fmt: skip
        disc = centre + 0.5 * pitch
        stamp(volume, grid, (disc, y, x), (0.1 * pitch + 1.0, 12.0 * size, 15.0 * size), 1.1)
        for side in (-1.0, 1.0):
            pedicle = ((centre, y + 12.0, x + 9.0 * side), (centre - 2, y + 24.0, x + 13.0 * side))
            stamp_path(volume, grid, np.array(pedicle), 4.5, _bone(torso, 0.32))
            process = ((centre - 2, y + 24.0, x + 12.0 * side), (centre + 1, y + 30.0, x + 30.0 * side))
            stamp_path(volume, grid, np.array(process), 4.0, _bone(torso, 0.3))
            lamina = ((centre - 3, y + 24.0, x + 12.0 * side), (centre - 7, y + 31.0, x))
            stamp_path(volume, grid, np.array(lamina), 4.0, _bone(torso, 0.35))
        spinous = ((centre - 7, y + 31.0, x), (centre - 20, y + 52.0, x))
        stamp_path(volume, grid, np.array(spinous), 3.6, _bone(torso, 0.35))


def _ribs(volume: np.ndarray, grid: Grid, torso: Torso, rng: np.random.Generator) -> None:
    pitch = torso.lung_height / 10.0
    steep = rng.uniform(0.8, 1.25)
    old = rng.uniform(0.0, 1.0)  # cartilage calcifies with age
    for number in range(_RIBS):
        start = torso.lung_height + 2.0 - number * pitch
        drop = steep * (26.0 + 72.0 * min(1.0, number / 6.0))
        # Where the bone ends, and where its cartilage ends: in front of the sternum, or nowhere.
        bony = np.pi * (0.78 if number < 7 else 0.74 - 0.085 * (number - 6))
        wobble = rng.normal(0.0, 1.5, 2)
        for side in (-1.0, 1.0):
            spine_y, spine_x = (float(value) for value in torso.spine(start))
            points = [(start, spine_y + 10.0, spine_x + 16.0 * side)]
            for angle in np.linspace(0.16 * np.pi, bony, 14):
                z = start - drop * (0.5 - 0.5 * np.cos(angle * 0.95)) + wobble[0] * np.sin(2 * angle)
                y, x = cage_point(torso, z, float(angle), 4.0)
                points.append((float(z), y, x * side))
            path = curve(points, 40)
            taper = np.interp(np.arange(40), (0, 5, 39), (3.6, 4.2, 4.0))
            stamp_path(volume, grid, path, taper, _bone(torso, 0.55), flat=(1.35, 0.85, 0.85))
            if number < 10:
                end = points[-1]
                target = max(torso.lung_height * 0.78 - number * 17.0, 0.13 * torso.lung_height)
                front, _ = cage_point(torso, target, np.pi, 3.0)
                middle = (min(end[0], target) - 6.0, (end[1] + front) / 2 - 4.0, end[2] * 0.55)
                cartilage = curve([end, middle, (target, front, 15.0 * side)], 16)
                stamp_path(volume, grid, cartilage, 4.6, 1.1 + 0.12 * old, flat=(1.2, 0.9, 1.0))


def _sternum(volume: np.ndarray, grid: Grid, torso: Torso) -> None:
    for z in np.arange(0.12 * torso.lung_height, 0.86 * torso.lung_height, 2.5):
        y, _ = cage_point(torso, float(z), np.pi, 5.0)
        manubrium = z > 0.7 * torso.lung_height
        half = 21.0 if manubrium else 14.0
        for x in np.arange(-half, half + 1e-3, 7.0):
            stamp(volume, grid, (float(z), y, float(x)), (5.0, 5.0, 6.0), _bone(torso, 0.17))


def _clavicle(volume: np.ndarray, grid: Grid, torso: Torso, side: float, rng: np.random.Generator) -> None:
    inner = 0.85 * torso.lung_height
    y, _ = cage_point(torso, inner, np.pi, 2.0)
    outer = torso.lung_height - 12.0 + rng.uniform(-6.0, 22.0)
    far = torso.shoulder - 36.0
    points = [
        (inner, y, 14.0 * side),
        (inner + 0.3 * (outer - inner), y - 6.0, (14.0 + 0.3 * (far - 14.0)) * side),
        (inner + 0.75 * (outer - inner), y + 30.0, (14.0 + 0.72 * (far - 14.0)) * side),
        (outer, y + 42.0, far * side),
    ]
    stamp_path(volume, grid, curve(points), np.interp(np.arange(24), (0, 4, 23), (9.0, 6.0, 6.5)), _bone(torso, 0.42))


def _scapula(volume: np.ndarray, grid: Grid, torso: Torso, side: float) -> None:
    """A thin plate on the back of the rib cage, its thick borders, its spine and the socket."""
    top, tip = torso.lung_height - 22.0, torso.lung_height - 165.0
    socket = torso.shoulder - 44.0
    rows = []
    for z in np.linspace(tip, top, 30):
        t = (z - tip) / (top - tip)
        inner_angle, outer_angle = 0.36 - 0.1 * t, 0.40 + 0.22 * t
        edge = []
        for angle in np.linspace(inner_angle, outer_angle, 9):
            y, x = cage_point(torso, float(z), float(angle * np.pi), 19.0)
            edge.append((float(z), y, x * side))
            stamp(volume, grid, edge[-1], (3.5, 2.2, 3.5), _bone(torso, 0.35))
        rows.append(edge)
    for border in ([row[0] for row in rows], [row[-1] for row in rows]):
        stamp_path(volume, grid, np.array(border), 4.0, _bone(torso, 0.4))
    last = rows[-4]
    glenoid = (top - 22.0, last[-1][1] - 14.0, socket * side)
    stamp_path(volume, grid, np.array((last[-1], glenoid)), np.array((6.0, 11.0)), _bone(torso, 0.28))
    acromion = (top + 8.0, glenoid[1] + 10.0, (socket + 24.0) * side)
    ridge = curve([rows[-10][0], (top - 20.0, last[4][1] + 14.0, last[4][2]), acromion], 20)
    stamp_path(volume, grid, ridge, 4.5, _bone(torso, 0.4))
