"""Study keys: a whole session without the mouse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .wiring import connectSignal


class StudyKeys:
    """Shortcuts that work while a session is open, wherever in the window the focus is.

    A field into which one types keeps its digits: Qt asks it first.

    Args:
        parent: widget whose window listens.
        actions: key sequence, such as "3" or "Ctrl+Right" -> what it does.
    """

    def __init__(self, parent: Any, actions: dict[str, Callable[[], object]]) -> None:
        import qt

        self._shortcuts = []
        for keys, action in actions.items():
            shortcut = qt.QShortcut(qt.QKeySequence(keys), parent)
            shortcut.setObjectName(f"studyKey_{keys}")
            connectSignal(shortcut, "activated()", lambda action=action: action())
            self._shortcuts.append(shortcut)
        self.setEnabled(False)

    def setEnabled(self, enabled: bool) -> None:
        for shortcut in self._shortcuts:
            shortcut.setEnabled(enabled)
