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
    owner = (rows * down // rows.size)[:, None] * across + (cols * across // cols.size)[None]
    coarse = levels // (_LEVELS // bins)
    counts = np.bincount((owner * bins + coarse).ravel(), minlength=down * across * bins)
    tables = _curves(counts.reshape(down * across, bins).astype(np.float64), clip_limit).ravel()
    top, bottom, lower = _neighbours(rows.size, down)
    left, right, later = _neighbours(cols.size, across)
    # One row of tiles at a time is in use; columns are blended first.
    result = np.zeros(levels.shape, np.float32)
    for tile_row, weight in ((top, 1.0 - lower), (bottom, lower)):
        first = (tile_row * across)[:, None]
        one = tables[(first + left) * _LEVELS + levels]
        one += later * (tables[(first + right) * _LEVELS + levels] - one)
        one *= weight[:, None]
        result += one
    return result


def _curves(counts: np.ndarray, clip_limit: float) -> np.ndarray:
    """float32 (tiles, 65536), 0..65535, of histograms (tiles, bins); what is cut is spread over all bins."""
    pixels = counts.sum(axis=1, keepdims=True)
    bins = counts.shape[1]
    clipped = np.minimum(counts, clip_limit * pixels / bins)
    clipped += (pixels - clipped.sum(axis=1, keepdims=True)) / bins
    shares = np.cumsum(clipped, axis=1) / pixels
    edges = np.arange(bins + 1) * (_LEVELS / bins)
    # A level stands for the middle of its own width, so that a flat histogram gives the identity.
    places = np.arange(_LEVELS) + 0.5
    tables = np.stack([np.interp(places, edges, np.concatenate([[0.0], share])) for share in shares])
    return np.asarray(np.clip(tables * _LEVELS - 0.5, 0, _LEVELS - 1), np.float32)


def _neighbours(count: int, tiles: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each pixel of a line: the tile whose centre lies before, the one after, and the weight of the latter."""
    place = (np.arange(count) + 0.5) * tiles / count - 0.5
    before = np.floor(place).astype(np.int64)
    weight = (place - before).astype(np.float32)
    return np.clip(before, 0, tiles - 1), np.clip(before + 1, 0, tiles - 1), weight
