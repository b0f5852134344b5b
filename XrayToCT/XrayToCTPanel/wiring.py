"""Wiring: connecting a panel so that a fault is seen, not swallowed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def connectSignal(widget: Any, signal: str, slot: Callable[..., Any]) -> None:
    """Connects, or raises RuntimeError: PythonQt only returns False for a signal that does not exist."""
    if not widget.connect(signal, slot):
        raise RuntimeError(f"{widget.objectName} has no signal {signal}")


def showSetupFailure(layout: Any, error: Exception) -> None:
    """Says in the panel why it is empty (the complaint of uncbiag/SlicerUniGradICON#4)."""
    import qt

    label = qt.QLabel(f"X-ray to CT cannot start: {error}")
    label.setWordWrap(True)
    label.setObjectName("setupFailureLabel")
    layout.addWidget(label)
