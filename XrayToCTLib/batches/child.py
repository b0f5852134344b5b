"""Child: a process of a batch. Runs the images that it is sent, a few at once, and answers with their outcomes."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any

from ..translation.backends.threads import thread_count
from ..version import __version__
from ..worker.parent_watch import watch_parent
from ..worker.protocol import LONGEST_LINE, PROTOCOL, BrokenMessage, decode, encode
from ..worker.server import own_streams

IMAGES_AT_ONCE = 4  # one read, one translated, one written, and one that waits so that none of the three has to


def main() -> None:
    """Serve; the last two arguments of the command line are an exchange folder and the process id of the batch."""
    folder, batch = Path(sys.argv[-2]), int(sys.argv[-1])
    requests, replies = own_streams()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is the batch's to handle
    child = _Child(requests, replies, folder)
    watch_parent(batch, child.leave)
    child.run()


class _Child:
    def __init__(self, requests: IO[bytes], replies: IO[bytes], folder: Path) -> None:
        self._requests, self._replies, self._folder = requests, replies, folder
        self._sending = threading.Lock()

    def run(self) -> None:
        self._send("hello", protocol=PROTOCOL, version=__version__)
        use_threads()
        with ThreadPoolExecutor(IMAGES_AT_ONCE, thread_name_prefix="image") as pool:
            while line := self._requests.readline(LONGEST_LINE):
                try:
                    message = decode(line)
                except BrokenMessage as broken:
                    print(f"The batch sent {broken}.", file=sys.stderr, flush=True)
                    self.leave(2)
                if message["kind"] == "shutdown":
                    break
                pool.submit(self._image, message)
            self.leave()

    def leave(self, status: int = 0) -> None:
        """End at once, whatever is being done: only the batch itself puts files where somebody looks for them."""
        shutil.rmtree(self._folder, ignore_errors=True)
        os._exit(status)

    def _image(self, message: dict[str, Any]) -> None:
        try:
            from .run_image import run_image
            from .task import Task, settings_of

            outcome = run_image(Task.from_record(message["task"]), settings_of(message["settings"]))
            self._send("outcome", id=message["id"], outcome=outcome.to_record())
        except BaseException:  # the thread pool would keep it to itself, and the batch wait for ever
            traceback.print_exc()
            self.leave(1)

    def _send(self, kind: str, **fields: Any) -> None:
        with self._sending:
            try:
                self._replies.write(encode(kind, **fields))
                self._replies.flush()
            except OSError:  # nobody listens any more
                self.leave()


def use_threads() -> None:
    """Let OpenCV and ITK keep to the number of threads that the networks are told."""
    if count := thread_count():
        import cv2
        import SimpleITK as sitk

        cv2.setNumThreads(count)
        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(count)


def command(executable: str) -> list[str]:
    """The command that starts a child."""
    root = str(Path(__file__).resolve().parents[2])
    entry = (
        f"import sys; sys.path[0] = {root!r}; from XrayToCTLib.batches import child; "
        "sys.path.append(sys.path.pop(0)); child.main()"
    )
    return [executable, "-u", "-c", entry]
