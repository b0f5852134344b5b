"""Residual: how far, in mm on the detector, features of a projection still lie from those of the radiograph."""

from __future__ import annotations

import math

import numpy as np

from .pyramid import Level

_TILE_MM = 48.0  # about
_CLEAR_PEAK = 0.1  # of the phase correlation: below, a tile holds nothing that could be found again
_FEWEST_TILES = 4


def shift_between(level: Level, pose: np.ndarray) -> float:
    """Median length of the shift between the two images, mm on the detector, over tiles of about 48 mm.

    The shift of a tile is the peak of its phase correlation (Foroosh et al., IEEE TIP 11(3), 2002). The median, because
    a tile without structure along one direction may give any shift along it. NaN where fewer than four tiles have a
    clear peak.
    """
    import cv2

    made, target = level.features(pose), level.target
    weight = level.weight(pose, 1.5 * level.sigma * level.geometry.spacing[0])
    # Powers of two: of an odd length, OpenCV's phase correlation is off by half a pixel.
    size = [2 ** max(4, round(math.log2(_TILE_MM / mm))) for mm in level.geometry.spacing]
    window = cv2.createHanningWindow((size[1], size[0]), cv2.CV_32F)
    shifts = []
    for row in range(0, made.shape[0] - size[0] + 1, max(1, size[0] // 2)):
        for col in range(0, made.shape[1] - size[1] + 1, max(1, size[1] // 2)):
            tile = np.s_[row : row + size[0], col : col + size[1]]
            if weight[tile].mean() < 0.9:
                continue
            (across, down), peak = cv2.phaseCorrelate(
                np.ascontiguousarray(made[tile]), np.ascontiguousarray(target[tile]), window
            )
            if peak > _CLEAR_PEAK:
                shifts.append(math.hypot(down * level.geometry.spacing[0], across * level.geometry.spacing[1]))
    return float(np.median(shifts)) if len(shifts) >= _FEWEST_TILES else math.nan
