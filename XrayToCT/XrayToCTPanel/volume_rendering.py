"""Volume rendering of a stack, as one press gives it."""

from __future__ import annotations

from typing import Any

import numpy as np
from XrayToCTLib.errors import XrayToCTError

from .slab_geometry import ijkToRas, slabCentre, slabsOf, toWorld

# HU, opacity per 10 mm. Tuned for slabs of 20 mm, in which bone is averaged with what lies beside it: Slicer's
# presets for CT would show hardly any.
SLABS_PRESET = "Slabs"
_OPACITY = ((-1024, 0.0), (-930, 0.0), (-860, 0.03), (-600, 0.03), (-450, 0.1), (-150, 0.07), (0, 0.05), (40, 0.12),
            (130, 0.5), (300, 0.95))  # fmt: skip
_COLOUR = (
    (-1024, (0.1, 0.15, 0.3)),
    (-850, (0.35, 0.5, 0.75)),
    (-600, (0.55, 0.6, 0.75)),
    (-400, (0.8, 0.6, 0.5)),
    (-50, (0.85, 0.55, 0.42)),
    (60, (0.8, 0.3, 0.22)),
    (200, (0.95, 0.85, 0.7)),
    (500, (1.0, 1.0, 0.95)),
)
_OPACITY_UNIT_MM = 10.0


def presets() -> list[str]:
    """Ours first, then the CT presets that Slicer brings (none where its resources are not there)."""
    scene = _logic().GetPresetsScene()
    found = []
    if scene is not None:
        for index in range(scene.GetNumberOfNodesByClass("vtkMRMLVolumePropertyNode")):
            name = scene.GetNthNodeByClass(index, "vtkMRMLVolumePropertyNode").GetName() or ""
            found += [name] if name.startswith("CT-") else []
    return [SLABS_PRESET, *found]


def renderVolume(stackVolume: Any, preset: str = SLABS_PRESET, viewNode: Any = None) -> Any:
    """Shows a stack as a volume rendering; returns its display node (vtkMRMLVolumeRenderingDisplayNode).

    Args:
        stackVolume: scalar volume node.
        preset: one of ``presets()``.
        viewNode: 3D view to restrict it to, where it is then alone; None shows it in all.

    Raises:
        XrayToCTError: there is no such preset.
    """
    logic = _logic()
    wanted = None if preset == SLABS_PRESET else logic.GetPresetByName(preset)
    if preset != SLABS_PRESET and wanted is None:
        raise XrayToCTError(f"There is no preset {preset!r}.", hint=f"Choose one of {', '.join(presets())}.")
    display = logic.GetFirstVolumeRenderingDisplayNode(stackVolume)
    if display is None:
        display = logic.CreateDefaultVolumeRenderingNodes(stackVolume)
    if wanted is not None:
        display.GetVolumePropertyNode().Copy(wanted)
    else:
        _applySlabs(display.GetVolumePropertyNode())
    display.RemoveAllViewNodeIDs()
    if viewNode is not None:
        display.AddViewNodeID(viewNode.GetID())
    display.SetVisibility(True)
    _hideOthers(display, viewNode)
    return display


def hideRendering(stackVolume: Any) -> None:
    """Hides the volume rendering of a stack, if there is one."""
    display = _logic().GetFirstVolumeRenderingDisplayNode(stackVolume) if stackVolume is not None else None
    if display is not None:
        display.SetVisibility(False)


def isRendered(stackVolume: Any) -> bool:
    """Whether a volume rendering of the stack is shown."""
    display = _logic().GetFirstVolumeRenderingDisplayNode(stackVolume) if stackVolume is not None else None
    return display is not None and bool(display.GetVisibility())


def _hideOthers(display: Any, viewNode: Any) -> None:
    """Two stacks of one field would be seen as one: those that are in this view alone are hidden."""
    import slicer

    for other in slicer.util.getNodesByClass("vtkMRMLVolumeRenderingDisplayNode"):
        views = [other.GetNthViewNodeID(index) for index in range(other.GetNumberOfViewNodeIDs())]
        if other is not display and viewNode is not None and views == [viewNode.GetID()]:
            other.SetVisibility(False)


def aimCamera(cameraNode: Any, stackVolume: Any) -> None:
    """Looks at the stack from the detector's side, a little from the side and from above, rows downwards."""
    slabs = slabsOf(stackVolume)
    first, last = (np.array(slabCentre(stackVolume, slab)) for slab in (0, slabs - 1))
    columns, rows, _ = stackVolume.GetImageData().GetDimensions()
    across, down, thickness = stackVolume.GetSpacing()
    right, downwards, through = _directions(stackVolume)
    size = float(np.linalg.norm((columns * across, rows * down, slabs * thickness)))
    centre = (first + last) / 2.0
    # 25 degrees to the side and 12 up, where depth shows without hiding what lies behind.
    direction = -through * 0.886 + right * 0.413 - downwards * 0.208
    cameraNode.SetFocalPoint(*centre)
    cameraNode.SetPosition(*(centre + direction * 1.9 * size))
    cameraNode.SetViewUp(*(-downwards))
    cameraNode.ResetClippingRange()


def _directions(volumeNode: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Unit vectors in the world along columns, rows and slabs."""
    axes, world = ijkToRas(volumeNode)[:3, :3], toWorld(volumeNode)
    found = []
    for axis in range(3):
        turned = np.array(world.TransformVectorAtPoint((0.0, 0.0, 0.0), axes[:, axis]))
        found.append(turned / np.linalg.norm(turned))
    return found[0], found[1], found[2]


def _applySlabs(propertyNode: Any) -> None:
    import vtk

    opacity, colour = vtk.vtkPiecewiseFunction(), vtk.vtkColorTransferFunction()
    for hu, value in _OPACITY:
        opacity.AddPoint(hu, value)
    for hu, rgb in _COLOUR:
        colour.AddRGBPoint(hu, *rgb)
    look = propertyNode.GetVolumeProperty()
    look.SetScalarOpacity(opacity)
    look.SetColor(colour)
    look.SetScalarOpacityUnitDistance(_OPACITY_UNIT_MM)
    look.SetInterpolationTypeToLinear()
    look.ShadeOn()
    look.SetAmbient(0.35)
    look.SetDiffuse(0.75)
    look.SetSpecular(0.15)


def _logic() -> Any:
    import slicer

    return slicer.modules.volumerendering.logic()
