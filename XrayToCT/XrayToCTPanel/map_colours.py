"""Map colours: what the colours of difference and trust maps mean, as tables for Slicer and as a legend for the panel.

Where there is nothing to say a map is transparent, so that it can lie over a stack.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_STEPS = 256
# Blue: too little, red: too much (the ends of ColorBrewer's RdBu, which the colour-blind can tell apart).
_SIGNED = ((0.02, 0.19, 0.58), (0.26, 0.58, 0.87), (1.0, 1.0, 1.0), (0.94, 0.54, 0.38), (0.70, 0.05, 0.10))
# From dark to bright through purple and orange: rising in lightness, so that it can be read without colours.
_UNSIGNED = ((0.10, 0.05, 0.25), (0.42, 0.08, 0.43), (0.80, 0.25, 0.27), (0.98, 0.58, 0.10), (0.99, 0.95, 0.60))
_SILENT = 0.12  # of the limit: below, the stack alone is seen
_ATTRIBUTE = "XrayToCT.MapColours"


def colourTable(*, signed: bool) -> np.ndarray:
    """(256, 4) RGBA, 0 to 1, from the low to the high limit of a map."""
    anchors = np.array(_SIGNED if signed else _UNSIGNED)
    place = np.linspace(0.0, 1.0, _STEPS)
    table = np.ones((_STEPS, 4))
    for channel in range(3):
        table[:, channel] = np.interp(place, np.linspace(0.0, 1.0, len(anchors)), anchors[:, channel])
    # Slicer's slice display knows only wholly transparent and opaque.
    table[:, 3] = (np.abs(2.0 * place - 1.0) if signed else place) >= _SILENT
    return table


def colourNode(*, signed: bool) -> Any:
    """The scene's colour table for maps; made on first use and hidden."""
    import slicer

    kind = "signed" if signed else "unsigned"
    for node in slicer.util.getNodesByClass("vtkMRMLColorTableNode"):
        if node.GetAttribute(_ATTRIBUTE) == kind:
            return node
    node = slicer.vtkMRMLColorTableNode()
    node.SetName(f"X-ray to CT map, {kind}")
    node.SetTypeToUser()
    node.SetNumberOfColors(_STEPS)
    for index, (red, green, blue, alpha) in enumerate(colourTable(signed=signed)):
        node.SetColor(index, f"{index}", red, green, blue, alpha)
    node.SetHideFromEditors(True)
    node.SetAttribute(_ATTRIBUTE, kind)
    return slicer.mrmlScene.AddNode(node)


def legendPicture(*, signed: bool, width: int = 240, height: int = 12) -> np.ndarray:
    """uint8 (height, width, 3): the colours from low to high over middle grey, as they look over a stack."""
    table = colourTable(signed=signed)
    row = table[np.linspace(0, _STEPS - 1, width).round().astype(int)]
    mixed = row[:, :3] * row[:, 3:] + 0.35 * (1.0 - row[:, 3:])
    return np.repeat((255.0 * mixed).round().astype(np.uint8)[None], height, 0)
