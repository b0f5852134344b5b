"""Translator: one model on one device for many radiographs, in this process."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

from ..ct_stack import CtStack
from ..errors import XrayToCTError
from ..models.card import ModelCard
from ..models.registry import find_model
from ..progress import ProgressCallback
from ..radiograph import Radiograph
from ..readers import read_radiograph
from . import engine

Source: TypeAlias = Radiograph | str | Path
"""A radiograph, or the path of one."""

_WAIT_S = 0.1  # between two looks at whether the other end is gone
_END = object()


class Translator:
    """A model that stays warm.

        with Translator("physics-cyclegan-chest-ct", device="cpu") as translator:
            for stack in translator.translate_many(paths):
                ...

    Thread-safe: calls from several threads take turns, for two networks at once on one device are no faster than one
    after the other and need twice the memory.

    Args:
        model: as for ``translate``. It is looked up now, so that a wrong name is told before the first image.
        device: as for ``translate``.
        read: how ``translate_many`` reads a path; for a spacing or a polarity of your own.

    Attributes:
        card: of the model.
        folder: of its bundle.

    Raises:
        XrayToCTError: there is no such model, or its bundle is broken.
    """

    def __init__(
        self,
        model: str | Path | ModelCard | None = None,
        device: str = "auto",
        *,
        read: Callable[[str | Path], Radiograph] = read_radiograph,
    ) -> None:
        bundle = find_model(model)
        self.folder = bundle.folder  # the folder, not the name: the model stays the same one, whatever is installed
        self._sha256 = bundle.sha256
        self._device, self._read = device, read
        self._turn = threading.Lock()
        self._closed = False
        self.card = bundle.card

    def translate(
        self,
        radiograph: Radiograph,
        *,
        frame: int = 0,
        progress: ProgressCallback | None = None,
        allocate: Callable[[tuple[int, int, int]], np.ndarray] | None = None,
    ) -> CtStack:
        """As ``translate``; raises XrayToCTError also when the translator is closed."""
        with self._turn:
            if self._closed:
                raise XrayToCTError("This translator is closed.", hint="Make a new one.")
            return engine.translate(
                radiograph,
                model=self.folder,
                device=self._device,
                frame=frame,
                progress=progress,
                allocate=allocate,
            )

    def translate_many(
        self, sources: Iterable[Source], *, errors: Literal["raise", "yield"] = "raise", ahead: int = 2
    ) -> Iterator[CtStack | XrayToCTError]:
        """The stacks of many radiographs, in their order, while the next are being read and translated.

        Reading, translating and what the caller does with a stack (writing it, say) overlap: each has a thread.

        Args:
            sources: radiographs or paths; taken one by one, so it may be endless. Frame 0 of each is translated.
            errors: "raise" ends at the first radiograph that fails; "yield" gives its XrayToCTError in its place.
            ahead: how many radiographs are read, and how many stacks made, before the caller asks for them.

        Raises:
            XrayToCTError: with errors="raise". What ``sources`` itself raises is raised either way.
        """
        read, done = _Lane(ahead), _Lane(ahead)
        reader = threading.Thread(target=self._read_all, args=(sources, read), name="reader", daemon=True)
        translator = threading.Thread(target=self._translate_all, args=(read, done), name="translator", daemon=True)
        try:
            reader.start()
            translator.start()
            for item in done:
                if isinstance(item, _Fatal):
                    raise item.error
                if isinstance(item, XrayToCTError) and errors == "raise":
                    raise item
                yield item
                del item  # a stack can be large, and the caller may have let it go
        finally:
            read.stop()
            done.stop()
            for thread in (translator, reader):
                if thread.ident is not None:
                    thread.join()

    def close(self) -> None:
        """Free the memory of its network; those of other models stay warm. May be called again."""
        with self._turn:
            if not self._closed:
                self._closed = True
                engine.forget_networks(self._sha256)

    def __enter__(self) -> Translator:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read_all(self, sources: Iterable[Source], read: _Lane) -> None:
        with contextlib.suppress(_Stopped):
            try:
                for source in sources:
                    try:
                        read.put(source if isinstance(source, Radiograph) else self._read(source))
                    except XrayToCTError as error:
                        read.put(error)
            except _Stopped:
                raise
            except BaseException as error:  # of the iterable: the caller's thread shall see it
                read.put(_Fatal(error))
            read.end()

    def _translate_all(self, read: _Lane, done: _Lane) -> None:
        with contextlib.suppress(_Stopped):
            for item in read:
                if isinstance(item, Radiograph):
                    try:
                        item = self.translate(item)
                    except XrayToCTError as error:
                        item = error
                    except BaseException as error:
                        item = _Fatal(error)
                done.put(item)
                del item
            done.end()


class _Stopped(Exception):  # noqa: N818 - never leaves this module
    """The caller wants no more."""


class _Fatal:
    """What must end the stream, whatever is to be done with radiographs that fail."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


class _Lane:
    """A short queue between two threads that either end can close."""

    def __init__(self, length: int) -> None:
        self._queue: queue.Queue[Any] = queue.Queue(max(1, length))
        self._stopped = threading.Event()

    def put(self, item: Any) -> None:
        """Wait for a place; raises _Stopped."""
        while not self._stopped.is_set():
            with contextlib.suppress(queue.Full):
                self._queue.put(item, timeout=_WAIT_S)
                return
        raise _Stopped

    def end(self) -> None:
        """No more will be put."""
        self.put(_END)

    def stop(self) -> None:
        """No more will be taken."""
        self._stopped.set()

    def __iter__(self) -> Iterator[Any]:
        while not self._stopped.is_set():
            with contextlib.suppress(queue.Empty):
                item = self._queue.get(timeout=_WAIT_S)
                if item is _END:
                    return
                yield item
                del item
        raise _Stopped
