"""Translate section: the model with its card, and the run."""

from __future__ import annotations

import time
from typing import Any

import slicer
from slicer.i18n import tr as _
from XrayToCTLib.errors import XrayToCTError

from . import model_chooser
from .dependencies import ensureDependencies, missingPackages
from .panel_words import resultText
from .readiness import READY_TIP, reasonNotReady
from .section import Section
from .viewers import showStack
from .wiring import connectSignal


class TranslateSection(Section):
    """Chooses the model and starts the run."""

    uiFile = "TranslateSection.ui"

    def __init__(self, panel: Any) -> None:
        super().__init__(panel)
        self._translating = False
        self.models = model_chooser.ModelChooser(self.ui.modelComboBox, self.ui.modelCardLabel)
        connectSignal(self.ui.translateButton, "clicked(bool)", self.onTranslateButton)
        connectSignal(self.ui.modelComboBox, "currentIndexChanged(int)", self.onModelChosen)
        self.listModels()

    def enter(self) -> None:
        self.listModels()

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
        reason = reasonNotReady(parameters.inputVolume, parameters.outputVolume, self.models.missing)
        self.ui.translateButton.setEnabled(not reason and not self._translating)
        self.ui.translateButton.setToolTip(reason or READY_TIP)
        self.ui.hintLabel.setText(reason)
        self.ui.hintLabel.setVisible(bool(reason))

    def onModelChosen(self) -> None:
        self.models.showCard()
        if (parameters := self.panel.parameterNode()) is not None:
            parameters.modelId = self.models.modelId()

    def onTranslateButton(self) -> None:
        if self._translating:
            return
        self._translating = True
        try:
            self._translate()
        except Exception as error:
            self.panel.showError(error)
        finally:
            self._translating = False
            self.refresh()

    def _translate(self) -> None:
        import qt

        missing = missingPackages()
        ensureDependencies()  # may ask, and so let events in: the nodes are looked up only afterwards
        if missing:
            self.listModels()
        parameters = self.panel.parameterNode()
        if parameters is None or parameters.inputVolume is None:
            raise XrayToCTError(_("The radiograph is gone."), hint=_("Choose another one."))
        started = time.perf_counter()
        slicer.app.setOverrideCursor(qt.Qt.WaitCursor)
        try:
            stack = self.panel.logic.translate(
                parameters.inputVolume,
                model=parameters.modelId or None,
                device=parameters.device,
                outputVolume=parameters.outputVolume,
                progress=self.showProgress,
                frame=parameters.frame,
            )
        finally:
            slicer.app.restoreOverrideCursor()
        showStack(stack)
        self.panel.showStatus(resultText(stack, time.perf_counter() - started))

    def showProgress(self, fraction: float, phase: str) -> None:
        self.panel.showStatus(f"{phase.capitalize()}: {fraction:.0%}")
