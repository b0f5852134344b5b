"""From bit patterns of the pixel data to stored values: unused bits, sign and padding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

# Patterns a block: 16-bit patterns become 64-bit indices, which would cost four times the image if done at once.
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class StoredValues:
    """Everything about the stored values, told once for each bit pattern instead of once for each pixel.

    Attributes:
        values: int32, shape (2 ** bits allocated,), the stored value of each pattern.
        counts: int64, same shape, how many pixels have the pattern.
        padding: bool, same shape, True where the pattern is pixel padding (not part of the image).
    """

    values: np.ndarray
    counts: np.ndarray
    padding: np.ndarray

    @property
    def present(self) -> np.ndarray:
        """True for patterns that occur in the image proper."""
        return (self.counts > 0) & ~self.padding

    @property
    def padded_pixels(self) -> int:
        return int(self.counts[self.padding].sum())


def stored_values(dataset: Dataset, patterns: np.ndarray, *, native: bool) -> StoredValues:
    """Values, histogram and padding of ``patterns`` (uint8 or uint16, any shape).

    ``native``: the pixel data were not compressed, so that High Bit may lie elsewhere than on top of the stored bits.
    """
    allocated = patterns.dtype.itemsize * 8
    stored = int(dataset.get("BitsStored") or allocated)
    if not 1 <= stored <= allocated:
        stored = allocated
    high = dataset.get("HighBit")
    shift = int(high) + 1 - stored if native and high is not None else 0
    if not 0 <= shift <= allocated - stored:
        shift = 0
    every = np.arange(1 << allocated, dtype=np.int64)
    values = (every >> shift) & ((1 << stored) - 1)
    signed = int(dataset.get("PixelRepresentation") or 0) == 1
    if signed:
        values -= (values >> (stored - 1)) << stored
    counts = np.zeros(1 << allocated, dtype=np.int64)
    flat = patterns.reshape(-1)
    for start in range(0, flat.size, _BLOCK):
        counts += np.bincount(flat[start : start + _BLOCK], minlength=counts.size)
    return StoredValues(values.astype(np.int32), counts, _padding(dataset, every, values, stored, signed))


def map_patterns(patterns: np.ndarray, table: np.ndarray) -> np.ndarray:
    """``table[patterns]`` without a full-size index array; float32, the shape of ``patterns``."""
    result = np.empty(patterns.shape, dtype=np.float32)
    source, target = patterns.reshape(-1), result.reshape(-1)
    for start in range(0, source.size, _BLOCK):
        np.take(table, source[start : start + _BLOCK], out=target[start : start + _BLOCK], mode="clip")
    return result


def _padding(dataset: Dataset, every: np.ndarray, values: np.ndarray, stored: int, signed: bool) -> np.ndarray:
    """Pixel Padding Value (0028,0120), and up to Pixel Padding Range Limit (0028,0121) (PS3.3 C.7.5.1.1.2)."""
    limits = []
    for keyword in ("PixelPaddingValue", "PixelPaddingRangeLimit"):
        raw = dataset.get(keyword)
        if isinstance(raw, (int, np.integer)):
            limits.append(int(raw))
    if not limits or not isinstance(dataset.get("PixelPaddingValue"), (int, np.integer)):
        return np.zeros(every.size, dtype=bool)
    if len(limits) == 1:
        # Some writers fill bits beyond the stored ones too: match the whole pattern as well.
        return (values == _as_stored(limits[0], stored, signed)) | (every == limits[0] % every.size)
    low, high = sorted(_as_stored(limit, stored, signed) for limit in limits)
    return (values >= low) & (values <= high)


def _as_stored(limit: int, stored: int, signed: bool) -> int:
    """A padding value written as US although the pixels are signed, or the reverse, brought to the pixels' own sign."""
    if signed and limit >= 1 << (stored - 1):
        return limit - (1 << stored) if limit < 1 << stored else limit - (1 << 16)
    return limit + (1 << 16) if not signed and limit < 0 else limit
