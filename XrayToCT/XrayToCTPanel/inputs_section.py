"""Inputs section: which radiographs are translated, and what is to be known of the first before that."""

from __future__ import annotations

from typing import Any

import slicer
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.progress import TranslationCancelled
from XrayToCTLib.worker.job import JobState

from . import sample_data
from .dependencies import missingPackages
from .input_description import InputDescription, descriptionSteps
from .many_inputs import framesOf, keepMoreInputs, moreInputs, sequenceOf
from .radiograph_reading import forgetRadiograph
from .run import Run
from .section import Section
from .sequence_chooser import SequenceChooser
from .translation_run import stillThere
from .volume_snapshot import volumeKey
from .wiring import connectSignal


class InputsSection(Section, VTKObservationMixin):
    """Chooses radiographs, or loads the sample; looks at the first in the background.

    Attributes:
        run: the look that is under way, or None.
        problem: why the chosen volume cannot be translated, in a sentence; "" when nothing is known against it.
        description: of the chosen volume, or None while nothing is known.
    """

    uiFile = "InputsSection.ui"

    def __init__(self, panel: Any) -> None:
        Section.__init__(self, panel)
        VTKObservationMixin.__init__(self)
        self.run: Run | None = None
        self.problem = ""
        self.description: InputDescription | None = None
        self._lookedAt: tuple[Any, ...] = ()
        self._observed: Any = None
        self._chosen: Any = None
        self.sequences = SequenceChooser(self.ui.sequenceComboBox, self.ui.sequenceLabel, self.onSequence)
        connectSignal(self.ui.sampleButton, "clicked(bool)", self.onSampleButton)
        connectSignal(self.ui.moreInputsComboBox, "checkedNodesChanged()", self.onMoreInputs)
        self._show()

    def setParameterNode(self, parameterNode: Any) -> None:
        super().setParameterNode(parameterNode)
        if parameterNode is None:
            self._observe(None)
            self._endLook()
            self._lookedAt = ()
            self.sequences.show(None)
            forgetRadiograph()
        else:
            self._showMoreInputs()

    def refresh(self) -> None:
        """Looks at the chosen volume, if it or what is asked of it has changed."""
        parameters = self.panel.parameterNode()
        if parameters is None:
            return
        node = parameters.inputVolume
        self._observe(node)
        self.sequences.show(sequenceOf(node)[0] if node is not None else None)
        wanted = (parameters.modelId, parameters.frame, parameters.polarity, parameters.view)
        key = (*volumeKey(node), *wanted) if node is not None else ()
        if key == self._lookedAt:
            return
        if node is not None and parameters.frame >= framesOf(node):  # it was of another image
            parameters.frame = 0  # and this is called again
            return
        self._lookedAt = key
        self._endLook()
        if node is not self._chosen:
            self._chosen = node
            self.panel.showStatus("")  # it was about another one
        self.description, self.problem = None, ""
        if node is not None and not missingPackages():
            steps = descriptionSteps(
                node,
                model=parameters.modelId or None,
                frame=parameters.frame,
                polarity=parameters.polarity,
                view=parameters.view,
            )
            self.run = Run(steps, guard=stillThere(node))
            self.run.onChange(self._looked)
            self.run.start()
        self._show()

    def cleanup(self) -> None:
        self._observe(None)
        self._endLook()
        forgetRadiograph()
        self.sequences.cleanup()

    def volumes(self) -> list[Any]:
        """All volumes that are to be translated, the chosen one first."""
        parameters = self.panel.parameterNode()
        if parameters is None or parameters.inputVolume is None:
            return []
        first = parameters.inputVolume
        return [first, *(node for node in moreInputs(parameters) if node is not first)]

    def onSampleButton(self) -> None:
        parameters = self.panel.parameterNode()
        if parameters is None:
            return
        try:
            parameters.inputVolume = sample_data.loadSampleRadiograph()
            self.panel.showStatus(_("The sample is simulated from a CT: it is no real radiograph."))
        except XrayToCTError as error:
            self.panel.showError(error)

    def onSequence(self, sequence: Any) -> None:
        """Chooses the volume that shows the sequence; makes a browser for one that has none."""
        parameters = self.panel.parameterNode()
        if parameters is None:
            return
        try:
            parameters.inputVolume = self.panel.logic.showSequence(sequence)
        except XrayToCTError as error:
            self.panel.showError(error)

    def onMoreInputs(self) -> None:
        parameters = self.panel.parameterNode()
        if parameters is not None:
            keepMoreInputs(parameters, list(self.ui.moreInputsComboBox.checkedNodes()))

    def _showMoreInputs(self) -> None:
        import qt

        box, checked = self.ui.moreInputsComboBox, moreInputs(self.panel.parameterNode())
        blocked = box.blockSignals(True)
        for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode"):
            box.setCheckState(node, qt.Qt.Checked if node in checked else qt.Qt.Unchecked)
        box.blockSignals(blocked)

    def _observe(self, node: Any) -> None:
        """Notes when the pixels of the chosen volume change."""
        if node is self._observed:
            return
        self.removeObservers(self._onPixelsChanged)
        self._observed = node
        if node is not None:
            self.addObserver(node, slicer.vtkMRMLVolumeNode.ImageDataModifiedEvent, self._onPixelsChanged)

    def _onPixelsChanged(self, caller: Any, event: Any) -> None:
        self.refresh()

    def _endLook(self) -> None:
        run, self.run = self.run, None
        if run is not None:
            run.cancel()

    def _looked(self, state: JobState) -> None:
        if not state.done or isinstance(state.error, TranslationCancelled):
            return
        run, self.run = self.run, None
        if state.error is None and run is not None:
            self.description = run.result()
        elif isinstance(state.error, XrayToCTError):
            self.problem = self.panel.wordsFor(state.error)
        elif state.error is not None:
            self.panel.showError(state.error)
        self._show()
        self.panel.refreshAll()  # Translate says why it is off

    def _show(self) -> None:
        """Thumbnail, facts and what the gate says; controls of frames only where there are some."""
        import qt

        known, ui = self.description, self.ui
        pixmap = qt.QPixmap()
        if known is not None:
            pixmap.loadFromData(known.thumbnail)
            pixmap.setDevicePixelRatio(2.0)
        ui.thumbnailLabel.setPixmap(pixmap)
        ui.thumbnailLabel.setVisible(known is not None)
        reading = _("Reading…") if self.run is not None else ""
        ui.factsLabel.setText(f"{known.sizeText}\n{known.meaningText}" if known is not None else reading)
        ui.factsLabel.setVisible(bool(ui.factsLabel.text))
        said = [*known.gate, *known.warnings] if known is not None else [self.problem] if self.problem else []
        ui.gateLabel.setText("\n".join(f"• {sentence}" for sentence in said))
        ui.gateLabel.setVisible(bool(said))
        parameters = self.panel.parameterNode()
        frames = max(known.frames if known else 1, framesOf(parameters.inputVolume) if parameters else 1)
        if known is not None:
            ui.frameSpinBox.setMaximum(known.frames - 1)
        for widget in (ui.frameLabel, ui.frameSpinBox, ui.allFramesCheckBox):
            widget.setVisible(frames > 1 and not self.problem)
        ui.frameSpinBox.setEnabled(known is None or known.frames > 1)
