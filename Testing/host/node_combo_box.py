"""Stand-in for qMRMLNodeComboBox: lists the scene's nodes of given types and follows what happens to them."""

from __future__ import annotations

from typing import Any

from PySide6 import QtCore, QtWidgets

from .pythonqt_rules import CurrentFaults
from .slots import SignalTable

_NODE_CHANGED = "currentNodeChanged(vtkMRMLNode*)"
_VALID_CHANGED = "currentNodeChanged(bool)"
_ID_CHANGED = "currentNodeIDChanged(QString)"
_ADDED_BY_USER = "nodeAddedByUser(vtkMRMLNode*)"


def _flag(name: str, default: bool) -> QtCore.Property:
    return _kept("bool", name, default)


def _kept(kind: Any, name: str, default: Any) -> QtCore.Property:
    """A property whose value is kept in Python; the list is made anew when it changes."""

    def read(self: Any) -> Any:
        value = self.__dict__.get(f"_host_{name}", default)
        return tuple(value) if isinstance(value, list) else value  # measured: nodeTypes reads back as a tuple

    def write(self: Any, value: Any) -> None:
        self.__dict__[f"_host_{name}"] = value
        self.hostRefresh()

    return QtCore.Property(kind, read, write)


class qMRMLNodeComboBox(QtWidgets.QWidget):
    """Signals only when the current node changes. Without ``noneEnabled`` the first node is chosen when none is."""

    hostSignals = (_NODE_CHANGED, _VALID_CHANGED, _ID_CHANGED, _ADDED_BY_USER)

    nodeTypes = _kept("QStringList", "nodeTypes", [])
    hideChildNodeTypes = _kept("QStringList", "hideChildNodeTypes", [])
    showChildNodeTypes = _flag("showChildNodeTypes", True)
    showHidden = _flag("showHidden", False)
    noneEnabled = _flag("noneEnabled", False)
    addEnabled = _flag("addEnabled", True)
    removeEnabled = _flag("removeEnabled", True)
    editEnabled = _flag("editEnabled", False)
    renameEnabled = _flag("renameEnabled", False)
    selectNodeUponCreation = _flag("selectNodeUponCreation", True)
    noneDisplay = _kept("QString", "noneDisplay", "None")
    baseName = _kept("QString", "baseName", "")

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        state = self.__dict__
        state["_hostTable"] = SignalTable("qMRMLNodeComboBox", self.hostSignals, CurrentFaults.faults)
        state["_hostScene"] = None
        state["_hostCurrentID"] = ""
        state["_hostObservers"] = []
        state["_hostIDs"] = []
        state["_hostBox"] = box = QtWidgets.QComboBox(self)
        box.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Fixed)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(box)
        box.activated.connect(self._chosen)

    # the scene

    def setMRMLScene(self, scene: Any) -> None:
        import slicer

        state = self.__dict__
        for tag in state["_hostObservers"]:
            state["_hostScene"].RemoveObserver(tag)
        state["_hostObservers"] = []
        state["_hostScene"] = scene
        if scene is not None:
            events = ("NodeAddedEvent", "NodeRemovedEvent", "EndCloseEvent", "EndImportEvent", "EndBatchProcessEvent")
            state["_hostObservers"] = [
                scene.AddObserver(getattr(slicer.vtkMRMLScene, event), lambda *_: self.hostRefresh())
                for event in events
            ]
        self.hostRefresh()

    def mrmlScene(self) -> Any:
        return self.__dict__["_hostScene"]

    def hostDetach(self) -> None:
        """Lets go of the scene: an observer on a deleted widget would crash."""
        state = self.__dict__
        for tag in state["_hostObservers"]:
            state["_hostScene"].RemoveObserver(tag)
        state["_hostObservers"], state["_hostScene"] = [], None

    # the nodes

    def currentNode(self) -> Any:
        scene = self.__dict__["_hostScene"]
        return scene.GetNodeByID(self.__dict__["_hostCurrentID"]) if scene and self.__dict__["_hostCurrentID"] else None

    def setCurrentNode(self, node: Any) -> None:
        if node is not None and not hasattr(node, "GetID"):
            raise ValueError("Called setCurrentNode(vtkMRMLNode*) with wrong arguments")
        self.setCurrentNodeID(node.GetID() if node is not None else "")

    def setCurrentNodeID(self, nodeID: str) -> None:
        self._select(nodeID if nodeID in self.__dict__["_hostIDs"] else "")

    def nodeCount(self) -> int:
        return len(self.__dict__["_hostIDs"])

    def addNode(self, nodeType: str | None = None) -> Any:
        """What "Create new..." does."""
        node = self.__dict__["_hostScene"].AddNewNodeByClass(nodeType or self.property("nodeTypes")[0], "")
        self.hostRefresh()
        if self.property("selectNodeUponCreation"):
            self.setCurrentNode(node)
        self.__dict__["_hostTable"].emit(_ADDED_BY_USER, node)
        return node

    def hostRefresh(self) -> None:
        """Lists the nodes anew; the current one stays if it is still eligible."""
        state = self.__dict__
        scene = state.get("_hostScene")
        if scene is None or scene.IsClosing() or scene.IsBatchProcessing():
            return
        nodes = [scene.GetNthNode(i) for i in range(scene.GetNumberOfNodes())]
        eligible = [node for node in nodes if self._eligible(node)]
        state["_hostIDs"] = [node.GetID() for node in eligible]
        box = state["_hostBox"]
        box.clear()
        if self.property("noneEnabled"):
            box.addItem(self.property("noneDisplay"), "")
        for node in eligible:
            box.addItem(node.GetName(), node.GetID())
        self._select(state["_hostCurrentID"] if state["_hostCurrentID"] in state["_hostIDs"] else "")

    def _eligible(self, node: Any) -> bool:
        if node.GetHideFromEditors() and not self.property("showHidden"):
            return False
        if any(node.IsA(name) for name in self.property("hideChildNodeTypes")):
            return False
        types = self.property("nodeTypes")
        if self.property("showChildNodeTypes"):
            return any(node.IsA(name) for name in types)
        return node.GetClassName() in types

    def _select(self, node_id: str) -> None:
        state = self.__dict__
        if not node_id and not self.property("noneEnabled") and state["_hostIDs"]:
            node_id = state["_hostIDs"][0]
        state["_hostBox"].setCurrentIndex(state["_hostBox"].findData(node_id))
        if node_id == state["_hostCurrentID"]:
            return
        state["_hostCurrentID"] = node_id
        node = self.currentNode()
        table = state["_hostTable"]
        table.emit(_NODE_CHANGED, node)
        table.emit(_VALID_CHANGED, node is not None)
        table.emit(_ID_CHANGED, node_id)

    def _chosen(self, index: int) -> None:
        self._select(self.__dict__["_hostBox"].itemData(index) or "")
