"""What the tests of the reader study in Slicer share: every text that a reader could find in the scene."""

from __future__ import annotations

from typing import Any

import slicer


def scene_texts() -> list[str]:
    """Of all nodes: names, attributes, references, files, and what a saved scene would hold; hierarchy items too."""
    scene = slicer.mrmlScene
    texts = []
    for node in [scene.GetNthNode(index) for index in range(scene.GetNumberOfNodes())]:
        texts += [node.GetName() or "", node.GetID() or "", node.GetDescription() or "", node.GetSingletonTag() or ""]
        texts += [f"{name}={node.GetAttribute(name)}" for name in node.GetAttributeNames()]
        if node.IsA("vtkMRMLStorableNode"):
            for storage in [node.GetNthStorageNode(i) for i in range(node.GetNumberOfStorageNodes())]:
                texts += [storage.GetFileName() or "", storage.GetURI() or ""]
        texts.append(str(node))  # VTK prints all members
    texts += [hierarchy_name(item) for item in hierarchy_items()]
    scene.SetSaveToXMLString(1)
    scene.Commit("study.mrml")
    texts.append(scene.GetSceneXMLString())
    scene.SetSaveToXMLString(0)
    return texts


def hierarchy_items() -> list[int]:
    import vtk

    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    items = vtk.vtkIdList()
    hierarchy.GetItemChildren(hierarchy.GetSceneItemID(), items, True)
    return [items.GetId(index) for index in range(items.GetNumberOfIds())]


def hierarchy_name(item: int) -> str:
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    names = [hierarchy.GetItemName(item), *hierarchy.GetItemAttributeNames(item)]
    return " ".join(str(name) for name in names)


def leaks(secrets: list[str]) -> list[tuple[str, str]]:
    """(secret, a text that holds it)."""
    texts = scene_texts()
    return [(secret, text[:300]) for secret in secrets for text in texts if secret.lower() in text.lower()]


def volumes() -> list[Any]:
    return list(slicer.util.getNodesByClass("vtkMRMLVolumeNode"))
