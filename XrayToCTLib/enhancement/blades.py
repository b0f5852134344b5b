"""Collimator blades: straight bright edges from one side of the image to the other, and what lies behind them."""

from __future__ import annotations

import numpy as np

# Steps are taken between means over this share of the side, at which a penumbra is a step and a rib is none.
_REACH = 0.03
# A blade's edge: so much of its length steps outwards to brighter by 1 % of the range, so much by 15 %.
_LENGTH, _LEAST_STEP = 0.9, 0.01
_CLEAR_LENGTH, _CLEAR_STEP = 0.5, 0.15
# What the blade shadows is at least as bright as this, over so much of the image's border.
_SHADOW, _BORDER = 0.7, 0.9
_DEEPEST = 0.45
_TILTS = (-0.03, -0.02, -0.01, 0.0, 0.01, 0.02, 0.03)


def behind_blades(image: np.ndarray, low: float, high: float) -> np.ndarray:
    """bool (rows, cols): True behind the blades' edges and in their penumbra.

    A blade's shadow need not be white, nor of one value: scattered radiation and a tilted tube shade it, so that no
    grey level tells it from anatomy. Its edge does: it is straight, it crosses the whole image, and outwards of it the
    image is brighter nearly everywhere. No part of a body does that.

    Args:
        image: (rows, cols), bone bright, reduced to a few hundred pixels a side.
        low, high: its range.
    """
    share = ((image - np.float32(low)) / np.float32(max(high - low, 1e-30))).astype(np.float32)
    found = np.zeros(image.shape, bool)
    if min(image.shape) < 64:
        return found
    for turns in range(4):  # each side in turn is the left one
        depth = _blade(np.ascontiguousarray(np.rot90(share, turns)))
        if depth is not None:
            across = np.arange(image.shape[1] if turns % 2 == 0 else image.shape[0])
            found |= np.rot90(across[None] < depth[:, None], -turns)
    return found


def _blade(share: np.ndarray) -> np.ndarray | None:
    """For each row, how many pixels from the left the blade and half its penumbra take; None without a blade."""
    import cv2

    rows, cols = share.shape
    if np.mean(share[:, :2].mean(axis=1) > _SHADOW) < _BORDER:
        return None
    reach = max(2, round(_REACH * cols))
    sums = np.cumsum(np.pad(share, ((0, 0), (1, 0))), axis=1, dtype=np.float64)
    means = (sums[:, reach:] - sums[:, :-reach]) / reach
    steps = np.asarray(means[:, :-reach] - means[:, reach:], np.float32)  # at column reach + i
    middle = np.arange(rows) - (rows - 1) / 2
    best: tuple[float, int, float] | None = None
    for tilt in _TILTS:
        shear = np.array([[1.0, tilt, -tilt * (rows - 1) / 2], [0.0, 1.0, 0.0]], np.float32)
        flags = cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR
        upright = cv2.warpAffine(steps, shear, steps.shape[::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE)
        upright = upright[:, : max(1, round(_DEEPEST * cols) - reach)]
        fits = (upright > _LEAST_STEP).mean(axis=0) >= _LENGTH
        fits &= (upright > _CLEAR_STEP).mean(axis=0) >= _CLEAR_LENGTH
        if fits.any():
            strength = np.where(fits, np.median(upright, axis=0), -1.0)
            place = int(strength.argmax())
            if best is None or strength[place] > best[0]:
                best = float(strength[place]), place, tilt
    if best is None:
        return None
    _, place, tilt = best
    return np.asarray(place + 1.5 * reach + tilt * middle)
