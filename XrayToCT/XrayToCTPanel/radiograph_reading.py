"""Radiograph reading: a node's radiograph as steps of a run. The last one is kept: it is looked at, then translated."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from XrayToCTLib.radiograph import Radiograph

from .radiograph_bridge import radiographFromSnapshot
from .run import ThreadJob, Wait
from .volume_snapshot import snapshotSteps, volumeKey

_kept: tuple[tuple[Any, ...], Radiograph] | None = None


def radiographSteps(
    volumeNode: Any, *, polarity: str = "auto", view: str = "auto", start: float = 0.0, end: float = 0.0
) -> Generator[Any, Any, Radiograph]:
    """As ``radiographFromVolume``, without holding the event loop.

    Args:
        start, end: share of the run's progress.
    """
    global _kept
    key = (*volumeKey(volumeNode), polarity, view) if volumeNode is not None else ()
    if _kept is not None and _kept[0] == key:
        return _kept[1]
    snapshot = yield from snapshotSteps(volumeNode)
    job = ThreadJob(radiographFromSnapshot, snapshot, polarity=polarity, view=view, phase="reading the radiograph")
    radiograph: Radiograph = yield Wait(job, start, end)
    _kept = (key, radiograph)
    return radiograph


def forgetRadiograph() -> None:
    """Frees the memory of the radiograph that is kept."""
    global _kept
    _kept = None
