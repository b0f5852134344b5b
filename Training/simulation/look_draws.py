"""Random looks: what a detector, a console and a file format will do to line integrals, as records."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .field import Field
from .settings import DetectorSettings

LUT_KNOTS = 17


@dataclass(frozen=True, slots=True)
class Marker:
    """A lead letter: lower left corner as shares of (rows, columns), height in pixels."""

    letter: str
    corner: tuple[float, float]
    height: float


@dataclass(frozen=True, slots=True)
class Collimation:
    """What is hidden of the top, bottom, left, right, as shares of the image; white as lead, black as a shutter."""

    shares: tuple[float, float, float, float]
    white: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A cable on the skin: corner points as shares of (rows, columns), width in pixels, line integral it adds."""

    points: tuple[tuple[float, float], ...]
    width: float
    integral: float


@dataclass(frozen=True, slots=True, eq=False)
class LookDraw:
    """One look.

    Attributes:
        calibrated: line integrals go to the network as they are, times ``gain``.
        scatter_share, scatter_px: scatter over primary and standard deviation of its veil; a share of 0 is none.
        point_spread_px: standard deviation, 0 for none.
        quanta: of a pixel behind no patient.
        noise_seed: 32 bits; the noise is a function of it and of the pixel.
        detail_gain, detail_px: enhancement of what is smaller than ``detail_px``; 0 is none.
        look_up_table: ``LUT_KNOTS`` increasing values from 0 to 1, or None.
        eight_bit: rounded to 256 levels.
        marker, collimation, lines: what covers the image.
        inverted: None where the file says its polarity; else whether it is stored bone-dark without saying so.
    """

    calibrated: bool
    gain: float
    scatter_share: float
    scatter_px: float
    point_spread_px: float
    quanta: float
    noise_seed: int
    detail_gain: float
    detail_px: float
    look_up_table: tuple[float, ...] | None
    eight_bit: bool
    marker: Marker | None
    collimation: Collimation | None
    lines: tuple[Line, ...]
    inverted: bool | None


def draw_look(settings: DetectorSettings, field: Field, rng: np.random.Generator) -> LookDraw:
    """Draw a look for images of ``field``."""
    calibrated = rng.random() < settings.calibrated
    display = not calibrated

    def happens(probability: float) -> bool:
        return bool(rng.random() < probability)

    def within(bounds: tuple[float, float]) -> float:
        return float(rng.uniform(*bounds))

    scatter = happens(settings.scatter) and display
    processing = happens(settings.processing) and display
    eight_bit = happens(settings.eight_bit) and display
    return LookDraw(
        calibrated=calibrated,
        gain=within(settings.gain),
        scatter_share=within(settings.scatter_share) if scatter else 0.0,
        scatter_px=within(settings.scatter_mm) / field.spacing,
        point_spread_px=within(settings.point_spread_px) if happens(settings.point_spread) else 0.0,
        quanta=10.0 ** within(settings.quanta_log10),
        noise_seed=int(rng.integers(2**32)),
        detail_gain=within(settings.detail_gain) if processing else 0.0,
        detail_px=within(settings.detail_mm) / field.spacing,
        look_up_table=_look_up_table(rng) if happens(settings.look_up_table) and eight_bit else None,
        eight_bit=eight_bit,
        marker=_marker(field, rng) if happens(settings.markers) and display else None,
        collimation=_collimation(settings, rng) if happens(settings.collimation) and display else None,
        lines=_lines(field, rng) if happens(settings.lines) and display else (),
        inverted=happens(0.5) if happens(settings.unknown_polarity) and display else None,
    )


def _look_up_table(rng: np.random.Generator) -> tuple[float, ...]:
    """Log-normal steps, smoothed: an S, a gamma or something between. Only its rounding survives the engine's mapping,
    which undoes any increasing function; steps of zero would lose grey levels for good, and do not occur."""
    steps = rng.normal(0.0, 1.0, LUT_KNOTS + 1)
    steps = np.exp(0.5 * (steps[1:-1] + 0.5 * (steps[2:] + steps[:-2])))
    values = np.concatenate(((0.0,), np.cumsum(steps) / steps.sum()))
    values[-1] = 1.0
    return tuple(float(value) for value in values)


def _marker(field: Field, rng: np.random.Generator) -> Marker:
    """The patient's right is on the image's left."""
    right = rng.random() < 0.5
    column = rng.uniform(0.03, 0.12) if right else rng.uniform(0.82, 0.92)
    return Marker("R" if right else "L", (rng.uniform(0.1, 0.35), column), rng.uniform(10.0, 22.0) / field.spacing)


def _collimation(settings: DetectorSettings, rng: np.random.Generator) -> Collimation:
    top, bottom, left, right = (float(share) for share in rng.uniform(0.0, settings.collimation_share, 4))
    return Collimation((top, bottom, left, right), bool(rng.random() < 0.4))


def _lines(field: Field, rng: np.random.Generator) -> tuple[Line, ...]:
    """Cables that enter from below or from a side and end on the chest."""
    lines = []
    for _ in range(int(rng.integers(1, 4))):
        start = np.array((1.0, rng.uniform(0.1, 0.9)))
        end = rng.uniform(0.2, 0.75, 2)
        bow = rng.normal(0.0, 0.12, 2)
        share = np.linspace(0.0, 1.0, 9)[:, None]
        path = start + (end - start) * share + bow * np.sin(np.pi * share)
        points = tuple((float(row), float(col)) for row, col in path)
        lines.append(Line(points, max(1.0, rng.uniform(1.5, 3.5) / field.spacing), rng.uniform(0.1, 0.5)))
    return tuple(lines)
