"""Mask: which pixels are anatomy, and which are collimation or direct exposure."""

from __future__ import annotations

import numpy as np

from .blades import behind_blades

# Longer side of the image on which regions are grown.
_SIDE = 384
# A line of pixels that varies by less than this share of the range, at one of its ends, is collimation.
_FLAT = 0.01
# Grey levels within this share of an end of the range belong to direct exposure or to collimation.
_END = 0.04
# So does what is within this share of the dark end and rises by less than this share of the range in a thumbnail pixel:
# direct exposure glows with scattered radiation, and its border would else run where no border is.
_GLOW, _CALM = 0.1, 0.004
# A mask that leaves less than this share of the image is a misunderstanding.
_LEAST = 0.1


def anatomy_mask(image: np.ndarray) -> np.ndarray:
    """True for anatomy, False for collimation frames (black or white) and for direct exposure that meets the border.

    Frames: lines at the border that hold one end of the grey scale, and what lies behind collimator blades (see
    ``blades``). Regions: pixels within 4 % of the dark end, or within 10 % of it where the image is flat, that are
    connected with the border or a frame, and within 1 % of the bright end that are connected with a corner; opened by
    3 x 3 thumbnail pixels so that no thread leads into the body. Invalid pixels (NaN, infinite) are False. Where
    hardly anything would be left, the whole image counts.

    Args:
        image: (rows, cols).

    Returns:
        bool (rows, cols).
    """
    image = np.asarray(image, np.float32)
    valid = np.isfinite(image)
    if not valid.any():
        return np.ones(image.shape, bool)
    low, high = (float(value) for value in (image[valid].min(), image[valid].max()))
    if low == high:
        return np.ones(image.shape, bool)
    filled = image if valid.all() else np.where(valid, image, np.float32(low))
    mask = np.zeros(image.shape, bool)
    box = _within_frames(filled, low, high)
    mask[box] = ~_from_border(filled[box], low, high)
    mask &= valid
    return mask if mask.mean() >= _LEAST else valid


def _within_frames(image: np.ndarray, low: float, high: float) -> tuple[slice, slice]:
    """The image without the lines at its border that hold one end of the grey scale."""
    margin = _FLAT * (high - low)
    slices = []
    for axis in (1, 0):
        least, most = image.min(axis=axis), image.max(axis=axis)
        kept = np.flatnonzero((most > low + margin) & (least < high - margin))
        slices.append(slice(int(kept[0]), int(kept[-1]) + 1) if kept.size else slice(0, image.shape[1 - axis]))
    return slices[0], slices[1]


def _from_border(image: np.ndarray, low: float, high: float) -> np.ndarray:
    """bool (rows, cols): regions at either end of the grey scale that are connected with the border."""
    import cv2

    factor = max(1.0, max(image.shape) / _SIDE)
    size = (max(1, round(image.shape[1] / factor)), max(1, round(image.shape[0] / factor)))
    small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA)).reshape(size[::-1])
    found = behind_blades(small, low, high).astype(np.uint8)
    # Direct exposure may meet the image's border behind a frame: what touches the frame counts as touching the border.
    outer = cv2.dilate(cv2.copyMakeBorder(found, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1), np.ones((9, 9), np.uint8))
    rim = np.asarray(outer)[1:-1, 1:-1].astype(bool)
    ground = small[found == 0]
    ground = ground if ground.size else small.ravel()
    # What spreads over a wide frame is direct exposure; its own grey level, not the darkest pixel, is the end.
    dark = max(low, float(np.quantile(ground, 0.002)))
    bright = float(np.quantile(ground, 0.998))
    margin = _END * (bright - dark)
    dark_end = (small <= dark + margin) | _glow(small, dark, bright)
    for region, at_corner in ((dark_end, False), (small >= high - _FLAT * (high - low), True)):
        opened = cv2.morphologyEx(
            cv2.copyMakeBorder(region.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_REPLICATE),
            cv2.MORPH_OPEN,
            np.ones((3, 3), np.uint8),
        )[1:-1, 1:-1]
        _, labels = cv2.connectedComponents(np.ascontiguousarray(opened), connectivity=4)
        # An abdomen meets the lower border as white as collimation, but collimation lies in the corners.
        corners = labels[[0, 0, -1, -1], [0, -1, 0, -1]]
        border = labels[rim] if found.any() else np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
        edge = np.unique(corners if at_corner else border)
        found |= np.isin(labels, edge[edge > 0]).astype(np.uint8)
    if not found.any():
        return np.zeros(image.shape, bool)
    return np.asarray(cv2.resize(found, image.shape[::-1], interpolation=cv2.INTER_NEAREST_EXACT)).astype(bool)


def _glow(small: np.ndarray, dark: float, bright: float) -> np.ndarray:
    """bool (rows, cols): dark and flat; single pixels that noise has left out are filled in."""
    import cv2

    span = bright - dark
    calm = cv2.GaussianBlur(small, (0, 0), 1.0)
    across, down = cv2.Sobel(calm, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(calm, cv2.CV_32F, 0, 1, scale=1 / 8)
    slope = np.asarray(cv2.magnitude(across, down)).reshape(small.shape)
    glow = (small <= dark + _GLOW * span) & (slope < _CALM * span)
    closed = cv2.morphologyEx(glow.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    return np.asarray(closed).reshape(small.shape).astype(bool)
