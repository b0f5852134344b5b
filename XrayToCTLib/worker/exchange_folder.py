"""Exchange folder: a private temporary folder in which one client and one worker hand arrays to each other.

The client holds a lock on a file in it for as long as it lives. Whoever is last removes the folder: the client, the
worker when its client is gone, and where both were killed, the next client that starts.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import IO

from ..errors import XrayToCTError

_PREFIX = "xray-to-ct-worker-"
_LOCK = "in-use"
_YOUNG_S = 60.0  # a folder without a lock may be one that is just being made


class ExchangeFolder:
    """The client's end.

    Raises:
        XrayToCTError: there is no temporary folder to write to.
    """

    def __init__(self, parent: str | Path | None = None) -> None:
        self._lock: IO[bytes] | None = None
        try:
            self.path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent)).absolute()  # mode 700: images of patients
            self._lock = (self.path / _LOCK).open("wb")
            _try_lock(self._lock)
        except OSError as error:
            if hasattr(self, "path"):
                self.remove()
            raise XrayToCTError(
                f"No temporary folder could be made in {parent or tempfile.gettempdir()} ({error.strerror or error}).",
                hint="Free some space there, or set TMPDIR (on Windows TEMP) to a folder that you may write to.",
            ) from error

    def remove(self) -> None:
        """Remove it with all that is in it. May be called again."""
        if self._lock is not None:
            self._lock.close()
        shutil.rmtree(self.path, ignore_errors=True)


def remove_abandoned(parent: str | Path | None = None) -> None:
    """Remove the exchange folders of clients that were killed together with their workers."""
    with contextlib.suppress(OSError):
        for folder in Path(parent or tempfile.gettempdir()).glob(f"{_PREFIX}*"):
            if _is_abandoned(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_abandoned(folder: Path) -> bool:
    try:
        if not (folder / _LOCK).exists():
            return time.time() - folder.stat().st_mtime > _YOUNG_S
        if os.name == "nt":  # an open file cannot be removed there
            (folder / _LOCK).unlink()
            return True
        with (folder / _LOCK).open("rb+") as lock:
            return _try_lock(lock)
    except OSError:  # of another user, or just removed
        return False


def _try_lock(file: IO[bytes]) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows: that the file is open is the lock
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
