"""Stand-in for slicer.app.coreIOManager(): what slicer.util.loadVolume, saveNode, loadScene and saveScene call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

# ITK's readers of these are not in the slicer-core wheel; SimpleITK reads them, and the node is then made as Slicer
# makes it: (1, rows, cols), row 0 on top, IJK to RAS diag(-1, -1, 1), spacing 1; colour becomes a vector volume.
_PHOTOGRAPH_SUFFIXES = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp"}


class CoreIOManager:
    def __init__(self, scene: Any, volumes_logic: Any) -> None:
        self._scene = scene
        self._volumes_logic = volumes_logic

    def fileType(self, fileName: str) -> str:
        return "SceneFile" if str(fileName).endswith((".mrml", ".mrb")) else "VolumeFile"

    def fileWriterFileType(self, node: Any, _extension: str = "") -> str:
        return "VolumeFile" if node.IsA("vtkMRMLVolumeNode") else "NodeFile"

    def loadNodes(self, fileType: str, properties: dict[str, Any], loaded: Any, messages: Any = None) -> bool:
        path = Path(properties["fileName"])
        if not path.is_file():
            return False
        if fileType == "SceneFile":
            return self._load_scene(path)
        if fileType != "VolumeFile":
            raise NotImplementedError(f"the host does not load '{fileType}'")
        name = properties.get("name") or path.name.split(".")[0]
        if path.suffix.lower() in _PHOTOGRAPH_SUFFIXES:
            node = self._load_photograph(path, name)
        else:
            logic = self._volumes_logic
            options = logic.SingleFile if properties.get("singleFile", True) else 0
            options |= logic.LabelMap if properties.get("labelmap") else 0
            options |= logic.DiscardOrientation if properties.get("discardOrientation") else 0
            node = logic.AddArchetypeVolume(str(path), name, options)
        if node is None:
            return False
        loaded.AddItem(node)
        return True

    def saveNodes(self, fileType: str, properties: dict[str, Any], messages: Any = None) -> bool:
        path = str(properties["fileName"])
        if fileType == "SceneFile":
            if path.endswith(".mrb"):
                return bool(self._scene.WriteToMRB(path))
            self._scene.SetURL(path)
            return bool(self._scene.Commit())
        node = self._scene.GetNodeByID(properties["nodeID"])
        node.AddDefaultStorageNode()
        storage = node.GetStorageNode()
        storage.SetFileName(path)
        return bool(storage.WriteData(node))

    def _load_scene(self, path: Path) -> bool:
        if path.suffix == ".mrb":
            return bool(self._scene.ReadFromMRB(str(path), True))
        self._scene.SetURL(str(path))
        return bool(self._scene.Connect())

    def _load_photograph(self, path: Path, name: str) -> Any:
        import numpy as np
        import SimpleITK as sitk
        import slicer

        try:
            array = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
        except RuntimeError:
            return None
        color = array.ndim == 3
        node_class = "vtkMRMLVectorVolumeNode" if color else "vtkMRMLScalarVolumeNode"
        node = slicer.util.addVolumeFromArray(array[np.newaxis], np.diag([-1.0, -1.0, 1.0, 1.0]), name, node_class)
        node.AddDefaultStorageNode()
        node.GetStorageNode().SetFileName(str(path))
        return node
