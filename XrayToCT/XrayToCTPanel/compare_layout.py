"""Compare layout: radiograph beside stack, in slice views of our own, so that the user's views stay as they are.

Only MRML is touched: the application's layout manager makes the views that the layout node asks for. A Slicer that
runs without its main window has no layout manager; then there is no layout to change.
"""

from __future__ import annotations

from typing import Any

RADIOGRAPH_VIEW, STACK_VIEW, VOLUME_VIEW = "XrayToCTRadiograph", "XrayToCTStack", "XrayToCT3D"
# Numbers below 100 are Slicer's own.
COMPARE_LAYOUT, COMPARE_3D_LAYOUT = 7051, 7052
_LAYOUTS = (COMPARE_LAYOUT, COMPARE_3D_LAYOUT)
_VIEW_GROUP = 7051  # linking reaches the views of one group alone


def _sliceView(name: str, label: str, colour: str) -> str:
    return (
        f'<item splitSize="500"><view class="vtkMRMLSliceNode" singletontag="{name}">'
        f'<property name="orientation" action="default">Axial</property>'
        f'<property name="viewlabel" action="default">{label}</property>'
        f'<property name="viewcolor" action="default">{colour}</property>'
        f'<property name="viewgroup" action="default">{_VIEW_GROUP}</property></view></item>'
    )


_SLICES = _sliceView(RADIOGRAPH_VIEW, "X", "#4A90D9") + _sliceView(STACK_VIEW, "CT", "#E8A33D")
_VOLUME = (
    f'<item splitSize="500"><view class="vtkMRMLViewNode" singletontag="{VOLUME_VIEW}">'
    '<property name="viewlabel" action="default">3D</property></view></item>'
)
_DESCRIPTIONS = {
    COMPARE_LAYOUT: f'<layout type="horizontal" split="true">{_SLICES}</layout>',
    COMPARE_3D_LAYOUT: f'<layout type="horizontal" split="true">{_SLICES}{_VOLUME}</layout>',
}


def layoutNode() -> Any:
    """The scene's layout node; None where the application has no layout manager."""
    import slicer

    manager = slicer.app.layoutManager()
    return manager.layoutLogic().GetLayoutNode() if manager is not None else None


def registerLayouts() -> None:
    """Tells the application our layouts, so that a scene that was saved in one of them opens in it."""
    node = layoutNode()
    if node is not None:
        for number, description in _DESCRIPTIONS.items():
            if not node.IsLayoutDescription(number):
                node.AddLayoutDescription(number, description)


def enterCompareLayout(*, with3D: bool = False) -> int | None:
    """Changes to the layout.

    Returns:
        The layout before, to be restored; None where there is none, or it was one of ours already.
    """
    node = layoutNode()
    if node is None:
        return None
    registerLayouts()
    wanted = COMPARE_3D_LAYOUT if with3D else COMPARE_LAYOUT
    before = node.GetViewArrangement()
    if before != wanted:
        node.SetViewArrangement(wanted)
    return None if before in _LAYOUTS else int(before)


def inCompareLayout() -> bool:
    """Whether one of our layouts is shown."""
    node = layoutNode()
    return node is not None and node.GetViewArrangement() in _LAYOUTS


def showsVolumeView() -> bool:
    """Whether the layout with the 3D view is shown."""
    node = layoutNode()
    return node is not None and node.GetViewArrangement() == COMPARE_3D_LAYOUT


def restoreLayout(before: int) -> bool:
    """Goes back to a layout, if one of ours is shown; whether it did. What the user chose meanwhile is left alone.

    Args:
        before: -1 where none is known any more (the scene was closed since): Slicer's conventional one.
    """
    node = layoutNode()
    if node is None or not inCompareLayout():
        return False
    node.SetViewArrangement(before if before >= 0 else node.SlicerLayoutConventionalView)
    return True


def sliceView(name: str) -> tuple[Any, Any]:
    """(slice node, composite node) of one of our views; (None, None) before the layout was first shown."""
    import slicer

    views = (slicer.mrmlScene.GetSingletonNode(name, f"vtkMRMLSlice{kind}Node") for kind in ("", "Composite"))
    slice_, composite = views
    return (slice_, composite) if slice_ is not None and composite is not None else (None, None)


def volumeView() -> Any:
    """The node of our 3D view, or None."""
    import slicer

    return slicer.mrmlScene.GetSingletonNode(VOLUME_VIEW, "vtkMRMLViewNode")
