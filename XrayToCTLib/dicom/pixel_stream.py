"""Pixel stream: the pixel data of a large image made part by part while they are written, never all at once.

pydicom 3 copies from a stream into the file; given bytes, it would hold them three times more.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from .pydicom_versions import major_version

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_PIXEL_DATA = 0x7FE00010
_PART_BYTES = 1 << 20


def set_pixel_data(
    dataset: Dataset, frames: np.ndarray, encode: Callable[[np.ndarray], np.ndarray], *, whole: bool = False
) -> None:
    """Give a data set uncompressed 16-bit Pixel Data.

    Args:
        dataset: that is to be saved; ``frames`` must stay as they are until then.
        frames: (frames, rows, cols), any type.
        encode: makes "<u2" of rows (n, cols) of a frame; called for the same rows perhaps twice.
        whole: as bytes all the same, which pydicom's encoders need.
    """
    stream = io.BufferedReader(_EncodedRows(frames, encode), _PART_BYTES)
    # pydicom 2 knows bytes alone
    dataset.add_new(_PIXEL_DATA, "OW", stream.read(2 * frames.size) if whole or major_version() < 3 else stream)


class _EncodedRows(io.RawIOBase):
    """The encoded frames, one after the other, as a file that can be read from any place."""

    def __init__(self, frames: np.ndarray, encode: Callable[[np.ndarray], np.ndarray]) -> None:
        self._frames, self._encode, self._at = frames, encode, 0
        self._row_bytes = 2 * frames.shape[2]
        self._end = 2 * frames.size

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._end}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, target: memoryview) -> int:  # type: ignore[override]  # typeshed: any buffer
        if self._at >= self._end:
            return 0
        row, skipped = divmod(self._at, self._row_bytes)
        frame, first = divmod(row, self._frames.shape[1])
        count = -(-(skipped + min(len(target), _PART_BYTES)) // self._row_bytes)
        rows = self._encode(self._frames[frame, first : first + count])
        content = np.ascontiguousarray(rows, "<u2").data.cast("B")[skipped:][: len(target)]
        target[: len(content)] = content
        self._at += len(content)
        return len(content)
