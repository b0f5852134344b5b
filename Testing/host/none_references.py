"""None references: so many of them that those which PySide6 gives away cannot run out.

Before Python 3.12 None is counted like any object. PySide6 (measured: 6.12.0 on 3.11) takes one reference too many at
every call that returns nothing, and after some hundred panels the process ends with "deallocating None".
"""

from __future__ import annotations

import ctypes
import sys

_MANY = 1 << 30


def keep_none() -> None:
    """Adds references to None, once a process, where the interpreter counts them."""
    if sys.version_info >= (3, 12) or sys.getrefcount(None) > _MANY // 2:
        return
    count = ctypes.c_ssize_t.from_address(id(None))
    if abs(count.value - sys.getrefcount(None)) < 100:  # a build for debugging begins with other fields
        count.value += _MANY
