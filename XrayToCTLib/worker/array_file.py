"""Array file: an array handed over as .npy, written wholly or not at all, gone as soon as it was read."""

from __future__ import annotations

import errno
import math
import os
import threading
import weakref
from pathlib import Path

import numpy as np

_MOST_MAPPED = 64  # each mapped array holds a file descriptor; a process may have as few as 256
_mapped: list[weakref.ref[np.ndarray]] = []
_lock = threading.Lock()


def write_array(path: Path, array: np.ndarray) -> None:
    """Write ``array`` to ``path``.

    Not ``np.save``: it writes through a C buffer whose last part a full disk can swallow without an error.

    Raises:
        OSError: it could not be written; nothing is left.
    """
    array = np.ascontiguousarray(array)
    try:
        with path.open("wb") as file:
            np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(array))
            file.write(array.data.cast("B"))
    except OSError:
        path.unlink(missing_ok=True)
        raise


def shared_array(path: Path, shape: tuple[int, ...]) -> np.ndarray | None:
    """A float32 array whose memory is the file ``path``: what is written to it need not be written again.

    The disk's blocks are taken first, for a full disk would otherwise kill the process in the middle of a write.

    Returns:
        None where blocks cannot be taken beforehand (macOS, Windows, some file systems).

    Raises:
        OSError: the disk is full; nothing is left.
    """
    if not hasattr(os, "posix_fallocate"):
        return None
    array = np.empty((0,), np.float32)
    header = np.lib.format.header_data_from_array_1_0(array) | {"shape": shape}
    try:
        with path.open("w+b") as file:
            np.lib.format.write_array_header_1_0(file, header)
            file.flush()
            start = file.tell()
            os.posix_fallocate(file.fileno(), 0, start + math.prod(shape) * array.itemsize)
            return np.memmap(file, np.float32, "r+", start, shape).view(np.ndarray)
    except OSError as error:
        path.unlink(missing_ok=True)
        if error.errno in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS):
            return None
        raise


def take_array(path: Path) -> np.ndarray:
    """The array in ``path``, writable, and remove the file.

    Where a file may be removed while it is mapped (not on Windows), its pages become the array's memory without a copy.

    Raises:
        OSError: there is no such file, or not enough memory to map it.
        ValueError: it is cut short, holds objects, or is no .npy file.
    """
    try:
        if os.name == "nt" or not _may_map():
            array: np.ndarray = np.load(path, allow_pickle=False)
        else:
            mapped = np.load(path, mmap_mode="c", allow_pickle=False)
            with _lock:
                _mapped.append(weakref.ref(mapped))
            array = mapped.view(np.ndarray)  # a plain array, whose base keeps the mapping alive
    except (EOFError, TypeError) as error:  # TypeError: a header that is no header
        raise ValueError(str(error)) from error
    finally:
        path.unlink(missing_ok=True)
    return array


def _may_map() -> bool:
    with _lock:
        _mapped[:] = [reference for reference in _mapped if reference() is not None]
        return len(_mapped) < _MOST_MAPPED
