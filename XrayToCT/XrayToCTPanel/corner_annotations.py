"""Corner annotations: the texts in the corners of the slice views, which name the volumes that are shown."""

from __future__ import annotations

from typing import Any


def hideCornerAnnotations() -> bool | None:
    """Turns them off; returns how they were, or None where there are none (no main window)."""
    before = _areShown()
    if before is not None:
        _show(False)
    return before


def restoreCornerAnnotations(before: bool | None) -> None:
    """As they were before ``hideCornerAnnotations``."""
    if before is not None:
        _show(before)


def _areShown() -> bool | None:
    if (logic := _cornerTextLogic()) is not None:
        return bool(logic.GetSliceViewAnnotationsEnabled())
    annotations = _dataProbeAnnotations()
    return None if annotations is None else bool(annotations.sliceViewAnnotationsEnabled)


def _show(shown: bool) -> None:
    if (logic := _cornerTextLogic()) is not None:
        logic.SetSliceViewAnnotationsEnabled(shown)
        return
    if (annotations := _dataProbeAnnotations()) is not None:
        annotations.sliceViewAnnotationsEnabled = shown
        annotations.updateSliceViewFromGUI()


def _cornerTextLogic() -> Any:
    """Of a Slicer whose annotations are drawn in C++."""
    import slicer

    getter = getattr(slicer.app.applicationLogic(), "GetCornerTextLogic", None)
    return getter() if getter is not None else None


def _dataProbeAnnotations() -> Any:
    """Of a Slicer whose annotations are drawn by the Data Probe."""
    import slicer

    probe = getattr(slicer.modules, "DataProbeInstance", None)
    return getattr(getattr(probe, "infoWidget", None), "sliceAnnotations", None)
