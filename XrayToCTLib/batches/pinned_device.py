"""Pinned device: all images of a batch, and of its continuation, run in the backend that was the fastest at its start.

"auto" and "cpu" measure. On a busy machine two measurements may end differently, and half precision gives other bytes
than single precision: so the first worker that needs to know writes down what it found, beside the ledger.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import uuid
from pathlib import Path

from ..models.bundle import Bundle
from ..translation.backends.protocol import backend_key
from ..translation.backends.table import backend_called
from ..translation.device import choose_device

_FOLDER = "devices"


def pinned_device(state: Path, bundle: Bundle, wanted: str) -> str:
    """The name of the one backend to use.

    Args:
        state: folder that all workers see.
        bundle: of the model.
        wanted: as a user gave it.

    Raises:
        XrayToCTError: there is no such device, or nothing that could run the model.
        OSError: the folder cannot be written to.
    """
    name = hashlib.sha256(f"{bundle.sha256} {wanted}".encode()).hexdigest()[:16]
    note = state / _FOLDER / name
    if known := _read(note):
        return known
    device = choose_device(wanted, bundle)
    if device.fallback:  # each result shall say that it is not what was asked for
        return wanted
    temporary = note.with_name(f".{name}.{uuid.uuid4().hex}")
    note.parent.mkdir(exist_ok=True)
    temporary.write_text(backend_key(device.backends[0]), encoding="ascii")
    try:
        with contextlib.suppress(FileExistsError):
            os.link(temporary, note)  # whole, and only if no other worker was first
    except OSError:  # a disk without links: the last one wins
        temporary.replace(note)
    temporary.unlink(missing_ok=True)
    return _read(note) or wanted


def _read(note: Path) -> str:
    """ "" for what is not there, or no name of this version's."""
    try:
        text = note.read_text(encoding="ascii")
    except (OSError, ValueError):
        return ""
    return text if backend_called(text) is not None else ""
