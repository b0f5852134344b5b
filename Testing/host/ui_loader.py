"""Stand-in for QUiLoader: makes a .ui file's widgets in our classes and wires the scene by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from PySide6 import QtCore, QtUiTools

from .faults import Faults
from .pythonqt_rules import Rules

_SCENE_SIGNAL = "mrmlSceneChanged(vtkMRMLScene*)"
_SCENE_SLOT = "setMRMLScene(vtkMRMLScene*)"
_DESIGNER_ONLY = {("QLabel", "buddy")}  # what the loader sets by a setter


class UiLoader(QtUiTools.QUiLoader):
    """Knows the classes of ``classes``; a file that asks for another one, or for a property it lacks, is a fault."""

    def __init__(self, classes: dict[str, type], faults: Faults) -> None:
        super().__init__()
        self._classes = classes
        self._faults = faults
        self._made: list[Any] = []

    def createWidget(self, className: str, parent: Any = None, name: str = "") -> Any:
        if className not in self._classes:
            self._faults.record(f"the .ui file asks for {className}, which the host does not have")
            className = "QWidget"
        widget = self._classes[className](parent)
        widget.setObjectName(name)
        self._made.append(widget)
        return widget

    def load(self, device: Any, parent: Any = None) -> Any:
        text = bytes(device.readAll()).decode("utf-8")
        root = ElementTree.fromstring(text)
        self._check_properties(root)
        wired = self._take_scene_connections(root)
        buffer = QtCore.QBuffer()
        buffer.setData(ElementTree.tostring(root))
        buffer.open(QtCore.QIODevice.OpenModeFlag.ReadOnly)
        Rules.hostLoading = True
        try:
            top = super().load(buffer, parent)
        finally:
            Rules.hostLoading = False
        by_name = {w.objectName: w for w in self._made}
        for sender, receiver in wired:
            if sender not in by_name or not hasattr(by_name.get(receiver), "setMRMLScene"):
                self._faults.record(f"the .ui file connects the scene of '{sender}' to '{receiver}', which takes none")
                continue
            by_name[sender].__dict__["_hostReceivers"].append(by_name[receiver])
        return top

    def _check_properties(self, root: Any) -> None:
        for widget in root.iter("widget"):
            known = getattr(self._classes.get(widget.get("class")), "hostProperties", None)
            for item in widget.findall("property"):
                if (widget.get("class"), item.get("name")) in _DESIGNER_ONLY:
                    continue
                if known is not None and item.get("name") not in known and item.get("stdset") != "0":
                    self._faults.record(
                        f"the .ui file sets '{item.get('name')}' on {widget.get('class')} '{widget.get('name')}', "
                        "which has no such property"
                    )

    def _take_scene_connections(self, root: Any) -> list[tuple[str, str]]:
        """Removes the connections whose types PySide does not know; returns their (sender, receiver)."""
        wired = []
        for connections in root.iter("connections"):
            for item in list(connections):
                if "vtkMRMLScene" not in (item.findtext("signal") or ""):
                    continue
                if (item.findtext("signal"), item.findtext("slot")) != (_SCENE_SIGNAL, _SCENE_SLOT):
                    self._faults.record(f"the .ui file has a misspelt connection: {item.findtext('signal')}")
                else:
                    wired.append((item.findtext("sender") or "", item.findtext("receiver") or ""))
                connections.remove(item)
        return wired


def open_file(path: str) -> Any:
    """What slicer.util.loadUI hands to load(): a QFile with PythonQt's names."""
    return QtCore.QFile(str(Path(path)))
