"""Compressed file: its decoder keeps Python's lock for as long as it works, so that a thread would not help the panel.

Decoding JPEG 2000 of 2000 x 2000 pixels held the event loop for 0.6 s of CPU time. A process of its own holds nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from XrayToCTLib import version
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.radiograph import Radiograph
from XrayToCTLib.readers import read_radiograph
from XrayToCTLib.worker.array_file import take_array
from XrayToCTLib.worker.process_tree import python_interpreter
from XrayToCTLib.worker.records import radiograph_of

_SCRIPT = Path(__file__).with_name("reading_process.py")
_LIBRARY_PARENT = Path(version.__file__).resolve().parents[1]
_LIMIT_S = 300.0


def readRadiograph(path: Path, polarity: str) -> Radiograph:
    """As ``read_radiograph``; in a thread, of a compressed file, through a process. Raises XrayToCTError."""
    if threading.current_thread() is threading.main_thread() or not isCompressed(path):
        return read_radiograph(path, polarity=polarity)
    with tempfile.TemporaryDirectory(prefix="xray-to-ct-reading-") as folder:
        pixels = Path(folder) / "pixels.npy"
        answer = _ask(path, polarity, pixels)
        if "error" in answer:
            message, hint = answer["error"]
            raise XrayToCTError(message, hint=hint)
        return radiograph_of(answer["radiograph"], take_array(pixels))


def isCompressed(path: Path) -> bool:
    """Whether a file is DICOM whose pixels are compressed; False for all that cannot be told."""
    import pydicom

    try:
        header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=["TransferSyntaxUID"])
        return bool(header.file_meta.TransferSyntaxUID.is_encapsulated)
    except Exception:  # no DICOM file, a damaged one, no transfer syntax: the reader says which, in its own words
        return False


def _ask(path: Path, polarity: str, pixels: Path) -> dict:
    command = [python_interpreter(), str(_SCRIPT), str(_LIBRARY_PARENT), str(path), polarity, str(pixels)]
    flags = subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0
    environment = {**os.environ, "PYTHONUTF8": "1"}
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=_LIMIT_S, env=environment, creationflags=flags, check=True
        )
        answer = json.loads(done.stdout.decode("utf-8").splitlines()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as error:
        said = (getattr(error, "stderr", None) or b"").decode("utf-8", "replace").strip().splitlines()
        raise XrayToCTError(
            f"{path.name} could not be read in a process of its own ({said[-1] if said else error}).",
            hint="Try again, or export the image uncompressed.",
        ) from error
    return dict(answer)
