"""What lies on top of an image: lead letters and cables, as pictures that any executor can add."""

from __future__ import annotations

import cv2
import numpy as np

from .look_draws import Line, Marker

# Of cv2.FONT_HERSHEY_SIMPLEX at scale 1, in pixels.
_LETTER_HEIGHT = 22.0


def marker_mask(marker: Marker, shape: tuple[int, int]) -> np.ndarray:
    """Where the letter is, bool (rows, cols)."""
    lead = np.zeros(shape, np.uint8)
    at = (int(marker.corner[1] * shape[1]), int(marker.corner[0] * shape[0]))
    thickness = max(1, round(marker.height / 7.0))
    cv2.putText(lead, marker.letter, at, cv2.FONT_HERSHEY_SIMPLEX, marker.height / _LETTER_HEIGHT, 255, thickness)
    return lead > 127


def line_integrals_of(lines: tuple[Line, ...], shape: tuple[int, int]) -> np.ndarray:
    """Line integrals that the cables add, float32 (rows, cols)."""
    added = np.zeros(shape, np.float32)
    for line in lines:
        drawn = np.zeros(shape, np.uint8)
        # Corner points in 1/16 of a pixel.
        points = np.array([(col * shape[1] * 16, row * shape[0] * 16) for row, col in line.points], np.int32)
        cv2.polylines(drawn, [points], False, 255, max(1, round(line.width)), cv2.LINE_AA, 4)
        added += drawn.astype(np.float32) * np.float32(line.integral / 255.0)
    return added
