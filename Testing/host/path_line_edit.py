"""Stand-in for ctkPathLineEdit: a field for a path, with a button that would open a file dialog."""

from __future__ import annotations

from typing import Any

from PySide6 import QtCore, QtWidgets

from .pythonqt_rules import CurrentFaults


class ctkPathLineEdit(QtWidgets.QWidget):
    """Signals when the path changes, by typing or by ``setCurrentPath``. Pressing its button is a fault: a dialog."""

    Dirs, Files, Drives, Readable, Writable = 0x001, 0x002, 0x004, 0x010, 0x020

    currentPathChanged = QtCore.Signal(str)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.__dict__["_hostFilters"] = self.Dirs | self.Files | self.Readable
        self.__dict__["_hostEdit"] = edit = QtWidgets.QLineEdit(self)
        button = QtWidgets.QToolButton(self)
        button.setText("...")
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(edit)
        layout.addWidget(button)
        QtWidgets.QWidget.setFocusProxy(self, edit)
        edit.textChanged.connect(lambda text: self.hostSignal().emit(text))
        button.clicked.connect(lambda: CurrentFaults.faults.record("a file dialog was opened"))

    def hostSignal(self) -> Any:
        """The signal itself: under PythonQt's rules its name is something else."""
        return ctkPathLineEdit.currentPathChanged.__get__(self)

    def _read_path(self) -> str:
        return str(self.__dict__["_hostEdit"].text())

    def setCurrentPath(self, path: str) -> None:
        self.__dict__["_hostEdit"].setText(path)

    def _read_filters(self) -> int:
        return int(self.__dict__["_hostFilters"])

    def _write_filters(self, filters: int) -> None:
        self.__dict__["_hostFilters"] = filters

    currentPath = QtCore.Property(str, _read_path, setCurrentPath)
    filters = QtCore.Property(int, _read_filters, _write_filters)
