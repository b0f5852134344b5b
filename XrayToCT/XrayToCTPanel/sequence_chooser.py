"""Sequence chooser: lists the scene's sequences of images in a combo box, and follows what happens to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import slicer
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin

from .sequence_input import imageSequences
from .wiring import connectSignal

_EVENTS = ("NodeAddedEvent", "NodeRemovedEvent", "EndImportEvent", "EndCloseEvent")


class SequenceChooser(VTKObservationMixin):
    """Combo box and label are hidden while the scene has no sequence of images.

    A node combo box would list sequences of transforms and models too: only its items tell the kind of a sequence.

    Args:
        comboBox: QComboBox; its item data are node IDs, "" stands for none.
        label: QLabel beside it.
        onChosen: called with the vtkMRMLSequenceNode that the user has chosen.
    """

    def __init__(self, comboBox: Any, label: Any, onChosen: Callable[[Any], object]) -> None:
        import qt

        VTKObservationMixin.__init__(self)
        self._comboBox, self._label, self._onChosen = comboBox, label, onChosen
        self._shown: Any = None
        self._timer = qt.QTimer()
        self._timer.setSingleShot(True)  # a reader adds the node first and fills it afterwards
        self._timer.setInterval(0)
        self._timer.timeout.connect(self.list)
        for event in _EVENTS:
            self.addObserver(slicer.mrmlScene, getattr(slicer.mrmlScene, event), self._sceneChanged)
        connectSignal(comboBox, "currentIndexChanged(int)", self._chosen)
        self.list()

    def show(self, sequence: Any) -> None:
        """Shows which sequence the chosen radiograph belongs to; None for none."""
        self._shown = sequence
        self.list()

    def list(self) -> None:
        """Lists the sequences anew."""
        sequences = imageSequences()
        wanted = [("", _("Choose a sequence"))] + [(node.GetID(), node.GetName() or "") for node in sequences]
        box = self._comboBox
        blocked = box.blockSignals(True)
        if wanted != [(box.itemData(i), box.itemText(i)) for i in range(box.count)]:
            box.clear()
            for nodeId, name in wanted:
                box.addItem(name, nodeId)
        box.setCurrentIndex(sequences.index(self._shown) + 1 if self._shown in sequences else 0)
        box.blockSignals(blocked)
        for widget in (box, self._label):
            widget.setVisible(bool(sequences))

    def cleanup(self) -> None:
        self._timer.stop()
        self.removeObservers()

    def _sceneChanged(self, caller: Any, event: Any) -> None:
        self._timer.start()

    def _chosen(self) -> None:
        node = slicer.mrmlScene.GetNodeByID(self._comboBox.itemData(self._comboBox.currentIndex) or "")
        if node is not None and node is not self._shown:
            self._onChosen(node)
        self.list()  # nothing else may seem to be chosen than what is
