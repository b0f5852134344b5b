"""Stand-in for slicer.app.layoutManager(): real layout, slice and camera logics, without the widgets that draw.

What the application's layout manager does when a layout is chosen happens here too: the layout logic makes the view
nodes that the layout's description asks for, each slice view gets a slice logic (which makes its composite node), each
3D view a camera.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .faults import Faults
from .mrml_scene import MrmlScene
from .slots import SignalTable

_SLICE_SIZE = (400, 400)  # pixels of a slice view


class LayoutManager:
    """An attribute that is not here does not exist."""

    def __init__(self, mrml: MrmlScene, faults: Faults) -> None:
        import slicer
        import vtk

        self._mrml = mrml
        self._signals = SignalTable("qSlicerLayoutManager", ("layoutChanged(int)",), faults)
        self.hostSliceLogics: dict[str, Any] = {}
        self._collection = vtk.vtkCollection()
        self._logic = slicer.vtkMRMLLayoutLogic()
        self._logic.SetMRMLApplicationLogic(mrml.application_logic)
        self._logic.SetMRMLScene(mrml.scene)
        mrml.application_logic.SetSliceLogics(self._collection)
        node = self._logic.GetLayoutNode()
        self._arrangement = -1
        self._tag = node.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self._on_layout())
        node.SetViewArrangement(slicer.vtkMRMLLayoutNode.SlicerLayoutConventionalView)

    def layoutLogic(self) -> Any:
        return self._logic

    def setLayout(self, layout: int) -> None:
        self._logic.GetLayoutNode().SetViewArrangement(layout)

    @property
    def layout(self) -> int:
        return int(self._logic.GetLayoutNode().GetViewArrangement())

    def sliceViewNames(self) -> tuple[str, ...]:
        """Names of the slice views that are shown."""
        return tuple(node.GetLayoutName() for node in self._shown() if node.IsA("vtkMRMLSliceNode"))

    def mrmlSliceLogics(self) -> Any:
        """vtkCollection of the vtkMRMLSliceLogic of all slice views that were ever shown."""
        return self._collection

    def connect(self, signature: str, function: Callable[..., Any]) -> bool:
        return self._signals.connect(signature, function)

    def disconnect(self, signature: str, function: Callable[..., Any]) -> bool:
        return self._signals.disconnect(signature, function)

    def hostClose(self) -> None:
        self._logic.GetLayoutNode().RemoveObserver(self._tag)
        for logic in self.hostSliceLogics.values():
            logic.SetMRMLScene(None)
        self._logic.SetMRMLScene(None)

    def _shown(self) -> list[Any]:
        nodes = self._logic.GetViewNodes()
        return [nodes.GetItemAsObject(index) for index in range(nodes.GetNumberOfItems())]

    def _on_layout(self) -> None:
        if self.layout == self._arrangement:
            return
        self._arrangement = self.layout
        shown = self._shown()
        for node in shown:
            if node.IsA("vtkMRMLSliceNode"):
                self._add_slice_logic(node)
            elif node.IsA("vtkMRMLViewNode"):
                self._add_camera(node)
            node.SetMappedInLayout(True)
        self._signals.emit("layoutChanged(int)", self._arrangement)

    def _add_slice_logic(self, node: Any) -> None:
        import slicer

        name = node.GetLayoutName()
        if name in self.hostSliceLogics:
            return
        logic = slicer.vtkMRMLSliceLogic()
        logic.SetMRMLApplicationLogic(self._mrml.application_logic)
        logic.SetMRMLScene(self._mrml.scene)
        logic.SetSliceNode(node)
        node.SetDimensions(*_SLICE_SIZE, 1)
        self._collection.AddItem(logic)
        self.hostSliceLogics[name] = logic

    def _add_camera(self, node: Any) -> None:
        import slicer

        if self._mrml.logics["Cameras"].GetViewActiveCameraNode(node) is None:
            camera = self._mrml.scene.AddNewNodeByClass("vtkMRMLCameraNode")
            camera.SetLayoutName(node.GetLayoutName())
            assert isinstance(camera, slicer.vtkMRMLCameraNode)
