"""Path edit: what a ctkPathLineEdit holds."""

from __future__ import annotations

from typing import Any


def chosenPath(pathEdit: Any) -> str:
    """The path in a ctkPathLineEdit, or ""; an empty one reads as "." in some versions."""
    path = str(pathEdit.currentPath).strip()
    return "" if path == "." else path
