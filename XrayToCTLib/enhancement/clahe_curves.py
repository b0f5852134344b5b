"""CLAHE for images whose tiles hold too few pixels, or whose pixels hold too few levels, for 65,536 bins.

With a bin a level, the clip limit of a small tile is less than one pixel, and a 12-bit image stretched over 16 bits
fills one bin in 16, which the limit then cuts to nothing: OpenCV's 16-bit CLAHE does hardly anything to either. Here
the bins are as coarse as the tile needs and the curve runs linearly through each, so that no levels are lost.
"""

from __future__ import annotations

import numpy as np

_LEVELS = 65536
_MOST_BINS = 1024
# Pixels at the clip limit, so that chance hardly fills a bin.
_PIXELS = 8.0


def bins_for(clip_limit: float, pixels: float, levels: float) -> int:
    """How many bins: a power of two.

    Args:
        clip_limit: in multiples of a flat histogram.
        pixels: of a tile.
        levels: that the image holds over the whole range.
    """
    wanted = min(clip_limit * pixels / _PIXELS, levels, _MOST_BINS)
    return int(2 ** np.floor(np.log2(max(wanted, 16.0))))


def equalise_tiles(levels: np.ndarray, tiles: tuple[int, int], clip_limit: float, bins: int) -> np.ndarray:
    """Equalised levels, float32 (rows, cols), 0..65535.

    Args:
        levels: uint16 (rows, cols).
        tiles: (down, across).
        clip_limit: in multiples of a flat histogram.
        bins: a power of two up to 65536.
    """
    down, across = tiles
    rows, cols = (np.arange(count) for count in levels.shape)
    width = _LEVELS // bins
    coarse = (levels >> (width.bit_length() - 1)).astype(np.int32)
    owner = (rows * down // rows.size)[:, None] * across + (cols * across // cols.size)[None]
    counts = np.bincount((owner.astype(np.int32) * bins + coarse).ravel(), minlength=down * across * bins)
    curves = _curves(counts.reshape(down * across, bins).astype(np.float64), clip_limit).reshape(down, across * bins)
    # A level stands for the middle of its own width, so that a flat histogram gives the identity.
    place = ((levels & (width - 1)) + np.float32(0.5)) * np.float32(1.0 / width)
    top, bottom, lower = _neighbours(rows.size, down)
    left, right, later = _neighbours(cols.size, across)
    left, right = ((tile * bins).astype(np.int32) for tile in (left, right))
    result = np.empty(levels.shape, np.float32)
    # Row by row, since the curves of one row of pixels stay in the cache: tiles above and below are blended first.
    for row, line in enumerate(coarse):
        above = curves[top[row]]
        near = above + lower[row] * (curves[bottom[row]] - above)
        curve = near[left + line]
        curve += later * (near[right + line] - curve)
        result[row] = curve.real + place[row] * curve.imag
    return np.clip(result, 0, _LEVELS - 1, out=result)


def _curves(counts: np.ndarray, clip_limit: float) -> np.ndarray:
    """complex64 (tiles, bins) of histograms (tiles, bins); what is cut is spread over all bins.

    The real part is the level at which a bin's piece of the curve begins, the imaginary part what it rises by: one look
    into the table gives both.
    """
    pixels = counts.sum(axis=1, keepdims=True)
    clipped = np.minimum(counts, clip_limit * pixels / counts.shape[1])
    clipped += (pixels - clipped.sum(axis=1, keepdims=True)) / counts.shape[1]
    rises = clipped * (_LEVELS / pixels)
    curves = np.empty(counts.shape, np.complex64)
    curves.real = np.cumsum(rises, axis=1) - rises - 0.5
    curves.imag = rises
    return curves


def _neighbours(count: int, tiles: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each pixel of a line: the tile whose centre lies before, the one after, and the weight of the latter."""
    place = (np.arange(count) + 0.5) * tiles / count - 0.5
    before = np.floor(place).astype(np.int64)
    weight = (place - before).astype(np.float32)
    return np.clip(before, 0, tiles - 1), np.clip(before + 1, 0, tiles - 1), weight
