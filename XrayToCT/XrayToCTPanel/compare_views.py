"""Compare views: which volumes the two slice views show, at which slab, and what lies over the stack."""

from __future__ import annotations

from typing import Any

from XrayToCTLib.errors import XrayToCTError

from .compare_layout import RADIOGRAPH_VIEW, STACK_VIEW, sliceView
from .map_volume import mapVolume, showLegend
from .provenance import PREFIX, SOURCE_REFERENCE
from .slab_geometry import slabAt, slabCentre, slabsOf
from .spanning_copy import spanningCopy
from .viewers import orientAsImage

NO_OVERLAY, RADIOGRAPH_OVERLAY = "", "radiograph"


def radiographOf(stackVolume: Any) -> Any:
    """The radiograph that a stack was made from, as long as it is in the scene; else None."""
    return stackVolume.GetNodeReference(SOURCE_REFERENCE) if stackVolume is not None else None


def sourceFrame(stackVolume: Any) -> int:
    """The radiograph's frame that the stack was made from."""
    text = stackVolume.GetAttribute(PREFIX + "SourceFrame") or "0"
    return int(text) if text.isdigit() else 0


def checkStack(stackVolume: Any) -> None:
    """Raises XrayToCTError for what is no volume with pixels in the scene."""
    import slicer

    hint = "Choose a translated volume, or translate a radiograph first."
    if stackVolume is None:
        raise XrayToCTError("No stack is chosen.", hint=hint)
    if not stackVolume.IsA("vtkMRMLScalarVolumeNode") or not slabsOf(stackVolume):
        raise XrayToCTError(f"{stackVolume.GetName()} has no pixels to show.", hint=hint)
    if slicer.mrmlScene.GetNodeByID(stackVolume.GetID() or "") is not stackVolume:
        raise XrayToCTError(f"{stackVolume.GetName()} is no longer in the scene.", hint=hint)


def fillViews(stackVolume: Any, radiographVolume: Any) -> None:
    """Puts radiograph and stack into their views, linked, turned as the image is looked at, and fitted."""

    for name in (RADIOGRAPH_VIEW, STACK_VIEW):
        view, composite = sliceView(name)
        if view is None:
            continue
        shown = stackVolume
        if name == RADIOGRAPH_VIEW and radiographVolume is not None:
            shown = spanningCopy(radiographVolume, stackVolume, _frameIn(radiographVolume, stackVolume))
        composite.SetLinkedControl(False)  # or setting one would change the other
        composite.SetBackgroundVolumeID(shown.GetID())
        composite.SetForegroundVolumeID(None)
        composite.SetLabelVolumeID(None)
        orientAsImage(view, stackVolume)
        _fit(view, stackVolume)
    for name in (RADIOGRAPH_VIEW, STACK_VIEW):
        _, composite = sliceView(name)
        if composite is not None:
            composite.SetHotLinkedControl(True)
            composite.SetLinkedControl(True)


def showSlab(stackVolume: Any, slab: int) -> None:
    """Moves both views to a slab.

    Raises:
        XrayToCTError: no such slab.
    """
    checkStack(stackVolume)
    count = slabsOf(stackVolume)
    if not 0 <= slab < count:
        raise XrayToCTError(f"There is no slab {slab}.", hint=f"Choose a slab from 0 to {count - 1}.")
    for name in (RADIOGRAPH_VIEW, STACK_VIEW):
        view, _ = sliceView(name)
        if view is not None:
            view.JumpSliceByOffsetting(*slabCentre(stackVolume, slab))


def shownSlab(stackVolume: Any) -> int | None:
    """The slab that the stack's view shows; None where there is no such view."""
    view, composite = sliceView(STACK_VIEW)
    if view is None or not slabsOf(stackVolume) or composite.GetBackgroundVolumeID() != stackVolume.GetID():
        return None
    matrix = view.GetSliceToRAS()
    x, y, z = (matrix.GetElement(row, 3) for row in range(3))
    return slabAt(stackVolume, (x, y, z))


def overlayVolume(stackVolume: Any, overlay: str) -> Any:
    """The node of an overlay: none for "", the radiograph for "radiograph", else the stack's map of that name.

    Raises:
        XrayToCTError: there is no such map, or the radiograph is gone.
    """
    if overlay == NO_OVERLAY:
        return None
    if overlay == RADIOGRAPH_OVERLAY:
        radiograph = radiographOf(stackVolume)
        if radiograph is None:
            raise XrayToCTError(
                "The radiograph that the stack was made from is no longer in the scene.", hint="Load it again."
            )
        return spanningCopy(radiograph, stackVolume, _frameIn(radiograph, stackVolume))
    node = mapVolume(stackVolume, overlay)
    if node is None:
        raise XrayToCTError(
            f"{stackVolume.GetName()} has no map {overlay!r}.", hint="Compare it, or run its trust check, first."
        )
    return node


def showOverlay(stackVolume: Any, overlay: str, opacity: float) -> None:
    """Lays something over the stack in its view.

    Args:
        stackVolume: that is shown.
        overlay: as for ``overlayVolume``.
        opacity: 0 to 1.
    """
    checkStack(stackVolume)
    node = overlayVolume(stackVolume, overlay)
    _, composite = sliceView(STACK_VIEW)
    if composite is None:
        return
    linked = composite.GetLinkedControl()
    composite.SetLinkedControl(False)
    composite.SetForegroundVolumeID(node.GetID() if node is not None else None)
    composite.SetForegroundOpacity(opacity if node is not None else 0.0)
    composite.SetLinkedControl(linked)
    showLegend(stackVolume, node)


def setOverlayOpacity(opacity: float) -> None:
    """0 to 1; cheap enough for a blink or a slider that is being dragged."""
    _, composite = sliceView(STACK_VIEW)
    if composite is not None and composite.GetForegroundOpacity() != opacity:
        composite.SetForegroundOpacity(opacity)


def _frameIn(radiographVolume: Any, stackVolume: Any) -> int:
    return min(sourceFrame(stackVolume), max(0, slabsOf(radiographVolume) - 1))


def _fit(view: Any, volumeNode: Any) -> None:
    """Centres the view on the volume and shows all of it, whatever the shape of the window."""
    import numpy as np

    columns, rows, slabs = volumeNode.GetImageData().GetDimensions()
    across, down, _ = volumeNode.GetSpacing()
    width, height = columns * across, rows * down
    size = np.array(view.GetDimensions()[:2], float)
    scale = max(width / max(size[0], 1.0), height / max(size[1], 1.0)) * 1.02
    view.SetXYZOrigin(0.0, 0.0, 0.0)
    depth = view.GetFieldOfView()[2]
    view.SetFieldOfView(scale * size[0], scale * size[1], depth)
    centre = slabCentre(volumeNode, slabs // 2)
    view.JumpSliceByCentering(*centre)
