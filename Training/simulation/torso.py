"""Proportions of a torso, and the envelopes that organs and bones are fitted into.

Coordinates in mm: x to the left, y to the back, z to the head; z = 0 at the top of the right diaphragm, x = 0 in the
middle. Proportions are normal deviates about those of adults, clipped at two standard deviations; they are set so that
radiographs of the phantoms resemble those of CTs, and claim no more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .stamping import Grid

_POWER = 2.4  # of the superellipse: between an ellipse and a box


@dataclass(frozen=True, slots=True)
class Torso:
    """Lengths in mm.

    Attributes:
        lung_height: from the dome of the diaphragm to the apex.
        half_width, half_depth: of the rib cage's inside, at its widest.
        muscle, fat: thickness of the chest wall's layers.
        shoulder: half width at the shoulders.
        neck: half width of the neck.
        heart: size of the heart, 1 for a usual one.
        belly: half depth of the abdomen over that of the chest.
        kyphosis, scoliosis: largest deviation of the spine.
        left_dome: how much lower the left diaphragm stands.
        breast: depth of the breasts; 0 for none.
        arms_down: whether the arms hang beside the chest.
        blood: attenuation of blood relative to water: 1.04, or more after a contrast agent.
        bone: factor on bone above soft tissue.
    """

    lung_height: float
    half_width: float
    half_depth: float
    muscle: float
    fat: float
    shoulder: float
    neck: float
    heart: float
    belly: float
    kyphosis: float
    scoliosis: float
    left_dome: float
    breast: float
    arms_down: bool
    blood: float
    bone: float

    def cage(self, z: np.ndarray | float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Inside of the rib cage at heights z: half width, half depth, and y of its middle."""
        t = np.asarray(z, np.float64) / self.lung_height
        up, down = np.clip(t, 0.0, 1.0), np.clip(-t, 0.0, 1.0)
        width = self.half_width * (1.0 - 0.5 * up**2.1 - 0.12 * down)
        depth = self.half_depth * (1.0 - 0.42 * up**2.2 + (self.belly - 1.0) * np.minimum(1.0, 2.0 * down))
        return width, depth, 5.0 + 14.0 * up**2

    def muscle_envelope(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Outside of the muscles: rib cage and chest wall below, shoulders and neck above."""
        width, depth, middle = self.cage(z)
        wall = 8.0 + self.muscle
        height = self.lung_height
        knots = [0.25 * height, 0.62 * height, height - 38.0, height - 8.0, height + 12.0, height + 45.0]
        chest = float(self.cage(0.25 * height)[0]) + wall
        wide = [
            chest,
            max(chest + 10.0, 0.9 * self.shoulder),
            self.shoulder,
            0.86 * self.shoulder,
            0.58 * self.shoulder,
        ]
        a = np.where(z < knots[0], width + wall, np.interp(z, knots, [*wide, self.neck]))
        front = float(self.cage(0.25 * height)[1]) + wall
        b = np.where(
            z < knots[0],
            depth + wall,
            np.interp(z, knots, [front, 0.98 * front, 0.85 * front, 0.75 * front, 72.0, 60.0]),
        )
        return _smooth(a, z), _smooth(b, z), middle

    def spine(self, z: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
        """y and x of the middle of the vertebral bodies."""
        t = np.asarray(z, np.float64) / self.lung_height
        back = 0.62 * self.half_depth - self.kyphosis * np.square(2.0 * (np.clip(t, -0.5, 1.3) - 0.45)) * 0.5
        return back, self.scoliosis * np.sin(np.pi * 1.2 * t)

    def dome(self, y: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Height of the diaphragm above (y, x)."""
        peak = np.where(x > 0, -self.left_dome, 0.0)
        across = (np.abs(x) - 0.46 * self.half_width) / (0.54 * self.half_width)
        deep = y / self.half_depth
        back, front = np.clip(deep, 0.0, 1.2), np.clip(-deep, 0.0, 1.2)
        outwards = np.clip(across, 0.0, 1.2)
        return peak - 62.0 * outwards**2 - 80.0 * back**2 - 26.0 * front**2 - 16.0 * np.clip(-across, 0.0, 1.0) ** 2


def draw_torso(rng: np.random.Generator) -> Torso:
    """Draw proportions."""

    def about(mean: float, deviation: float) -> float:
        return float(mean + deviation * np.clip(rng.standard_normal(), -2.0, 2.0))

    size, stout = about(1.0, 0.06), about(0.0, 1.0)
    female = bool(rng.random() < 0.5)
    half_width = about(134.0, 8.0) * size
    return Torso(
        lung_height=about(222.0, 18.0) * size,
        half_width=half_width,
        half_depth=about(92.0, 8.0) * size + 4.0 * stout,
        muscle=max(8.0, about(13.0 if female else 17.0, 3.0)),
        fat=max(3.0, (16.0 if female else 11.0) + 9.0 * stout),
        shoulder=half_width + about(38.0 if female else 52.0, 8.0),
        neck=about(56.0, 5.0) + 2.0 * stout,
        heart=about(1.0, 0.1) * size,
        belly=max(0.85, 1.05 + 0.1 * stout),
        kyphosis=about(38.0, 10.0),
        scoliosis=about(0.0, 5.0),
        left_dome=about(14.0, 6.0),
        breast=float(rng.uniform(18.0, 60.0)) if female else 0.0,
        arms_down=bool(rng.random() < 0.4),
        blood=1.04 if rng.random() < 0.5 else float(rng.uniform(1.08, 1.3)),
        bone=about(1.0, 0.15),
    )


def inside(
    grid: Grid, width: np.ndarray, depth: np.ndarray, middle: np.ndarray, offset: np.ndarray | float = 0.0
) -> np.ndarray:  # fmt: skip
    """Coverage, 0 to 1, of the superellipses that have these half widths and depths at each z: float32 (z, y, x)."""
    width, depth = np.maximum(width, 1.0), np.maximum(depth, 1.0)
    across = (np.abs(grid.x[None] - np.reshape(offset, (-1, 1))) / width[:, None]) ** _POWER
    deep = (np.abs(grid.y[None] - middle[:, None]) / depth[:, None]) ** _POWER
    # The function grows by about power / radius a millimetre at its border.
    sharp = (np.minimum(width, depth) / (_POWER * max(grid.steps[1:])))[:, None, None]
    value = across[:, None, :].astype(np.float32) + deep[:, :, None].astype(np.float32)
    return np.asarray(np.clip((1.0 - value) * sharp.astype(np.float32) + 0.5, 0.0, 1.0))


def cage_point(torso: Torso, z: float, angle: float, beyond: float) -> tuple[float, float]:
    """(y, x) on the rib cage, ``beyond`` mm outside of its inside, for x > 0; angle 0 at the back, pi at the front."""
    width, depth, middle = (float(value) for value in torso.cage(z))
    dy, dx = np.cos(angle), np.sin(angle)
    radius = ((abs(dx) / (width + beyond)) ** _POWER + (abs(dy) / (depth + beyond)) ** _POWER) ** (-1.0 / _POWER)
    return middle + float(radius * dy), float(radius * dx)


def _smooth(values: np.ndarray, z: np.ndarray, reach_mm: float = 14.0) -> np.ndarray:
    """Without the corners of a polyline."""
    half = max(1, round(2 * reach_mm / float(z[1] - z[0])))
    weights = np.exp(-0.5 * (np.arange(-half, half + 1) * float(z[1] - z[0]) / reach_mm) ** 2)
    return np.convolve(np.pad(values, half, mode="edge"), weights / weights.sum(), mode="valid")
