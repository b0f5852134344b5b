"""Placement: a result lies beside its input in the subject hierarchy, in the same study."""

from __future__ import annotations

from typing import Any


def placeBeside(resultNode: Any, inputNode: Any) -> None:
    """Puts the result right after the input, under the input's parent item."""
    import slicer

    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    if hierarchy is None:
        return
    inputItem = hierarchy.GetItemByDataNode(inputNode)
    parent = hierarchy.GetItemParent(inputItem) if inputItem else hierarchy.GetSceneItemID()
    resultItem = hierarchy.GetItemByDataNode(resultNode)
    if not resultItem:
        resultItem = hierarchy.CreateItem(parent, resultNode)
    hierarchy.SetItemParent(resultItem, parent)
    following = _itemAfter(hierarchy, parent, inputItem) if inputItem else 0
    if following and following != resultItem:
        hierarchy.MoveItem(resultItem, following)


def _itemAfter(hierarchy: Any, parent: int, item: int) -> int:
    import vtk

    children = vtk.vtkIdList()
    hierarchy.GetItemChildren(parent, children, False)
    siblings = [children.GetId(i) for i in range(children.GetNumberOfIds())]
    position = siblings.index(item) + 1 if item in siblings else len(siblings)
    return siblings[position] if position < len(siblings) else 0


def newFolder(name: str) -> int:
    """A folder item of a name of its own, right under the scene; 0 where there is no subject hierarchy."""
    import slicer

    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    if hierarchy is None:
        return 0
    scene = hierarchy.GetSceneItemID()
    return int(hierarchy.CreateFolderItem(scene, hierarchy.GenerateUniqueItemName(name)))


def putInto(folder: int, node: Any) -> None:
    """Moves a node's item into a folder."""
    import slicer

    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    if hierarchy is not None and folder:
        hierarchy.SetItemParent(hierarchy.GetItemByDataNode(node), folder)
