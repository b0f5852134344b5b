"""Study marks: suspicious regions as points of a markups node, saved with the answer whenever they change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_NAME = "Suspicious regions"


class StudyMarks:
    """The points of the image that is shown.

    Args:
        onChange: called with all points, [[R, A, S], ...] in mm, after the reader placed, moved or removed one.
    """

    def __init__(self, onChange: Callable[[list[list[float]]], object]) -> None:
        import slicer

        self._onChange = onChange
        self._setting = False
        self._node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", _NAME)
        self._node.CreateDefaultDisplayNodes()
        self._node.SetControlPointLabelFormat("%d")
        kinds = (
            self._node.PointPositionDefinedEvent,
            self._node.PointPositionUndefinedEvent,
            self._node.PointRemovedEvent,
            self._node.PointEndInteractionEvent,
        )
        self._tags = [self._node.AddObserver(kind, self._changed) for kind in kinds]

    @property
    def isThere(self) -> bool:
        """Whether the node is still in the scene."""
        return self._node.GetScene() is not None

    def points(self) -> list[list[float]]:
        """Those that have been placed, RAS in mm."""
        node = self._node
        placed = [i for i in range(node.GetNumberOfControlPoints()) if self._isPlaced(i)]
        return [list(node.GetNthControlPointPositionWorld(i)) for i in placed]

    def set(self, points: list[list[float]]) -> None:
        """Shows points, without calling ``onChange``."""
        self._setting = True
        try:
            self._node.RemoveAllControlPoints()
            for point in points:
                self._node.AddControlPointWorld(point)
        finally:
            self._setting = False

    def add(self, point: list[float]) -> None:
        """As if the reader had placed it."""
        self._node.AddControlPointWorld(point)

    def clear(self) -> None:
        """As if the reader had removed them all."""
        self.set([])
        self._onChange([])

    def placeWithMouse(self) -> None:
        """The next click in a view places a point."""
        import slicer

        selection = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLSelectionNode")
        interaction = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLInteractionNode")
        if selection is None or interaction is None:
            return
        selection.SetReferenceActivePlaceNodeClassName("vtkMRMLMarkupsFiducialNode")
        selection.SetActivePlaceNodeID(self._node.GetID())
        interaction.SetPlaceModePersistence(0)
        interaction.SetCurrentInteractionMode(interaction.Place)

    def addAtCrosshair(self) -> None:
        """A point where the crosshair is, for those who use no mouse."""
        import slicer

        crosshair = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLCrosshairNode")
        if crosshair is not None:
            self.add(list(crosshair.GetCrosshairRAS()))

    def remove(self) -> None:
        """Takes the node out of the scene."""
        import slicer

        for tag in self._tags:
            self._node.RemoveObserver(tag)
        self._tags = []
        if not self.isThere:
            return
        for display in [self._node.GetNthDisplayNode(i) for i in range(self._node.GetNumberOfDisplayNodes())]:
            slicer.mrmlScene.RemoveNode(display)
        slicer.mrmlScene.RemoveNode(self._node)

    def _isPlaced(self, index: int) -> bool:
        return bool(self._node.GetNthControlPointPositionStatus(index) == self._node.PositionDefined)

    def _changed(self, *_: Any) -> None:
        if not self._setting:
            self._onChange(self.points())
