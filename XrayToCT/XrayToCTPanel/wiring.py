"""Wiring: connecting a panel so that a fault is seen, not swallowed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def connectSignal(widget: Any, signal: str, slot: Callable[..., Any]) -> None:
    """Connects, or raises RuntimeError: PythonQt only returns False for a signal that does not exist."""
    if not widget.connect(signal, slot):
        raise RuntimeError(f"{widget.objectName} has no signal {signal}")


class Availability:
    """Widgets that cannot be used say why in their tool tip; when they can be, the tip is their own again."""

    def __init__(self) -> None:
        self._tips: dict[str, str] = {}  # by object name, as the .ui file gives them

    def set(self, widget: Any, reason: str) -> None:
        """Enables the widget where there is no ``reason`` against it."""
        tip = self._tips.setdefault(widget.objectName, widget.toolTip)
        widget.setEnabled(not reason)
        widget.setToolTip(reason or tip)


def showSetupFailure(layout: Any, error: Exception) -> None:
    """Says in the panel why it is empty (the complaint of uncbiag/SlicerUniGradICON#4)."""
    import qt

    label = qt.QLabel(f"X-ray to CT cannot start: {error}")
    label.setWordWrap(True)
    label.setObjectName("setupFailureLabel")
    layout.addWidget(label)
