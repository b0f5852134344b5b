"""Stand-ins for qMRMLWidget, ctkCollapsibleButton and the container that holds a module's panel."""

from __future__ import annotations

import sys
from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets

from .pythonqt_rules import CurrentFaults
from .slots import SignalTable


class qMRMLWidget(QtWidgets.QWidget):
    """Passes the scene on to the widgets that the .ui file connects to mrmlSceneChanged, and to no other."""

    hostSignals = ("mrmlSceneChanged(vtkMRMLScene*)",)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.__dict__["_hostReceivers"] = []
        self.__dict__["_hostScene"] = None

    def setMRMLScene(self, scene: Any) -> None:
        self.__dict__["_hostScene"] = scene
        for receiver in self.__dict__["_hostReceivers"]:
            receiver.setMRMLScene(scene)

    def mrmlScene(self) -> Any:
        return self.__dict__["_hostScene"]


class ctkCollapsibleButton(QtWidgets.QAbstractButton):
    """A header that hides what lies under it."""

    hostSignals = ("contentsCollapsed(bool)",)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.__dict__["_hostCollapsed"] = False
        self.__dict__["_hostTable"] = SignalTable("ctkCollapsibleButton", self.hostSignals, CurrentFaults.faults)
        self.setCheckable(True)
        self.setChecked(True)
        header = self._header()
        self.setContentsMargins(0, header, 0, 0)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Preferred, QtWidgets.QSizePolicy.Policy.Preferred)
        QtCore.QObject.connect(self, QtCore.SIGNAL("toggled(bool)"), lambda checked: self._collapse(not checked))

    def _header(self) -> int:
        return QtGui.QFontMetrics(QtWidgets.QAbstractButton.font(self)).height() + 8

    def _read_collapsed(self) -> bool:
        return bool(self.__dict__.get("_hostCollapsed"))

    def _collapse(self, collapsed: bool) -> None:
        if collapsed == self._read_collapsed():
            return
        self.__dict__["_hostCollapsed"] = collapsed
        QtWidgets.QAbstractButton.setChecked(self, not collapsed)
        self._show_contents()
        QtWidgets.QWidget.updateGeometry(self)
        self.__dict__["_hostTable"].emit(self.hostSignals[0], collapsed)

    def _show_contents(self) -> None:
        for child in self.children():
            if isinstance(child, QtWidgets.QWidget) and self._read_collapsed():
                if not child.isHidden():
                    self._fold(child)
            elif isinstance(child, QtWidgets.QWidget) and child.__dict__.pop("_hostFolded", False):
                QtWidgets.QWidget.setVisible(child, True)

    collapsed = QtCore.Property(bool, _read_collapsed, _collapse)

    def childEvent(self, event: Any) -> None:
        if event.type() == QtCore.QEvent.Type.ChildAdded and isinstance(event.child(), QtWidgets.QWidget):
            event.child().installEventFilter(self)
        super().childEvent(event)

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """What code shows or hides while the section is collapsed stays unseen, and is so once it is opened."""
        if self._read_collapsed() and not self.__dict__.get("_hostFolding"):
            if event.type() == QtCore.QEvent.Type.ShowToParent:
                self._fold(watched)
            elif event.type() == QtCore.QEvent.Type.HideToParent:
                watched.__dict__.pop("_hostFolded", None)
        return False

    def _fold(self, child: Any) -> None:
        self.__dict__["_hostFolding"] = True
        QtWidgets.QWidget.setVisible(child, False)
        # Not explicitly hidden: an explicit hide must still be noticed.
        QtWidgets.QWidget.setAttribute(child, QtCore.Qt.WidgetAttribute.WA_WState_ExplicitShowHide, False)
        self.__dict__["_hostFolding"] = False
        child.__dict__["_hostFolded"] = True

    def showEvent(self, event: Any) -> None:
        self._show_contents()
        super().showEvent(event)

    def sizeHint(self) -> QtCore.QSize:
        if self._read_collapsed() or self.layout() is None:
            return QtCore.QSize(200, self._header())
        return super().sizeHint()

    def minimumSizeHint(self) -> QtCore.QSize:
        return QtCore.QSize(100, self._header()) if self._read_collapsed() else super().minimumSizeHint()

    def hitButton(self, position: QtCore.QPoint) -> bool:
        return position.y() < self._header()

    def paintEvent(self, event: Any) -> None:
        painter = QtWidgets.QStylePainter(self)
        option = QtWidgets.QStyleOptionButton()
        option.initFrom(self)
        option.rect.setHeight(self._header())
        painter.drawControl(QtWidgets.QStyle.ControlElement.CE_PushButtonBevel, option)
        arrow = QtWidgets.QStyleOption()
        arrow.initFrom(self)
        arrow.rect = QtCore.QRect(6, (self._header() - 10) // 2, 10, 10)
        style = QtWidgets.QStyle.PrimitiveElement
        shape = style.PE_IndicatorArrowRight if self._read_collapsed() else style.PE_IndicatorArrowDown
        painter.drawPrimitive(shape, arrow)
        painter.drawText(
            QtCore.QRect(22, 0, QtWidgets.QWidget.width(self), self._header()),
            QtCore.Qt.AlignmentFlag.AlignVCenter | QtCore.Qt.AlignmentFlag.AlignLeft,
            QtCore.QObject.property(self, "text") or "",
        )


class qSlicerScriptedLoadableModuleWidget(QtWidgets.QWidget):
    """Holds a module's panel: makes the Python Widget, and makes it again on reload."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.__dict__.update({"_hostEntered": False, "_hostModule": "", "_hostWidget": None})
        QtWidgets.QVBoxLayout(self)

    isEntered = QtCore.Property(bool, lambda self: self.__dict__["_hostEntered"])

    def hostStart(self, module_name: str) -> None:
        self.__dict__["_hostModule"] = module_name
        self.reload()

    def reload(self) -> None:
        """Makes the Widget of the module as it is in sys.modules now. Slicer prints what setup raises: it is kept."""
        import slicer

        name = self.__dict__["_hostModule"]
        try:
            self.__dict__["_hostWidget"] = widget = getattr(sys.modules[name], f"{name}Widget")(self)
            setattr(slicer.modules, f"{name}Widget", widget)
            widget.setup()
            if self.__dict__["_hostEntered"]:
                widget.enter()
        except Exception as error:
            CurrentFaults.faults.record_exception(f"{name}Widget.setup", error)

    def self(self) -> Any:
        return self.__dict__["_hostWidget"]

    def hostEnter(self) -> None:
        self.__dict__["_hostEntered"] = True
        self._call("enter")

    def hostExit(self) -> None:
        self.__dict__["_hostEntered"] = False
        self._call("exit")

    def _call(self, name: str) -> None:
        try:
            getattr(self.__dict__["_hostWidget"], name)()
        except Exception as error:
            CurrentFaults.faults.record_exception(name, error)
