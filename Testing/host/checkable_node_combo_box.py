"""Stand-in for qMRMLCheckableNodeComboBox: a node combo box whose nodes can be checked, several at a time."""

from __future__ import annotations

from typing import Any

from PySide6 import QtCore

from .node_combo_box import qMRMLNodeComboBox

_CHECKED_CHANGED = "checkedNodesChanged()"


class qMRMLCheckableNodeComboBox(qMRMLNodeComboBox):
    """Signals when a node is checked or unchecked, and when a checked node goes."""

    hostSignals = (*qMRMLNodeComboBox.hostSignals, _CHECKED_CHANGED)

    def checkedNodes(self) -> list[Any]:
        scene = self.__dict__["_hostScene"]
        return [scene.GetNodeByID(node_id) for node_id in self._checked()]

    def checkState(self, node: Any) -> Any:
        state = QtCore.Qt.CheckState
        return state.Checked if node is not None and node.GetID() in self._checked() else state.Unchecked

    def setCheckState(self, node: Any, state: Any) -> None:
        if node is None or not hasattr(node, "GetID"):
            raise ValueError("Called setCheckState(vtkMRMLNode*,Qt::CheckState) with wrong arguments")
        wanted, checked = state == QtCore.Qt.CheckState.Checked, set(self._checked())
        if node.GetID() in self.__dict__["_hostIDs"] and wanted != (node.GetID() in checked):
            self._set(checked | {node.GetID()} if wanted else checked - {node.GetID()})

    def hostRefresh(self) -> None:
        super().hostRefresh()
        if "_hostTable" in self.__dict__:
            if not set(self._checked()) <= set(self.__dict__["_hostIDs"]):
                self._set(set(self._checked()))
            self._show()

    def _checked(self) -> list[str]:
        return list(self.__dict__.get("_hostChecked", []))

    def _set(self, node_ids: set[str]) -> None:
        self.__dict__["_hostChecked"] = [i for i in self.__dict__["_hostIDs"] if i in node_ids]
        self._show()
        if not self.signalsBlocked():
            self.__dict__["_hostTable"].emit(_CHECKED_CHANGED)

    def _show(self) -> None:
        """The names of the checked nodes, as the real one does."""
        box, checked = self.__dict__["_hostBox"], self._checked()
        names = [box.itemText(i) for i in range(box.count()) if box.itemData(i) in checked]
        box.setPlaceholderText(", ".join(names) or "None")
        box.setCurrentIndex(-1)
