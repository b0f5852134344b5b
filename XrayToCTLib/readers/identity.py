"""SHA-256 of a file: the identity of an image that has no UID."""

from __future__ import annotations

import errno
import hashlib
from pathlib import Path

_BLOCK = 1 << 20


def file_sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of the file's bytes, read a block at a time.

    Raises:
        OSError: it cannot be read, or is a pipe, which would be waited for without an end.
    """
    if path.is_fifo():
        raise OSError(errno.EINVAL, "it is a pipe, not a file")
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
