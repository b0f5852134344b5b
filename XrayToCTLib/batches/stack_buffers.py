"""Stack buffers: memory that one image's stack leaves for the next one's.

A stack of a large radiograph takes hundreds of megabytes. New memory of that size is paid for page by page, which can
take as long as the network.
"""

from __future__ import annotations

import math
import threading

import numpy as np

_MOST_KEPT = 3  # as many stacks as there may be at once: one in the making, one waiting and one being written
_LARGEST_WASTE = 4


class StackBuffers:
    """A few flat float32 arrays, lent as arrays of any shape that they have room for. Any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._free: list[np.ndarray] = []

    def allocate(self, shape: tuple[int, int, int]) -> np.ndarray:
        """float32 array of a shape, with whatever was in it."""
        size = math.prod(shape)
        with self._lock:
            fitting = [buffer for buffer in self._free if size <= buffer.size <= _LARGEST_WASTE * size]
            if fitting:
                buffer = min(fitting, key=lambda each: each.size)
                self._free = [each for each in self._free if each is not buffer]
                return buffer[:size].reshape(shape)
        return np.empty(size, np.float32).reshape(shape)

    def give_back(self, array: np.ndarray) -> None:
        """What ``allocate`` gave; nobody may look at it any more."""
        buffer = array.base
        if buffer is None or buffer.ndim != 1:
            return
        with self._lock:
            self._free = [*self._free, buffer][-_MOST_KEPT:]

    def clear(self) -> None:
        """Give the memory back to the system."""
        with self._lock:
            self._free = []
