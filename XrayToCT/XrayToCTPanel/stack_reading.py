"""Stack reading: a node's stack as steps of a run."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from XrayToCTLib.ct_stack import CtStack

from .compare_views import checkStack
from .provenance import attributesOf
from .run import ThreadJob
from .stack_bridge import stackFromSnapshot
from .volume_snapshot import snapshotSteps


def stackSteps(volumeNode: Any) -> Generator[Any, Any, CtStack]:
    """The stack in a node, copied out of the scene without holding the event loop.

    Raises:
        XrayToCTError: no volume with pixels in the scene.
    """
    checkStack(volumeNode)
    thickness, attributes = float(volumeNode.GetSpacing()[2]), attributesOf(volumeNode)
    snapshot = yield from snapshotSteps(volumeNode)
    stack: CtStack = yield ThreadJob(stackFromSnapshot, snapshot, thickness, attributes)
    return stack
