"""Where what a user keeps lies: models, presets."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def user_folder(name: str, environment: str) -> Path:
    """A folder of the user's own; it need not exist.

    Args:
        name: of the folder within the platform's folder for application data.
        environment: the variable that names another folder instead, when it is set.
    """
    if given := os.environ.get(environment):
        return Path(given).expanduser()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "XrayToCT" / name
