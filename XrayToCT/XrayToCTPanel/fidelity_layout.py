"""Fidelity layout: candidate, reference and difference in slice views, the plots and the table beside them.

Only MRML is touched; a Slicer that runs without its main window has no layout manager, and nothing is shown.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

from .comparison_maps import DIFFERENCE, SIMILARITY
from .map_volume import MAP_NAME
from .plot_nodes import KIND
from .viewers import centralSlabCentre, orientAsImage

FIDELITY_LAYOUT = 7061  # below 100 are Slicer's own
_SLICES = {"XrayToCTCandidate": "R", "XrayToCTReference": "T", "XrayToCTDifference": "R-T", "XrayToCTSimilarity": "S"}
_PLOTS = {
    "histogram": "XrayToCTHistogram",
    "joint histogram": "XrayToCTJoint",
    "line profile": "XrayToCTProfile",
    "Bland-Altman": "XrayToCTBlandAltman",
}
_TABLE = "XrayToCTFidelity"


def _item(content: str, size: int = 500) -> str:
    return f'<item splitSize="{size}">{content}</item>'


def _rows(kind: str, items: Sequence[str]) -> str:
    return f'<layout type="{kind}" split="true">{"".join(_item(item) for item in items)}</layout>'


def _slice(name: str, label: str) -> str:
    return (
        f'<view class="vtkMRMLSliceNode" singletontag="{name}">'
        '<property name="orientation" action="default">Axial</property>'
        f'<property name="viewlabel" action="default">{label}</property>'
        '<property name="viewgroup" action="default">7061</property></view>'
    )


def _plot(name: str, number: int) -> str:
    label = f'<property name="viewlabel" action="default">{number}</property>'
    return f'<view class="vtkMRMLPlotViewNode" singletontag="{name}">{label}</view>'


def description() -> str:
    """The layout as XML."""
    slices = [_slice(name, label) for name, label in _SLICES.items()]
    plots = [_plot(name, number) for number, name in enumerate(_PLOTS.values(), 1)]
    table = (
        f'<view class="vtkMRMLTableViewNode" singletontag="{_TABLE}">'
        '<property name="viewlabel" action="default">T</property></view>'
    )
    images = _rows("vertical", [_rows("horizontal", slices[:2]), _rows("horizontal", slices[2:])])
    numbers = _rows("vertical", [_rows("horizontal", plots[:2]), _rows("horizontal", plots[2:]), table])
    return f'<layout type="horizontal" split="true">{_item(images)}{_item(numbers)}</layout>'


def layoutSteps(comparison: Any, candidate: Any, referenceVolume: Any) -> Generator[Any, Any, bool]:
    """Changes to the layout and fills it, a view a step; returns whether there was one to change to.

    Args:
        comparison: comparison_run.Comparison.
        candidate: node whose slices, maps and plots are shown, as far as there are several.
    """
    import slicer

    manager = slicer.app.layoutManager()
    if manager is None:
        return False
    node = manager.layoutLogic().GetLayoutNode()
    if not node.IsLayoutDescription(FIDELITY_LAYOUT):
        node.AddLayoutDescription(FIDELITY_LAYOUT, description())
    node.SetViewArrangement(FIDELITY_LAYOUT)
    yield None
    scene = slicer.mrmlScene
    maps = {each.GetAttribute(MAP_NAME): each for each in reversed(comparison.maps) if each.GetScene() is scene}
    shown = (candidate, referenceVolume, maps.get(DIFFERENCE), maps.get(SIMILARITY))
    for tag, volume in zip(_SLICES, shown, strict=True):
        _fillSlice(tag, volume)
        yield None
    for chart in reversed(comparison.charts):  # the first of a kind is shown
        view = scene.GetSingletonNode(_PLOTS.get(chart.GetAttribute(KIND), ""), "vtkMRMLPlotViewNode")
        if view is not None and chart.GetScene() is scene:
            view.SetPlotChartNodeID(chart.GetID())
            yield None
    table = scene.GetSingletonNode(_TABLE, "vtkMRMLTableViewNode")
    if table is not None and comparison.table is not None and comparison.table.GetScene() is scene:
        table.SetTableNodeID(comparison.table.GetID())
    return True


def _fillSlice(tag: str, volume: Any) -> None:
    import slicer

    view = slicer.mrmlScene.GetSingletonNode(tag, "vtkMRMLSliceNode")
    composite = slicer.mrmlScene.GetSingletonNode(tag, "vtkMRMLSliceCompositeNode")
    if view is None or composite is None:
        return
    composite.SetBackgroundVolumeID(volume.GetID() if volume is not None else None)
    composite.SetForegroundVolumeID(None)
    composite.SetLabelVolumeID(None)
    if volume is not None:
        orientAsImage(view, volume)
        view.JumpSliceByCentering(*centralSlabCentre(volume))
