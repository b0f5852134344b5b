"""Together or alone: images share a process as a rule; one that finds too little memory gets it to itself once."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator


class TogetherOrAlone:
    """A lock that many may hold together, or one alone. Who waits to be alone goes first, so that it comes to it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._together = 0
        self._wanting_alone = 0
        self._alone = False

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: not self._alone and not self._wanting_alone)
            self._together += 1
        try:
            yield
        finally:
            with self._changed:
                self._together -= 1
                self._changed.notify_all()

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        with self._changed:
            self._wanting_alone += 1
            self._changed.wait_for(lambda: not self._alone and self._together == 0)
            self._wanting_alone -= 1
            self._alone = True
        try:
            yield
        finally:
            with self._changed:
                self._alone = False
                self._changed.notify_all()
