"""A worker with a fault, for the tests: python held_worker.py FAULT ARGUMENT FOLDER CLIENT.

The server is the library's. Only where the fault is not in the engine itself is the engine replaced by one that takes
no time and no torch, with the same phases (test_worker.py holds them against the real engine's).
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from XrayToCTLib.ct_stack import CtStack
from XrayToCTLib.progress import report
from XrayToCTLib.translation import engine
from XrayToCTLib.worker import server

ENGINE_PHASES = ("loading the model", "translating", "resampling to the radiograph's pixels", "done")
PHASES = ("reading the radiograph", *ENGINE_PHASES, "writing the stack", "handing over the stack")
FAULT, ARGUMENT = sys.argv[1:3] if __name__ == "__main__" else ("", "")


def quick_translate(radiograph: Any, *, progress: Any, **_: Any) -> CtStack:
    for index, phase in enumerate(ENGINE_PHASES):
        report(progress, index / 3, phase)
    hu = np.repeat(radiograph.pixels * 100, 4, axis=0)
    return CtStack(hu, radiograph.spacing, 50.0, radiograph.view, provenance={"device": "none", "source_frame": "0"})


def failing_translate(*_: Any, **__: Any) -> CtStack:
    raise {"MemoryError": MemoryError, "ZeroDivisionError": ZeroDivisionError}[ARGUMENT]("on purpose")


def loud_translate(*arguments: Any, **options: Any) -> CtStack:
    print("printed by Python")
    os.write(1, b"printed by C\n")
    subprocess.run([sys.executable, "-c", "import sys; print('printed by a child', sys.stdin.read())"], check=True)
    for number in range(1000):
        print("line", number, "x" * 5000)
    return quick_translate(*arguments, **options)


def small_files_translate(*arguments: Any, **options: Any) -> CtStack:
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (int(ARGUMENT), resource.RLIM_INFINITY))
    return quick_translate(*arguments, **options)


class FaultyServer(server.Server):
    def send(self, kind: str, **fields: Any) -> None:
        if kind == "result" and FAULT == "corrupt":
            self._send_corrupt(fields)
            return
        held = kind == "progress" and fields["phase"] == ARGUMENT
        if held and FAULT == "tree":  # before the client learns of the phase: its test may kill us at once
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
            (Path(os.environ["HELD_WORKER_NOTES"]) / "child").write_text(str(child.pid))
        super().send(kind, **fields)
        if not held:
            return
        if FAULT in ("hold", "tree"):
            time.sleep(300)
        while FAULT == "obey" and self.cancelled < fields["id"]:
            time.sleep(0.01)

    def _send_corrupt(self, fields: dict[str, Any]) -> None:
        hu = self._folder / fields["hu"]
        if ARGUMENT == "not JSON":
            self._replies.write(b"{'kind': 'result'}\n")
        elif ARGUMENT == "bytes":
            self._replies.write(bytes(range(256)) + b"\n")
        elif ARGUMENT == "unknown kind":
            self._replies.write(b'{"kind": "dance", "id": 1}\n')
        elif ARGUMENT == "half a line":
            self._replies.write(b'{"kind": "result", "id"')
            self._replies.flush()
            os._exit(0)
        elif ARGUMENT == "another id":
            super().send("result", **{**fields, "id": 77})
        elif ARGUMENT == "no stack":
            super().send("result", **{**fields, "stack": {}})
        elif ARGUMENT == "no file":
            super().send("result", **{**fields, "hu": "nothing.npy"})
        elif ARGUMENT == "a file elsewhere":
            super().send("result", **{**fields, "hu": str(Path(os.environ["HELD_WORKER_NOTES"]) / "elsewhere.npy")})
        elif ARGUMENT == "a file cut short":
            os.truncate(hu, hu.stat().st_size // 2)
            super().send("result", **fields)
        elif ARGUMENT == "no array":
            hu.write_bytes(b"not an array")
            super().send("result", **fields)
        elif ARGUMENT == "another shape":
            np.save(hu, np.zeros((4, 2, 2), np.float32))
            super().send("result", **fields)
        self._replies.flush()


def main() -> None:
    translations = {"fail": failing_translate, "loud": loud_translate, "small files": small_files_translate}
    if FAULT != "real":
        engine.translate = translations.get(FAULT, quick_translate)
    if FAULT == "version" or (FAULT == "version once" and _first_time()):
        server.__version__ = ARGUMENT
    if FAULT == "hold" and ARGUMENT == "starting":
        time.sleep(300)
    server.Server = FaultyServer
    server.main()


def _first_time() -> bool:
    mark = Path(os.environ["HELD_WORKER_NOTES"]) / "started before"
    first = not mark.exists()
    mark.touch()
    return first


if __name__ == "__main__":
    main()
