"""Parent watch: a worker must not outlive its client, even where some other process keeps the pipe open."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable

_EVERY_S = 1.0


def watch_parent(client: int, on_gone: Callable[[], None]) -> None:
    """Call ``on_gone`` from a thread of its own as soon as the process ``client`` is gone."""
    wait = _wait_on_windows if sys.platform == "win32" else _wait_on_posix

    def watch() -> None:
        wait(client)
        on_gone()

    threading.Thread(target=watch, name="parent watch", daemon=True).start()


def _wait_on_posix(client: int) -> None:
    parent = os.getppid()  # the client, or a launcher between it and us
    while os.getppid() == parent and _exists(client):
        time.sleep(_EVERY_S)


def _exists(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _wait_on_windows(client: int) -> None:
    import ctypes

    synchronize, infinite = 0x00100000, 0xFFFFFFFF
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined,unused-ignore]
    kernel.OpenProcess.restype = ctypes.c_void_p
    handle = kernel.OpenProcess(synchronize, False, client)
    if handle:
        kernel.WaitForSingleObject(ctypes.c_void_p(handle), infinite)
        return
    threading.Event().wait()  # it may not be watched: the end of stdin must do
