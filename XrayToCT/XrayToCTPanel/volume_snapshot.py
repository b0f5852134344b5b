"""Volume snapshot: what a volume node is, copied out of the scene, so that a thread may work on it."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from XrayToCTLib.errors import XrayToCTError

from .provenance import attributesOf
from .run import Progress
from .source_file import hasPhotographFile, sourceFile

HINT = "Choose a grey-scale X-ray image."
_SLICE_BYTES = 2 * 2**20  # a run adds slices up; each touches new memory, which took 3 ms a MiB where it was scarce


@dataclass(frozen=True, slots=True)
class VolumeSnapshot:
    """A volume node without the scene.

    Attributes:
        name, nodeId: the node's.
        pixels: (frames, rows, cols), or with a last axis of channels; of the node's type.
        spacing: (row, column) in mm.
        path: the file behind the node, if there is one.
        isPhotograph: the node was loaded from a format that carries no pixel spacing.
        attributes: the node's XrayToCT attributes, by their full names.
    """

    name: str
    nodeId: str
    pixels: np.ndarray
    spacing: tuple[float, float]
    path: Path | None
    isPhotograph: bool
    attributes: Mapping[str, str] = field(default_factory=dict)


def snapshotOf(volumeNode: Any) -> VolumeSnapshot:
    """The node's snapshot, whose pixels are still the node's own memory: for work that is done before anything else.

    Raises:
        XrayToCTError: no node, one that was removed, a label map, or no pixels.
    """
    import slicer

    if volumeNode is None or not volumeNode.IsA("vtkMRMLScalarVolumeNode"):
        raise XrayToCTError("No radiograph is chosen.", hint=HINT)
    name = volumeNode.GetName() or "The volume"
    if volumeNode.GetScene() is None:  # removed while somebody still held it
        raise XrayToCTError(f"{name} is no longer in the scene.", hint=HINT)
    if volumeNode.IsA("vtkMRMLLabelMapVolumeNode"):
        raise XrayToCTError(f"{name} is a label map, not a radiograph.", hint=HINT)
    image = volumeNode.GetImageData()
    if image is None or 0 in image.GetDimensions() or image.GetPointData().GetScalars() is None:
        raise XrayToCTError(f"{name} has no pixels.", hint=HINT)
    columns, rows, _ = volumeNode.GetSpacing()
    return VolumeSnapshot(
        name=name,
        nodeId=volumeNode.GetID() or "",
        pixels=slicer.util.arrayFromVolume(volumeNode),
        spacing=(rows, columns),
        path=sourceFile(volumeNode),
        isPhotograph=hasPhotographFile(volumeNode),
        attributes=attributesOf(volumeNode),
    )


def snapshotSteps(volumeNode: Any) -> Generator[Any, Any, VolumeSnapshot]:
    """The same as steps of a run, with pixels of its own: the user may change or delete the node meanwhile."""
    snapshot = snapshotOf(volumeNode)
    source = snapshot.pixels
    copy = np.empty_like(source)
    flat, target = source.reshape(-1), copy.reshape(-1)
    count = max(1, _SLICE_BYTES // source.itemsize)
    for start in range(0, flat.size, count):
        target[start : start + count] = flat[start : start + count]
        yield Progress(0.0, "reading the radiograph")
    return replace(snapshot, pixels=copy)


def volumeKey(volumeNode: Any) -> tuple[Any, ...]:
    """Changes whenever what ``snapshotOf`` gives changes. Reads no pixels."""
    image = volumeNode.GetImageData()
    storage = volumeNode.GetStorageNode()
    return (
        volumeNode.GetID(),
        volumeNode.GetName(),
        image.GetAddressAsString("") if image else "",
        image.GetMTime() if image else 0,
        volumeNode.GetSpacing(),
        storage.GetFileName() if storage else "",
    )
