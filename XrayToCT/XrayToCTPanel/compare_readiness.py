"""Compare readiness: whether a comparison can be started, and if not, why not, in words for the panel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

READY_TIP = "Measure the candidates against the reference."


def reasonNotComparable(candidates: Sequence[Any], referenceVolume: Any) -> str:
    """An empty string when Compare may be pressed, else one sentence that says what to do. Reads no pixels."""
    if not candidates:
        return "Choose one or more candidates: what is to be measured."
    if referenceVolume is None:
        return "Choose a reference: a CT or MR volume, a stack, or an image."
    for node in (*candidates, referenceVolume):
        image = node.GetImageData()
        if image is None or 0 in image.GetDimensions():
            return f"{node.GetName()} has no pixels: choose another volume."
    if referenceVolume in candidates:
        return f"{referenceVolume.GetName()} is candidate and reference at once: take it off one of them."
    single = [node.GetImageData().GetDimensions()[2] == 1 for node in candidates]
    if any(single) and not all(single):
        return "Stacks and single images cannot stand in one table: choose one kind."
    return ""
