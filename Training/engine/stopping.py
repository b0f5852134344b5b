"""Stopping: Ctrl-C and SIGTERM end the run after the step at hand."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """Whether somebody asked the run to stop."""

    def __init__(self) -> None:
        self.made = False


@contextmanager
def stop_on_signals() -> Iterator[StopRequest]:
    """The first signal is a request; the second one ends the process at once, as it would have without this."""
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request  # only the main thread may set handlers
        return
    before = {name: signal.getsignal(name) for name in _SIGNALS}

    def stop(signum: int, frame: FrameType | None) -> None:
        request.made = True
        for name, handler in before.items():
            signal.signal(name, handler)
        print("Stopping after this step, with a checkpoint; once more stops at once.", file=sys.stderr, flush=True)

    for name in _SIGNALS:
        signal.signal(name, stop)
    try:
        yield request
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
