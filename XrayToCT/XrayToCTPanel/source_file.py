"""The file that a volume node was loaded from: it knows what the pixels mean, the node does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

# Slicer gives an image without a spacing of its own 1 mm; these formats have none that can be trusted.
PHOTOGRAPH_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp"})


def sourceFile(volumeNode: Any) -> Path | None:
    """The one file behind a node, or None: none is known, it is gone, or the node was made of several."""
    return _dicomFile(volumeNode) or _storedFile(volumeNode)


def hasPhotographFile(volumeNode: Any) -> bool:
    """Whether the node was loaded from a format that carries no pixel spacing, even if that file is gone."""
    storage = volumeNode.GetStorageNode()
    name = (storage.GetFileName() or "") if storage else ""
    return Path(name).suffix.lower() in PHOTOGRAPH_SUFFIXES


def _dicomFile(volumeNode: Any) -> Path | None:
    """Through the DICOM database, for nodes that were loaded from it."""
    import slicer

    instances = (volumeNode.GetAttribute("DICOM.instanceUIDs") or "").split()
    database = getattr(slicer, "dicomDatabase", None)
    if len(instances) != 1 or database is None:
        return None
    return _existing(database.fileForInstance(instances[0]))


def _storedFile(volumeNode: Any) -> Path | None:
    storage = volumeNode.GetStorageNode()
    if storage is None or storage.GetNumberOfFileNames() > 1:
        return None
    return _existing(storage.GetFullNameFromFileName())


def _existing(name: str | None) -> Path | None:
    return Path(name) if name and Path(name).is_file() else None
