"""Corner annotations: the texts in the corners of the slice views, which name the volumes that are shown."""

from __future__ import annotations

from typing import Any


def hideCornerAnnotations() -> bool | None:
    """Turns them off; returns how they were, or None where there are none (no main window)."""
    annotations = _annotations()
    if annotations is None:
        return None
    before = bool(annotations.sliceViewAnnotationsEnabled)
    _set(annotations, False)
    return before


def restoreCornerAnnotations(before: bool | None) -> None:
    """As they were before ``hideCornerAnnotations``."""
    annotations = _annotations()
    if before is not None and annotations is not None:
        _set(annotations, before)


def _annotations() -> Any:
    import slicer

    probe = getattr(slicer.modules, "DataProbeInstance", None)
    return getattr(getattr(probe, "infoWidget", None), "sliceAnnotations", None)


def _set(annotations: Any, enabled: bool) -> None:
    annotations.sliceViewAnnotationsEnabled = enabled
    annotations.updateSliceViewFromGUI()
