"""Provenance: where a result came from, as attributes of its node; they are saved with the scene."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

PREFIX = "XrayToCT."
SOURCE_REFERENCE = "XrayToCT.Source"  # a node reference follows its node when IDs change on scene import
_ABBREVIATIONS = {"sha256": "SHA256", "id": "Id"}
BETWEEN_WARNINGS = " | "


def attributeName(key: str) -> str:
    """The library's key as an attribute: "model_sha256" -> "XrayToCT.ModelSHA256"."""
    return PREFIX + "".join(_ABBREVIATIONS.get(part, part.capitalize()) for part in key.split("_"))


def writeProvenance(node: Any, provenance: Mapping[str, str], inputVolume: Any, warnings: tuple[str, ...]) -> None:
    """Replaces all XrayToCT attributes of ``node``: those of an earlier run would lie about this one."""
    for name in attributesOf(node):
        node.RemoveAttribute(name)
    for key, value in provenance.items():
        node.SetAttribute(attributeName(key), str(value))
    node.SetAttribute(PREFIX + "SourceNodeID", inputVolume.GetID())
    node.SetAttribute(PREFIX + "SourceName", inputVolume.GetName() or "")
    if warnings:
        node.SetAttribute(PREFIX + "Warnings", BETWEEN_WARNINGS.join(warnings))
    node.SetNodeReferenceID(SOURCE_REFERENCE, inputVolume.GetID())


def attributesOf(node: Any) -> dict[str, str]:
    """The node's XrayToCT attributes, by their full names."""
    names = [name for name in node.GetAttributeNames() if name.startswith(PREFIX)]
    return {name: node.GetAttribute(name) for name in names}


def libraryKey(attribute: str) -> str:
    """An attribute as the library's key: "XrayToCT.ModelSHA256" -> "model_sha256"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", attribute.removeprefix(PREFIX)).lower()


def knownFrom(attributes: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """(provenance under the library's keys, warnings) of a node's XrayToCT attributes."""
    known = {libraryKey(name): value for name, value in attributes.items()}
    warnings = tuple(text for text in known.pop("warnings", "").split(BETWEEN_WARNINGS) if text)
    return known, warnings
