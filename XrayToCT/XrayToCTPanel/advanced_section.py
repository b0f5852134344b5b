"""Advanced section: the translation process and its log, what is installed, and whether each device works."""

from __future__ import annotations

from typing import Any

from slicer.i18n import tr as _
from XrayToCTLib.worker.job import JobState

from .installation import installationSteps
from .run import Run
from .section import Section
from .settings import WARM_UP, remember, setting
from .translation_worker import workerLog
from .wiring import connectSignal


class AdvancedSection(Section):
    """Its text browser shows what was asked for last."""

    uiFile = "AdvancedSection.ui"

    def __init__(self, panel: Any) -> None:
        super().__init__(panel)
        self.run: Run | None = None
        self.ui.warmUpCheckBox.setChecked(setting(WARM_UP, "yes") == "yes")
        connectSignal(self.ui.warmUpCheckBox, "toggled(bool)", self.onWarmUp)
        connectSignal(self.ui.checkInstallationButton, "clicked(bool)", self.onCheckInstallation)
        connectSignal(self.ui.workerLogButton, "clicked(bool)", self.onWorkerLog)
        self._show("")

    def cleanup(self) -> None:
        if self.run is not None:
            self.run.cancel()

    def onWarmUp(self, checked: bool) -> None:
        remember(WARM_UP, "yes" if checked else "no")

    def onWorkerLog(self) -> None:
        self._show(workerLog() or _("The translation process has written nothing."))

    def onCheckInstallation(self) -> None:
        parameters = self.panel.parameterNode()
        if self.run is not None or parameters is None:
            return
        self.run = run = Run(installationSteps(parameters.modelId))
        run.onChange(lambda state: self._checked(run, state))
        self._show(_("Trying every device…"))
        run.start()

    def _checked(self, run: Run, state: JobState) -> None:
        if not state.done:
            return
        self.run = None
        if state.error is None:
            self._show(run.result())
        else:
            self._show("")
            self.panel.showError(state.error)

    def _show(self, text: str) -> None:
        self.ui.advancedTextBrowser.setPlainText(text)
        self.ui.advancedTextBrowser.setVisible(bool(text))
        self.ui.checkInstallationButton.setEnabled(self.run is None)
