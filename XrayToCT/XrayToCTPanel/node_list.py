"""Node list: several nodes kept under a role of the parameter node, so that they are saved with the scene."""

from __future__ import annotations

from typing import Any


def keptNodes(parameters: Any, role: str) -> list[Any]:
    """The nodes of a role, without those that are gone."""
    node = parameters.parameterNode
    nodes = [node.GetNthNodeReference(role, i) for i in range(node.GetNumberOfNodeReferences(role))]
    return [each for each in nodes if each is not None]


def keepNodes(parameters: Any, role: str, nodes: list[Any]) -> None:
    """Replaces them."""
    import slicer

    if keptNodes(parameters, role) == nodes:
        return
    with slicer.util.NodeModify(parameters.parameterNode):
        parameters.parameterNode.RemoveNodeReferenceIDs(role)
        for each in nodes:
            parameters.parameterNode.AddNodeReferenceID(role, each.GetID())
