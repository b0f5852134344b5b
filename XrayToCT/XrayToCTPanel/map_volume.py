"""Map volume: a difference or trust map as a volume node that lies over its stack."""

from __future__ import annotations

from typing import Any

import numpy as np
from XrayToCTLib.trust_map import TrustMap

from .map_colours import colourNode
from .placement import placeBeside
from .slab_geometry import gridOver, setIjkToRas

MAP_NAME = "XrayToCT.Map"
_TITLE, _UNIT, _LIMITS, _EXPLANATION = (f"XrayToCT.Map{part}" for part in ("Title", "Unit", "Limits", "Explanation"))
_STACK = "XrayToCT.MapOf"


def volumeFromMap(shown: TrustMap, stackVolume: Any) -> Any:
    """Writes a map into the node that holds the map of this name of this stack, or into a new one.

    Args:
        shown: its values lie on any grid over the stack's field; one slab stands for the whole depth.
        stackVolume: the stack's node.
    """
    import slicer

    node = mapVolume(stackVolume, shown.name)
    if node is None:
        name = slicer.mrmlScene.GenerateUniqueName(f"{stackVolume.GetName()} {shown.title.lower()}")
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    node.CreateDefaultDisplayNodes()
    low, high = shown.limits
    display = node.GetDisplayNode()
    display.SetAutoWindowLevel(False)
    display.SetWindowLevelMinMax(low, high)
    display.SetAndObserveColorNodeID(colourNode(signed=shown.signed).GetID())
    with slicer.util.NodeModify(node):
        slicer.util.updateVolumeFromArray(node, np.ascontiguousarray(shown.values))
        setIjkToRas(node, gridOver(stackVolume, shown.values.shape))
        node.SetAndObserveTransformNodeID(stackVolume.GetTransformNodeID())
        node.SetAttribute(MAP_NAME, shown.name)
        node.SetAttribute(_TITLE, shown.title)
        node.SetAttribute(_UNIT, shown.unit)
        node.SetAttribute(_LIMITS, f"{low:g} {high:g}")
        node.SetAttribute(_EXPLANATION, shown.explanation)
        node.SetNodeReferenceID(_STACK, stackVolume.GetID())
    placeBeside(node, stackVolume)
    return node


def mapVolume(stackVolume: Any, name: str) -> Any:
    """The node of a stack's map, or None."""
    return next((node for node in mapVolumes(stackVolume) if node.GetAttribute(MAP_NAME) == name), None)


def mapVolumes(stackVolume: Any) -> list[Any]:
    """The nodes of all maps of a stack."""
    import slicer

    if stackVolume is None:
        return []
    volumes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    return [node for node in volumes if node.GetAttribute(MAP_NAME) and node.GetNodeReference(_STACK) is stackVolume]


def mapTitle(node: Any) -> str:
    return node.GetAttribute(_TITLE) or node.GetName()


def mapUnit(node: Any) -> str:
    return node.GetAttribute(_UNIT) or ""


def mapLimits(node: Any) -> tuple[float, float]:
    """The values at the ends of the colours, as they are shown now: the user may have changed the window."""
    display = node.GetDisplayNode()
    return float(display.GetWindowLevelMin()), float(display.GetWindowLevelMax())


def mapExplanation(node: Any) -> str:
    return node.GetAttribute(_EXPLANATION) or ""


def isSigned(node: Any) -> bool:
    low, high = (float(text) for text in (node.GetAttribute(_LIMITS) or "0 1").split())
    return low < 0 < high


def showLegend(stackVolume: Any, shown: Any) -> None:
    """Slicer's own colour legend in the views, for ``shown`` if it is a map, and for no other map of the stack.

    Where the application has no module Colors, the legend in the panel is the only one.
    """
    import slicer

    colours = getattr(slicer.modules, "colors", None)
    if colours is None:
        return
    logic = colours.logic()
    for node in mapVolumes(stackVolume):
        legend = logic.GetColorLegendDisplayNode(node)
        if node is shown and legend is None:
            legend = logic.AddDefaultColorLegendDisplayNode(node)
        if legend is not None:
            legend.SetTitleText(" ".join(part for part in (mapTitle(node), mapUnit(node)) if part))
            legend.SetVisibility(node is shown)
