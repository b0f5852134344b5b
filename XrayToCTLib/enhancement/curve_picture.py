"""The histogram of an image with the transfer curve over it, as a picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .transfer_curve import TransferCurve

_FEWEST = 5  # pixels of a level from which a median says something
_FINER = 2  # drawn so much larger, then reduced: smooth lines
Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class CurveColours:
    """Red, green, blue, 0 to 255 each: a window's own, so that the picture fits a light and a dark one.

    Attributes:
        ground: behind everything.
        ink: axes and the line of no change.
        bars: the histogram.
        curve: the transfer curve and, fainter, its band.
    """

    ground: Colour
    ink: Colour
    bars: Colour
    curve: Colour


def curve_picture(curve: TransferCurve, colours: CurveColours, width: int, height: int) -> np.ndarray:
    """uint8 (height, width, 3): the input's levels from left to right, the output's from bottom to top.

    Bars are the input's histogram (square roots of the counts, so that faint ones show). The line is the median
    output; the band about it holds the middle 80 % of the outputs of one level, where they depend on what is around.
    """
    import cv2

    wide, tall = width * _FINER, height * _FINER
    picture = np.empty((tall, wide, 3), np.uint8)
    picture[:] = colours.ground
    low, high = _range(curve)
    places = _across(curve, wide)
    _bars(picture, curve, places, _mixed(colours.bars, colours.ground, 0.6))
    faint = _mixed(colours.ink, colours.ground, 0.35)
    first, last = (_up(np.array([level]), low, high, tall)[0] for level in (curve.levels[0], curve.levels[-1]))
    cv2.line(picture, (int(places[0]), int(first)), (int(places[-1]), int(last)), faint, _FINER, cv2.LINE_AA)
    held = curve.counts >= min(_FEWEST, int(curve.counts.max()))
    across = places[held]
    if across.size:
        lower, upper, middle = (
            _up(values[held], low, high, tall) for values in (curve.lower, curve.upper, curve.output)
        )
        band = np.concatenate([np.column_stack([across, upper]), np.column_stack([across, lower])[::-1]])
        shade = picture.copy()
        cv2.fillPoly(shade, [band.astype(np.int32)], colours.curve, cv2.LINE_AA)
        cv2.addWeighted(shade, 0.3, picture, 0.7, 0.0, picture)
        line = np.column_stack([across, middle]).astype(np.int32)
        cv2.polylines(picture, [line], False, colours.curve, 2 * _FINER, cv2.LINE_AA)
    cv2.rectangle(picture, (0, 0), (wide - 1, tall - 1), faint, _FINER)
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA))


def _range(curve: TransferCurve) -> tuple[float, float]:
    """Of the output's axis: that of the input, since no pipeline leaves it."""
    half = (curve.levels[1] - curve.levels[0]) / 2 if curve.levels.size > 1 else 0.5
    return float(curve.levels[0] - half), float(curve.levels[-1] + half)


def _across(curve: TransferCurve, wide: int) -> np.ndarray:
    return (np.arange(curve.levels.size) + 0.5) / curve.levels.size * (wide - 1)


def _up(values: np.ndarray, low: float, high: float, tall: int) -> np.ndarray:
    return (1.0 - (values - low) / max(high - low, 1e-30)) * (tall - 1)


def _bars(picture: np.ndarray, curve: TransferCurve, places: np.ndarray, colour: Colour) -> None:
    tall, wide = picture.shape[:2]
    heights = np.sqrt(curve.counts.astype(np.float64))
    # The tallest bars are often those of collimation: they may leave the picture, the anatomy shall not be flat.
    top = max(float(np.quantile(heights, 0.98)), 0.3 * float(heights.max()), 1.0)
    shares = np.clip(np.interp(np.arange(wide), places, heights) / top, 0.0, 1.0)
    rows = np.arange(tall)[:, None]
    picture[rows >= tall - np.rint(0.9 * shares * tall)[None]] = colour


def _mixed(colour: Colour, ground: Colour, share: float) -> Colour:
    red, green, blue = (round(share * a + (1 - share) * b) for a, b in zip(colour, ground, strict=True))
    return red, green, blue
