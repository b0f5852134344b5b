"""Enhance section: a pipeline of classical filters on the radiograph, edited under a live preview."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from slicer.i18n import tr as _
from XrayToCTLib.enhancement.pipeline import Pipeline
from XrayToCTLib.enhancement.pipeline_editor import PipelineEditor
from XrayToCTLib.enhancement.presets import NONE, find_pipeline
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.radiograph_file import lost_words

from .before_translate import BeforeTranslate
from .comparison_view import ComparisonView
from .dependencies import ensureDependencies, missingPackages
from .enhanced_meaning import isEnhanced
from .enhanced_volume import mayReplace
from .help_box import HelpBox
from .live_preview import LivePreview, PreviewPictures, PreviewSize
from .parameter_form import ParameterForm
from .path_edit import chosenPath
from .pictures import pixmapOf, windowColours
from .preset_box import PresetBox
from .provenance import attributesOf
from .readiness import reasonNotReady
from .reference_levels import ReferenceLevels
from .run_controls import RunControls
from .section import Section
from .steps_view import StepsView
from .try_all_box import TryAllBox
from .viewers import showUnlessShown
from .volume_snapshot import volumeKey
from .wiring import connectSignal

READY_TIP = "Enhance the radiograph at full resolution, all frames. Research use only."
SETTLE_MS = 300  # after which a slider that was let go stays where it is
_WIDEST, _MARGIN, _CURVE_HEIGHT = 460, 40, 110


class EnhanceSection(Section):
    """Wires the parts of the section to one PipelineEditor."""

    uiFile = "EnhanceSection.ui"

    def __init__(self, panel: Any) -> None:
        import ctk
        import qt

        super().__init__(panel)
        ui = self.ui
        self.editor = PipelineEditor(Pipeline(NONE))
        self._stored = ""  # what the parameter node held last
        self.steps = StepsView(ui, lambda: self.editor, self.onEdited, self.showStep)
        self.levels = ReferenceLevels(panel, self.onLevels)
        self.form = ParameterForm(ui.enhanceParametersWidget, self.onValue, self.onReleased, self.levels.take)
        self.presets = PresetBox(panel, ui, lambda: self.editor.pipeline, self.load)
        self.comparison = ComparisonView(ui.enhancePictureLabel)
        self.preview = LivePreview(self.onPictures, self.onPreviewError)
        self.help = HelpBox(ui, lambda: self.steps.step, lambda: self.preview.source, self._width)
        self.before = BeforeTranslate(panel, ui, lambda: self.presets.names)
        self.tryAll = TryAllBox(panel, ui, lambda: self.preview.isInverted, self.load)
        self.controls = RunControls(
            panel, ui.enhanceButton, ui.enhanceProgressBar, ui.enhancePhaseLabel, self.enhance, _(READY_TIP)
        )
        ui.enhanceWritePathEdit.filters = ctk.ctkPathLineEdit.Files | ctk.ctkPathLineEdit.Writable
        self.writing = RunControls(
            panel, ui.enhanceWriteButton, ui.enhanceWriteProgressBar, ui.enhanceWritePhaseLabel, self.write
        )
        connectSignal(ui.enhanceWritePathEdit, "currentPathChanged(QString)", self.refresh)
        connectSignal(ui.enhanceResetButton, "clicked(bool)", self.onReset)
        connectSignal(ui.enhanceCollapsibleButton, "contentsCollapsed(bool)", self.refresh)
        self._settling = qt.QTimer()
        self._settling.setSingleShot(True)
        self._settling.setInterval(SETTLE_MS)
        self._settling.timeout.connect(self.onSettled)
        self.showPipeline()

    # From the scene

    def setParameterNode(self, parameterNode: Any) -> None:
        super().setParameterNode(parameterNode)
        if parameterNode is None:
            self._settling.stop()
            self.preview.stop()
            self.comparison.show(None)
            self.ui.enhanceCurveLabel.clear()

    def enter(self) -> None:
        self.presets.read()

    def refresh(self) -> None:
        """Shows the parameters; the preview follows them while the section is open."""
        if (parameters := self.panel.parameterNode()) is None:
            return
        if parameters.enhancePipeline != self._stored:
            self._take(parameters.enhancePipeline)
        reason = reasonNotReady(parameters.inputVolume, parameters.enhanceVolume)
        self.controls.setReason(reason)
        self.tryAll.setReason(reasonNotReady(parameters.inputVolume, None))
        node, image = parameters.inputVolume, (parameters.frame, parameters.polarity)
        self.tryAll.follow((*volumeKey(node), *image) if node is not None else ())
        self.writing.setReason(self._reasonNotToWrite(parameters.enhanceVolume))
        self.before.show(parameters)
        self.ui.enhanceSplitSlider.setVisible(parameters.enhanceView == "Split")
        self.comparison.setMode(parameters.enhanceView, parameters.enhanceSplit / 100)
        if (
            self.ui.enhanceCollapsibleButton.collapsed
            or missingPackages()
            or reasonNotReady(parameters.inputVolume, None)
        ):
            self.preview.stop()
            self.comparison.show(None)
            self._say(_("Press Enhance: some Python packages are needed first.") if missingPackages() else "")
            return
        if self.preview.follow(parameters.inputVolume, parameters.frame, parameters.polarity):
            self.comparison.show(None)
            self.draw()

    def cleanup(self) -> None:
        self._settling.stop()
        self.comparison.stop()
        self.preview.stop()
        self.help.stop()
        self.levels.stop()
        self.tryAll.cleanup()
        self.controls.cleanup()
        self.writing.cleanup()

    @property
    def isSettling(self) -> bool:
        """An edit waits for what may follow."""
        return bool(self._settling.active)

    # Edits

    def load(self, pipeline: Pipeline) -> None:
        """Another pipeline in place of this one; undo brings that back."""
        self.editor.load(pipeline)
        self.steps.show(0)
        self.onEdited()

    def onEdited(self) -> None:
        """The pipeline is another one: shown at once, run at full size when nothing follows."""
        self.showPipeline()
        self.draw()
        self._settling.start()

    def onValue(self, name: str, value: Any) -> None:
        """A slider moves: the reduced image follows."""
        try:
            self.editor.set_value(self.steps.row, name, value)
        except XrayToCTError as error:
            self.panel.showError(error)
            self.showStep()
            return
        self.steps.show()
        self.presets.show()
        self.draw()
        self._settling.stop()

    def onReleased(self) -> None:
        self._settling.start()

    def onLevels(self, name: str, levels: tuple[float, ...]) -> None:
        """The reference's grey levels are there; meanwhile another step may have been chosen."""
        if self.steps.step is not None and name in self.steps.step.values:
            self.onValue(name, levels)
            self.showStep()
            self.onReleased()

    def onReset(self) -> None:
        if self.steps.step is not None:
            self.editor.reset(self.steps.row)
            self.onEdited()

    def onSettled(self) -> None:
        """Nothing has changed for a moment: the pipeline is kept in the scene, and run at full size if wanted."""
        self.editor.settle()
        if (parameters := self.panel.parameterNode()) is None:
            return
        self.keep()
        self.help.show()
        if parameters.enhanceLive and self.preview.isOn and not reasonNotReady(parameters.inputVolume, None):
            self._start(parameters, isLive=True)

    def keep(self) -> None:
        """Writes the pipeline into the parameter node, by its name where it is a preset."""
        pipeline, parameters = self.editor.pipeline, self.panel.parameterNode()
        self._stored = pipeline.name if self.presets.has(pipeline) else pipeline.to_json()
        if parameters is not None and parameters.enhancePipeline != self._stored:
            parameters.enhancePipeline = self._stored

    # What is shown

    def showPipeline(self) -> None:
        self.steps.show()
        self.presets.show()
        self.showStep()

    def showStep(self) -> None:
        step = self.steps.step
        self.form.show(step)
        self.ui.enhanceResetButton.setEnabled(step is not None)
        self.help.show()

    def draw(self) -> None:
        """Asks for the preview of the pipeline as it is now."""
        if self.preview.isOn:
            colours = windowColours(self.ui.enhanceStepsList)
            width = self._width()
            self.preview.want(self.editor.pipeline, PreviewSize(width, width, _CURVE_HEIGHT, colours))

    def onPictures(self, pictures: PreviewPictures) -> None:
        self.comparison.show(pictures)
        self.ui.enhanceCurveLabel.setPixmap(pixmapOf(pictures.curve))
        rows, columns = pictures.shape
        self._say(_("Preview on {columns} x {rows} pixels.").format(columns=columns, rows=rows))
        self.help.show()

    def onPreviewError(self, error: Exception) -> None:
        self._say(str(error))

    # The verb

    def enhance(self) -> None:
        """What the button does: starts the run of the verb ``enhance``."""
        ensureDependencies()  # may ask, and so let events in: the nodes are looked up only afterwards
        parameters = self.panel.parameterNode()
        if parameters is None or parameters.inputVolume is None:
            raise XrayToCTError(_("The radiograph is gone."), hint=_("Choose another one."))
        self._settling.stop()
        self.keep()
        self._start(parameters, isLive=False)

    def write(self) -> None:
        """What the button does: starts the run of the verb ``exportEnhanced``."""
        if (parameters := self.panel.parameterNode()) is None:
            return
        path = chosenPath(self.ui.enhanceWritePathEdit)
        run = self.panel.logic.exportEnhanced(parameters.enhanceVolume, path, wait=False)
        self.writing.start(run, self._written)

    def _written(self, file: Path) -> None:
        self.panel.showStatus(" ".join((_("Written to {file}.").format(file=file), lost_words(file))).strip())

    def _reasonNotToWrite(self, node: Any) -> str:
        if node is None or not isEnhanced(attributesOf(node)):
            return _("Press Enhance first.")
        return "" if chosenPath(self.ui.enhanceWritePathEdit) else _("Name the file.")

    def _start(self, parameters: Any, *, isLive: bool) -> None:
        output = parameters.enhanceVolume
        if not mayReplace(output, parameters.inputVolume, asked=not isLive):
            output = None
        earlier = self.controls.run
        given, pipeline = parameters.inputVolume, self.editor.pipeline
        run = self.panel.logic.enhance(
            given,
            pipeline=pipeline,
            outputVolume=output,
            wait=False,
            polarity=parameters.polarity,
        )
        self.controls.start(run, lambda node: self._done(node, given, pipeline.name, run.seconds))
        if earlier is not None:
            earlier.cancel()

    def _done(self, node: Any, given: Any, ran: str, seconds: float) -> None:
        """Shows what was made, unless the user has gone on to another radiograph meanwhile."""
        parameters = self.panel.logic.getParameterNode()  # the panel's own is none in another module
        if parameters.inputVolume is given:
            parameters.enhanceVolume = node
            showUnlessShown(node)
        name = node.GetName()
        self.panel.showStatus(_("Made {name} in {s:.1f} s: {ran}.").format(name=name, s=seconds, ran=ran))

    def _take(self, text: str) -> None:
        """The pipeline of the parameter node: another scene, or a script."""
        self._stored = text
        try:
            pipeline = find_pipeline(text or NONE)
        except XrayToCTError as error:
            self.panel.showError(error)
            return
        self.editor = PipelineEditor(pipeline)
        self.steps.show(0)
        self.showPipeline()
        self.draw()

    def _width(self) -> int:
        return int(min(max(self.ui.enhanceCollapsibleButton.width - _MARGIN, 200), _WIDEST))

    def _say(self, text: str) -> None:
        self.ui.enhancePreviewStatusLabel.setText(text)
        self.ui.enhancePreviewStatusLabel.setVisible(bool(text))
