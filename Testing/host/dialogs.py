"""Dialogs with scripted answers: a test says beforehand what will be asked and answered; any other is a fault."""

from __future__ import annotations

from typing import Any

from PySide6 import QtCore, QtWidgets

from .faults import Faults


class Dialogs:
    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._answers: list[tuple[str, Any]] = []
        self.shown: list[str] = []

    def expect(self, part_of_text: str, answer: Any) -> None:
        """The next dialog holds this text; it is answered by a QMessageBox.StandardButton."""
        self._answers.append((part_of_text, answer))

    def answer(self, text: str) -> Any:
        self.shown.append(text)
        if self._answers and self._answers[0][0] in text:
            return self._answers.pop(0)[1]
        self._faults.record(f"unexpected dialog: {text}")
        return QtWidgets.QMessageBox.StandardButton.Cancel

    def check(self) -> None:
        for text, _ in self._answers:
            self._faults.record(f"a dialog that holds '{text}' was expected and never shown")
        self._answers = []


class CurrentDialogs:
    """The dialogs of the host that runs now."""

    dialogs: Dialogs


class ctkMessageBox(QtWidgets.QMessageBox):
    """slicer.util's message box, answered by the script instead of by a person."""

    dontShowAgainSettingsKey = QtCore.Property(str, lambda self: "", lambda self, value: None)

    def exec_(self) -> Any:
        return CurrentDialogs.dialogs.answer(QtCore.QObject.property(self, "text"))
