"""What Slicer's slice view shows of a volume, drawn by Slicer's own slice logic; it needs no graphics driver."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from Testing.host import SlicerHost
from XrayToCTLib.fidelity.canvas import Canvas

_PIXELS = 700


def save_slice_view(host: SlicerHost, volume: Any, ras: tuple[float, float, float], path: Path) -> Path:
    """The Red slice view at a point (RAS, mm), with the volume's own window and colours, as a PNG.

    Args:
        host: running; its slice view nodes are used, and left showing the volume.
        volume: scalar volume node.
        ras: the point that the slice goes through.
        path: of the PNG.
    """
    import slicer
    from XrayToCTPanel.viewers import orientAsImage  # the host has put the module's folder on the path

    _ensure_colours(host, volume)
    logic = slicer.vtkMRMLSliceLogic()
    logic.SetMRMLApplicationLogic(host.mrml.application_logic)
    logic.SetMRMLScene(host.scene)
    logic.AddSliceNode("Red")
    view = logic.GetSliceNode()
    logic.GetSliceCompositeNode().SetBackgroundVolumeID(volume.GetID())
    view.SetDimensions(_PIXELS, _PIXELS, 1)
    orientAsImage(view, volume)
    logic.FitSliceToAll(_PIXELS, _PIXELS)
    view.JumpSliceByOffsetting(*ras)
    logic.UpdatePipeline()
    # Outside an event loop the layer has not yet heard of the new size and place.
    logic.GetBackgroundLayer().UpdateTransforms()
    logic.UpdatePipeline()
    field = view.GetFieldOfView()
    canvas = Canvas("Slicer's slice view of the estimated CT", (field[1], field[0]), height=6.0)
    spacing = (field[1] / _PIXELS, field[0] / _PIXELS)
    display = volume.GetDisplayNode()
    title = f"{volume.GetName()}, L {display.GetLevel():g} W {display.GetWindow():g} HU"
    canvas.show(0, _pixels(logic.GetImageDataConnection()), spacing, (0, 255), title=title)
    return canvas.save(path)


def _pixels(connection: Any) -> np.ndarray:
    """The view's pixels, uint8 (rows, cols, 3), row 0 on top."""
    from vtk.util.numpy_support import vtk_to_numpy

    producer = connection.GetProducer()
    producer.Update()
    image = producer.GetOutputDataObject(connection.GetIndex())
    cols, rows, _ = image.GetDimensions()
    # VTK counts rows from the bottom; the fourth component is the layers' opacity, 0 beside the volume.
    pixels = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(rows, cols, -1)[::-1]
    return np.where(pixels[..., 3:] > 0, pixels[..., :3], 0)


def _ensure_colours(host: SlicerHost, volume: Any) -> None:
    """The application has its colour tables from the start; without them a display node maps to nothing."""
    if volume.GetDisplayNode().GetColorNode() is None:
        colours = host.mrml.application_logic.GetColorLogic()
        colours.SetMRMLScene(host.scene)
        colours.AddDefaultColorNodes()
