"""Server: what runs in the child process. It ends with its stdin, with its client, or when it is told to."""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import IO, Any

import numpy as np

from ..errors import XrayToCTError
from ..progress import TranslationCancelled
from ..version import __version__
from .array_file import shared_array, take_array, write_array
from .faults import disk_error, memory_error
from .parent_watch import watch_parent
from .protocol import LONGEST_LINE, PROTOCOL, BrokenMessage, decode, encode
from .records import model_of, radiograph_of, stack_record

_BROKEN_REQUEST = 2  # exit status


class Server:
    """Translates what it is asked for, one request after another, and keeps the networks warm between them.

    Args:
        requests: where messages come from.
        replies: where messages go to.
        folder: the exchange folder.
    """

    def __init__(self, requests: IO[bytes], replies: IO[bytes], folder: Path) -> None:
        self._requests, self._replies, self._folder = requests, replies, folder
        self._wanted: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self.cancelled = 0  # the last request that was cancelled; their numbers rise

    def run(self) -> None:
        """Greet, then serve until told to stop."""
        self.send("hello", protocol=PROTOCOL, version=__version__)
        threading.Thread(target=self._listen, name="requests", daemon=True).start()
        with contextlib.suppress(XrayToCTError):
            from ..translation import engine  # noqa: F401 - while the client is still preparing its request
        while (request := self._wanted.get()) is not None:
            self.serve(request)

    def serve(self, request: dict[str, Any]) -> None:
        """Answer one request with a result or an error; whatever goes wrong in it, the server lives on."""
        number = request["id"]
        error: XrayToCTError
        try:
            self._translate(request)
            return
        except XrayToCTError as known:
            error = known
        except MemoryError:
            error = memory_error()
        except OSError as failure:
            traceback.print_exc()
            error = disk_error(self._folder, failure)
        except Exception as unknown:
            traceback.print_exc()
            error = XrayToCTError(
                f"The translation failed ({type(unknown).__name__}: {unknown}).",
                hint="This is a fault of XrayToCT: please report it with the log.",
            )
        for name in (request["pixels"], _stack_file(number)):
            (self._folder / name).unlink(missing_ok=True)
        self.send(
            "error",
            id=number,
            message=error.message,
            hint=error.hint,
            cancelled=isinstance(error, TranslationCancelled),
        )
        del error  # its traceback holds this frame and all arrays of the run: a circle, not freed at once

    def send(self, kind: str, **fields: Any) -> None:
        try:
            self._replies.write(encode(kind, **fields))
            self._replies.flush()
        except OSError:  # nobody listens any more
            self.leave()

    def leave(self, status: int = 0) -> None:
        """End at once, with everything that was started here and every file, whatever is being computed."""
        shutil.rmtree(self._folder, ignore_errors=True)
        if os.name == "posix" and os.getpgrp() == os.getpid() and status == 0:
            os.killpg(0, signal.SIGKILL)
        os._exit(status)

    def _translate(self, request: dict[str, Any]) -> None:
        from ..translation import engine

        number = request["id"]

        def progress(fraction: float, phase: str) -> bool:
            self.send("progress", id=number, fraction=fraction, phase=phase)
            return number > self.cancelled

        def report(fraction: float, phase: str) -> None:
            if progress(fraction, phase) is False:
                raise TranslationCancelled

        report(0.0, "reading the radiograph")
        shared: list[np.ndarray] = []

        def allocate(shape: tuple[int, int, int]) -> np.ndarray:
            array = shared_array(self._folder / _stack_file(number), shape)
            if array is None:
                return np.empty(shape, np.float32)
            shared.append(array)
            return array

        stack = engine.translate(
            # No name here holds it: its memory is free again before the stack is made.
            radiograph_of(request["radiograph"], take_array(self._folder / request["pixels"])),
            model=model_of(request.get("model")),
            device=request["device"],
            progress=lambda fraction, phase: progress(0.02 + 0.85 * fraction, phase),
            allocate=allocate,
        )
        report(0.87, "writing the stack")
        if not any(stack.hu is array for array in shared):
            write_array(self._folder / _stack_file(number), stack.hu)
        report(0.99, "handing over the stack")
        self.send("result", id=number, stack=stack_record(stack), hu=_stack_file(number))

    def _listen(self) -> None:
        """Requests and cancels, while the main thread computes."""
        while line := self._requests.readline(LONGEST_LINE):
            try:
                message = decode(line)
            except BrokenMessage as broken:
                print(f"The client sent {broken}.", file=sys.stderr, flush=True)
                self.leave(_BROKEN_REQUEST)
            if message["kind"] == "translate":
                self._wanted.put(message)
            elif message["kind"] == "cancel":
                self.cancelled = message["id"]
            elif message["kind"] == "shutdown":
                self._wanted.put(None)
        self.leave()


def _stack_file(number: int) -> str:
    return f"stack-{number}.npy"


def own_streams() -> tuple[IO[bytes], IO[bytes]]:
    """(requests, replies) on descriptors of their own. From now on stdin is empty and whatever a library prints to
    stdout, from Python or from C, goes to stderr."""
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return requests, replies


def main() -> None:
    """Serve; the last two arguments of the command line are the exchange folder and the client's process id."""
    folder, client = Path(sys.argv[-2]), int(sys.argv[-1])
    requests, replies = own_streams()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is the client's to handle
    server = Server(requests, replies, folder)
    watch_parent(client, server.leave)
    server.run()
    sys.stderr.flush()
    os._exit(0)  # no library's clean-up can hang or crash at the very end
