"""Enhanced file: an enhanced volume written to a file that says what ran."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.radiograph_file import SUFFIXES, write_radiograph

from .enhanced_meaning import isEnhanced
from .provenance import attributesOf
from .radiograph_bridge import radiographFromSnapshot
from .run import Run, Wait
from .thread_job import FileJob
from .translation_run import stillThere
from .volume_snapshot import VolumeSnapshot, snapshotSteps

HINT = "Choose an enhanced volume: press Enhance first."


def startEnhancedFile(volumeNode: Any, file: str | Path, *, overwrite: bool = False) -> Run:
    """A run, started, whose result is the path of the file.

    Raises:
        XrayToCTError: no enhanced volume, no such kind of file, or one that is there.
    """
    if volumeNode is None or not isEnhanced(attributesOf(volumeNode)):
        name = volumeNode.GetName() if volumeNode is not None else "Nothing"
        raise XrayToCTError(f"{name} is no enhanced volume.", hint=HINT)
    path = Path(file).expanduser().absolute()
    if path.suffix.lower() not in SUFFIXES:
        raise XrayToCTError(
            f"An enhanced volume cannot be written to {path.name!r}.", hint=f"End its name in {', '.join(SUFFIXES)}."
        )
    if path.exists() and not overwrite:
        raise XrayToCTError(f"{path} exists already.", hint="Choose another name, or allow overwriting.")
    return Run(_steps(volumeNode, path), guard=stillThere(volumeNode)).start()


def _steps(volumeNode: Any, path: Path) -> Generator[Any, Any, Path]:
    snapshot = yield from snapshotSteps(volumeNode)
    written: Path = yield Wait(FileJob(_write, snapshot, path, target=path, phase=f"writing {path.name}"))
    return written


def _write(snapshot: VolumeSnapshot, path: Path) -> Path:
    radiograph = radiographFromSnapshot(snapshot)
    value_range = (float(radiograph.pixels.min()), float(radiograph.pixels.max()))
    return write_radiograph(radiograph, path, value_range=value_range)
