"""A batch whose processes have faults, for the tests: the name of an image says what reading it does to its process.

    python held_batch.py batch IN OUT ...    xray-to-ct batch, with such processes
    python held_batch.py child FOLDER CLIENT  one of the processes

killer: it is killed. stray: it is killed the first time. hungry: there is no memory unless it is alone. slow: it takes
its time. broken: an error that nobody thought of. unread: an error before it is even read.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from XrayToCTLib.batches import child, local_pool, make_image, run_image
from XrayToCTLib.radiograph import Radiograph

COMMAND = [sys.executable, str(Path(__file__).resolve()), "child"]
SLOW_S = 0.25
_read = make_image.read_radiograph
_sha256 = run_image.file_sha256


def faulty_read(path: str | Path, **options: Any) -> Radiograph:
    """``read_radiograph``, with the faults."""
    name = Path(path).name
    if "killer" in name or ("stray" in name and _first_time(Path(path))):
        os.kill(os.getpid(), signal.SIGKILL)
    if "broken" in name:
        raise ZeroDivisionError("nobody thought of this")
    if "slow" in name:
        time.sleep(SLOW_S)
    if "hungry" in name and not run_image._crowd._alone:
        raise MemoryError
    return _read(path, **options)


def faulty_sha256(path: Path) -> str:
    """``file_sha256``, with a fault."""
    if "unread" in path.name:
        raise MemoryError
    return _sha256(path)


def _first_time(path: Path) -> bool:
    mark = path.parent.parent / f"{path.name}.seen"
    first = not mark.exists()
    mark.touch()
    return first


def main() -> int:
    if sys.argv[1] == "child":
        make_image.read_radiograph = faulty_read
        run_image.file_sha256 = faulty_sha256
        child.main()
    local_pool.command = lambda executable: COMMAND
    from XrayToCTLib.cli import main as run_command

    return run_command(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
