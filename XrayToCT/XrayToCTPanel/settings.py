"""Settings: what the application remembers for all scenes, as text: Qt keeps other types within one session only."""

from __future__ import annotations

import slicer

_GROUP = "XrayToCT"
LAST_MODEL, LAST_DEVICE, WARM_UP = "LastModel", "LastDevice", "WarmUp"


def setting(name: str, default: str = "") -> str:
    """What was remembered under a name of this file."""
    return str(slicer.app.userSettings().value(f"{_GROUP}/{name}", default) or default)


def remember(name: str, value: str) -> None:
    slicer.app.userSettings().setValue(f"{_GROUP}/{name}", value)
