"""Line profile: the values of several images along one line, as a reader draws it across an edge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..errors import XrayToCTError


@dataclass(frozen=True, slots=True, eq=False)
class LineProfile:
    """Values along a line.

    Attributes:
        distance_mm: (points,), from the start of the line.
        values: name -> (points,), bilinear, in the images' unit.
        start, end: (row, column) of the line's ends, in pixels; a pixel's centre has whole numbers.
    """

    distance_mm: np.ndarray
    values: Mapping[str, np.ndarray]
    start: tuple[float, float]
    end: tuple[float, float]


def line_profile(
    images: Mapping[str, np.ndarray],
    spacing: tuple[float, float],
    *,
    start: tuple[float, float] | None = None,
    end: tuple[float, float] | None = None,
) -> LineProfile:
    """Sample images (rows, cols) of one shape along a line, at a step no longer than a pixel.

    Args:
        spacing: (row, column), mm.
        start, end: (row, column) in pixels; without them the line is the middle row, from the first to the last column.

    Raises:
        XrayToCTError: shapes that differ, or an end that lies outside the image or on the other end.
    """
    shapes = {np.shape(image) for image in images.values()}
    if len(shapes) != 1 or len(shape := shapes.pop()) != 2:
        raise XrayToCTError("A line profile needs images of one shape (rows, cols).", hint="Bring them onto one grid.")
    rows, cols = shape
    start = (rows // 2, 0.0) if start is None else start
    end = (rows // 2, cols - 1.0) if end is None else end
    for row, col in (start, end):
        if not (0 <= row <= rows - 1 and 0 <= col <= cols - 1):
            raise XrayToCTError(
                f"The line's end at row {row:g}, column {col:g} lies outside the image of {rows} x {cols} pixels.",
                hint="Draw the line within the image.",
            )
    down, across = end[0] - start[0], end[1] - start[1]
    length = float(np.hypot(down * spacing[0], across * spacing[1]))
    if length == 0:
        raise XrayToCTError("The line has no length.", hint="Draw a line between two points.")
    points = int(np.ceil(max(abs(down), abs(across)))) + 1
    part = np.linspace(0.0, 1.0, max(points, 2))
    at_rows, at_cols = start[0] + part * down, start[1] + part * across
    values = {name: _bilinear(np.asarray(image, np.float64), at_rows, at_cols) for name, image in images.items()}
    return LineProfile(part * length, values, start, end)


def _bilinear(image: np.ndarray, rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
    top = np.clip(np.floor(rows).astype(int), 0, max(image.shape[0] - 2, 0))
    left = np.clip(np.floor(cols).astype(int), 0, max(image.shape[1] - 2, 0))
    bottom, right = np.minimum(top + 1, image.shape[0] - 1), np.minimum(left + 1, image.shape[1] - 1)
    down, across = rows - top, cols - left
    above = image[top, left] * (1 - across) + image[top, right] * across
    below = image[bottom, left] * (1 - across) + image[bottom, right] * across
    return np.asarray(above * (1 - down) + below * down)
