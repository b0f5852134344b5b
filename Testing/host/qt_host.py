"""The part of the host that needs Qt: the modules `qt` and `ctk`, slicer's widgets, panels, and pictures of them."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6 import QtCore, QtGui, QtWidgets

from . import checkable_node_combo_box, dialogs, node_combo_box, path_line_edit, slicer_widgets
from .application import Application
from .faults import Faults
from .module_manager import ModuleManager
from .none_references import keep_none
from .palettes import use_palette
from .pythonqt_rules import CurrentFaults, pythonqt_class
from .ui_loader import UiLoader

# Only what this project uses, or slicer.util needs: another name is an AttributeError, to be added with thought.
_QT_WIDGETS = (
    "QWidget", "QPushButton", "QToolButton", "QLabel", "QComboBox", "QSpinBox", "QDoubleSpinBox", "QCheckBox",
    "QSlider", "QLineEdit", "QProgressBar", "QGroupBox", "QFrame", "QTextBrowser", "QMessageBox", "QDialog",
    "QListWidget", "QRadioButton",
)  # fmt: skip
_QT_PLAIN = {
    QtCore: ("Qt", "QFile", "QSettings", "QUrl", "QSize"),
    QtGui: ("QIcon", "QPixmap", "QCursor", "QFont", "QPalette", "QKeySequence"),
    QtWidgets: ("QListWidgetItem", "QVBoxLayout", "QHBoxLayout", "QFormLayout", "QGridLayout"),
}
_NODE_COMBO_BOXES = ("qMRMLNodeComboBox", "qMRMLCheckableNodeComboBox")
_QT_COMPLAINTS = ("QObject::connect", "QUiLoader", "QFormBuilder", "Designer", "QMetaObject", "QLayout")


class QtHost:
    def __init__(self, app: Application, modules: ModuleManager, faults: Faults) -> None:
        keep_none()
        self._faults = faults
        self._modules = modules
        self._containers: dict[str, Any] = {}
        CurrentFaults.faults = faults
        self.dialogs = dialogs.CurrentDialogs.dialogs = dialogs.Dialogs(faults)
        self.application = QtWidgets.QApplication.instance() or QtWidgets.QApplication(["slicer-host"])
        self._loop = QtCore.QEventLoop()
        use_palette("light")
        QtCore.qInstallMessageHandler(self._on_qt_message)
        self._install(app)
        ini = QtCore.QSettings.Format.IniFormat
        app.hostSettings = QtCore.QSettings(str(Path(app.slicerHome) / "Slicer.ini"), ini)
        app.hostProcessEvents = self.process_events
        modules.hostWidgetCreator = self._container

    def _on_qt_message(self, _kind: Any, _context: Any, text: str) -> None:
        """Qt's own complaints: in Slicer they scroll by in the log."""
        if text.startswith(_QT_COMPLAINTS):
            self._faults.record(text)

    def _install(self, app: Application) -> None:
        import slicer

        classes = {name: pythonqt_class(getattr(QtWidgets, name)) for name in _QT_WIDGETS}
        qt, ctk = ModuleType("qt"), ModuleType("ctk")
        for name, cls in classes.items():
            setattr(qt, name, cls)
        qt.QTimer = pythonqt_class(QtCore.QTimer)  # type: ignore[attr-defined]
        qt.QShortcut = pythonqt_class(QtGui.QShortcut)  # type: ignore[attr-defined]
        for source, names in _QT_PLAIN.items():
            for name in names:
                setattr(qt, name, getattr(source, name))
        qt.QApplication = type(  # type: ignore[attr-defined]
            "QApplication",
            (),
            {
                "setOverrideCursor": staticmethod(app.setOverrideCursor),
                "restoreOverrideCursor": staticmethod(app.restoreOverrideCursor),
                "overrideCursor": staticmethod(lambda: app.hostCursors[-1] if app.hostCursors else None),
                "processEvents": staticmethod(self.process_events),
                "clipboard": staticmethod(QtWidgets.QApplication.clipboard),
            },
        )
        self.opened: list[str] = []  # what was handed to the desktop's browser
        qt.QDesktopServices = type(  # type: ignore[attr-defined]
            "QDesktopServices", (), {"openUrl": staticmethod(lambda url: self.opened.append(url.toString()) is None)}
        )
        classes["ctkCollapsibleButton"] = pythonqt_class(slicer_widgets.ctkCollapsibleButton)
        ctk.ctkCollapsibleButton = classes["ctkCollapsibleButton"]  # type: ignore[attr-defined]
        classes["ctkPathLineEdit"] = ctk.ctkPathLineEdit = pythonqt_class(path_line_edit.ctkPathLineEdit)  # type: ignore[attr-defined]
        ctk.ctkMessageBox = pythonqt_class(dialogs.ctkMessageBox)  # type: ignore[attr-defined]
        for stand_in in (
            slicer_widgets.qMRMLWidget,
            node_combo_box.qMRMLNodeComboBox,
            checkable_node_combo_box.qMRMLCheckableNodeComboBox,
        ):
            classes[stand_in.__name__] = pythonqt_class(stand_in)
            setattr(slicer, stand_in.__name__, classes[stand_in.__name__])
        slicer.qSlicerScriptedLoadableModuleWidget = pythonqt_class(slicer_widgets.qSlicerScriptedLoadableModuleWidget)
        qt.QUiLoader = lambda: UiLoader(classes, self._faults)  # type: ignore[attr-defined]
        sys.modules["qt"], sys.modules["ctk"] = qt, ctk

    def _container(self, name: str) -> Any:
        """The one panel container of a module, made on first use."""
        import slicer

        if name not in self._containers:
            self._containers[name] = slicer.qSlicerScriptedLoadableModuleWidget()
            self._containers[name].hostStart(name)
        return self._containers[name]

    def open_panel(self, name: str) -> Any:
        """Makes the panel if there is none, enters it, returns the Python Widget."""
        container = self._modules.module(name).widgetRepresentation()
        container.hostEnter()
        return container.self()

    def process_events(self, *, wait: bool = False) -> None:
        """Lets Qt's events in; with ``wait`` until there was one.

        Not QApplication.processEvents: in PySide6 6.12 each call takes a reference from None, until Python dies of it.
        """
        flag = QtCore.QEventLoop.ProcessEventsFlag
        self._loop.processEvents(flag.WaitForMoreEvents if wait else flag.AllEvents)

    def leave_panel(self, name: str) -> None:
        """As when the user goes to another module."""
        self._containers[name].hostExit()

    def grab(self, widget: Any, path: Path, *, width: int = 480) -> Path:
        """Draws a widget and all in it, at the height that its content needs."""
        for _ in range(4):  # word-wrapped labels know their height only after a first layout
            widget.resize(width, max(widget.sizeHint().height(), widget.heightForWidth(width)))
            widget.show()
            self.process_events()
        if not widget.grab().save(str(path)):
            raise OSError(f"{path} could not be written")
        return path

    def stop(self) -> None:
        import slicer

        self.dialogs.check()
        for container in self._containers.values():
            for name in _NODE_COMBO_BOXES:
                for box in container.findChildren(getattr(slicer, name)):
                    box.hostDetach()
            container.deleteLater()
        self._containers = {}
        self.process_events()
        QtCore.qInstallMessageHandler(None)
        for name in ("qt", "ctk"):
            sys.modules.pop(name, None)
        for name in ("qMRMLWidget", *_NODE_COMBO_BOXES, "qSlicerScriptedLoadableModuleWidget"):
            delattr(slicer, name)
