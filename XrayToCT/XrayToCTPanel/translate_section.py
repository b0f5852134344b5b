"""Translate section: the model with its card, and the run."""

from __future__ import annotations

from typing import Any

import slicer
from slicer.i18n import tr as _
from XrayToCTLib.errors import XrayToCTError

from . import model_chooser
from .dependencies import ensureDependencies, missingPackages
from .enhance_before import choiceOf
from .many_inputs import framesOf, moreInputs
from .many_translations import ManyResults
from .panel_words import manyResultsText, resultText
from .readiness import READY_TIP, reasonNotReady
from .run import Run
from .run_controls import RunControls
from .section import Section
from .settings import LAST_DEVICE, LAST_MODEL, WARM_UP, remember, setting
from .translation_worker import warmUp, workerLog
from .wiring import connectSignal

DEVICES = ("auto", "cpu", "cuda")  # as the parameter node's


class TranslateSection(Section):
    """Chooses the model and starts the run."""

    uiFile = "TranslateSection.ui"

    def __init__(self, panel: Any) -> None:
        super().__init__(panel)
        self.models = model_chooser.ModelChooser(self.ui.modelComboBox, self.ui.modelCardLabel)
        connectSignal(self.ui.modelComboBox, "currentIndexChanged(int)", self.onModelChosen)
        self.controls = RunControls(
            panel,
            self.ui.translateButton,
            self.ui.translateProgressBar,
            self.ui.translatePhaseLabel,
            self.translate,
            READY_TIP,
        )
        self._said: Any = None  # the radiograph that the words under the section are about
        self.listModels()

    def enter(self) -> None:
        self.listModels()
        wanted = setting(WARM_UP, "yes") == "yes" and not slicer.app.testingEnabled()
        if wanted and not missingPackages() and not self.models.missing:
            parameters = self.panel.logic.getParameterNode()
            warmUp(parameters.modelId, parameters.device)

    def setParameterNode(self, parameterNode: Any) -> None:
        super().setParameterNode(parameterNode)
        if parameterNode is not None and not parameterNode.isPrepared:  # a new scene: as it was done last
            with slicer.util.NodeModify(parameterNode.parameterNode):
                parameterNode.isPrepared = True
                if setting(LAST_MODEL) in self.models.names:
                    parameterNode.modelId = setting(LAST_MODEL)
                if setting(LAST_DEVICE) in DEVICES:
                    parameterNode.device = setting(LAST_DEVICE)

    def cleanup(self) -> None:
        self.controls.cleanup()

    def listModels(self) -> None:
        if missingPackages():
            self.models.setCards([], model_chooser.NOT_YET_READ)
        else:
            self.models.setCards(self.panel.logic.models())

    def refresh(self) -> None:
        """Shows the parameters, and why Translate cannot be pressed."""
        if (parameters := self.panel.parameterNode()) is None:
            return
        if parameters.modelId != self.models.modelId():
            self.models.select(parameters.modelId)
        inputs = self.panel.section("InputsSection")
        problem = inputs.problem if inputs is not None else ""
        reason = reasonNotReady(parameters.inputVolume, parameters.outputVolume, self.models.missing, problem)
        self.controls.setReason(reason)
        if parameters.inputVolume not in (None, self._said) and self.controls.run is None:
            self._said = parameters.inputVolume
            self.panel.showStatus("")  # it was about another one
        self.ui.hintLabel.setText(reason)
        self.ui.hintLabel.setVisible(bool(reason))

    def onModelChosen(self) -> None:
        self.models.showCard()
        if (parameters := self.panel.parameterNode()) is not None:
            parameters.modelId = self.models.modelId()

    def translate(self) -> None:
        """What the button does: starts the run of the verb ``translate``."""
        missing = missingPackages()
        ensureDependencies()  # may ask, and so let events in: the nodes are looked up only afterwards
        if missing:
            self.listModels()
        parameters = self.panel.parameterNode()
        if parameters is None or parameters.inputVolume is None:
            raise XrayToCTError(_("The radiograph is gone."), hint=_("Choose another one."))
        if self.controls.run is not None:
            return
        run = self._start(parameters)
        remember(LAST_MODEL, parameters.modelId)
        remember(LAST_DEVICE, parameters.device)
        self._said = parameters.inputVolume
        self.controls.start(run, lambda stack: self._show(stack, run.seconds), workerLog)

    def _start(self, parameters: Any) -> Run:
        """The verb for what is chosen: one image, every frame, or several volumes."""
        options = {
            "model": parameters.modelId or None,
            "device": parameters.device,
            "frame": parameters.frame,
            "polarity": parameters.polarity,
            "view": parameters.view,
            "enhance": choiceOf(parameters),
            "anatomical": parameters.anatomical,
            "wait": False,
        }
        logic, first = self.panel.logic, parameters.inputVolume
        more = [node for node in moreInputs(parameters) if node is not first]
        if parameters.allFrames and framesOf(first) > 1:
            return logic.translateMany([first, *more], allFrames=True, **options)
        if more:
            return logic.translateMany([first, *more], **options)
        return logic.translate(first, outputVolume=parameters.outputVolume, **options)

    def _show(self, made: Any, seconds: float) -> None:
        many = made if isinstance(made, ManyResults) else None
        stack = made if many is None else many.nodes[-1]
        parameters = self.panel.logic.getParameterNode()  # the panel's own is none in another module
        parameters.viewStack = stack
        if parameters.showResult:
            self.panel.logic.compareViews(stack)
        self.panel.showStatus(resultText(stack, seconds) if many is None else manyResultsText(many, seconds))
