"""The real MRML scene with its logics, started as the application starts them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

# Slicer's start order. A logic gets the application logic before the scene: its scene events look it up.
_LOGICS = {
    "Volumes": "vtkSlicerVolumesLogic",
    "SubjectHierarchy": "vtkSlicerSubjectHierarchyModuleLogic",
    "Transforms": "vtkSlicerTransformLogic",
    "Tables": "vtkSlicerTablesLogic",
    "Sequences": "vtkSlicerSequencesLogic",
    "VolumeRendering": "vtkSlicerVolumeRenderingLogic",
    "Markups": "vtkSlicerMarkupsLogic",
    "Segmentations": "vtkSlicerSegmentationsModuleLogic",
    "Cameras": "vtkSlicerCamerasModuleLogic",
    "Colors": "vtkSlicerColorLogic",
}
# In the application a plug-in of the subject hierarchy makes an item for each node of these classes.
_HIERARCHY_CLASSES = ("vtkMRMLDisplayableNode", "vtkMRMLTableNode", "vtkMRMLTransformNode", "vtkMRMLTextNode")


class MrmlScene:
    """Owns ``scene``, ``application_logic`` and ``logics`` (module name -> logic).

    Args:
        home: an empty folder that stands for Slicer's own, also used as the cache of scene bundles.
    """

    def __init__(self, home: Path) -> None:
        import slicer
        import vtk

        self.scene = slicer.vtkMRMLScene()
        slicer.mrmlScene = self.scene
        crosshair = slicer.vtkMRMLCrosshairNode()
        crosshair.SetCrosshairName("default")
        self.scene.AddNode(crosshair)
        self.application_logic = slicer.vtkSlicerApplicationLogic()
        self.application_logic.SetHomeDirectory(str(home))
        self.application_logic.SetTemporaryPath(str(home))
        for setter in ("SetSliceLogics", "SetViewLogics"):
            collection = vtk.vtkCollection()
            getattr(self.application_logic, setter)(collection)
            setattr(self, f"_{setter}", collection)  # the logic keeps no reference of its own
        self.application_logic.SetMRMLScene(self.scene)
        # Others look for it before the Colors module's own is started.
        self.application_logic.SetModuleLogic("Colors", self.application_logic.GetColorLogic())
        slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(self.scene, True)
        self._add_bundle_reader(home)
        self.logics = {name: self._start_logic(name, class_name) for name, class_name in _LOGICS.items()}
        self._add_views()
        self._hierarchy_observers = self._observe_nodes()

    def stop(self) -> None:
        """Takes the observers off and empties the scene."""
        for tag in self._hierarchy_observers:
            self.scene.RemoveObserver(tag)
        self.scene.Clear(1)

    def _start_logic(self, name: str, class_name: str) -> Any:
        import slicer

        logic = getattr(slicer, class_name)()
        logic.SetMRMLApplicationLogic(self.application_logic)
        logic.SetMRMLScene(self.scene)
        self.application_logic.SetModuleLogic(name, logic)
        return logic

    def _add_bundle_reader(self, home: Path) -> None:
        """Reading a .mrb needs a cache folder."""
        import slicer

        cache = slicer.vtkCacheManager()
        (home / "cache").mkdir(exist_ok=True)
        cache.SetRemoteCacheDirectory(str(home / "cache"))
        self._io_manager = slicer.vtkDataIOManager()
        self._io_manager.SetCacheManager(cache)
        self.scene.SetCacheManager(cache)
        self.scene.SetDataIOManager(self._io_manager)

    def _add_views(self) -> None:
        """The three slice views that the application shows by default: nodes only, nothing draws them."""
        for name, orientation in (("Red", "Axial"), ("Green", "Coronal"), ("Yellow", "Sagittal")):
            # From the scene, not from the class: the orientation presets come with the scene's default node.
            view = self._singleton("vtkMRMLSliceNode", name)
            view.SetOrientation(orientation)
            self._singleton("vtkMRMLSliceCompositeNode", name)

    def _singleton(self, class_name: str, name: str) -> Any:
        node = self.scene.CreateNodeByClass(class_name)
        node.UnRegister(None)
        node.SetSingletonTag(name)
        node.SetName(name)
        node.SetLayoutName(name)
        return self.scene.AddNode(node)

    def _hierarchy(self) -> Any:
        import slicer

        return slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(self.scene)

    def _observe_nodes(self) -> list[int]:
        import slicer
        import vtk

        @vtk.calldata_type(vtk.VTK_OBJECT)
        def on_added(_scene: Any, _event: str, node: Any) -> None:
            hierarchy = self._hierarchy()
            if hierarchy is None or node.GetHideFromEditors() or self.scene.IsImporting():
                return
            if any(node.IsA(name) for name in _HIERARCHY_CLASSES) and not hierarchy.GetItemByDataNode(node):
                hierarchy.CreateItem(hierarchy.GetSceneItemID(), node)

        @vtk.calldata_type(vtk.VTK_OBJECT)
        def on_removed(_scene: Any, _event: str, node: Any) -> None:
            hierarchy = self._hierarchy()
            item = hierarchy.GetItemByDataNode(node) if hierarchy else 0
            if item:
                hierarchy.RemoveItem(item, False, False)

        return [
            self.scene.AddObserver(slicer.vtkMRMLScene.NodeAddedEvent, on_added),
            self.scene.AddObserver(slicer.vtkMRMLScene.NodeAboutToBeRemovedEvent, on_removed),
        ]
