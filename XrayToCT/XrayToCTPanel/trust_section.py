"""Trust section: runs the trust check, says what it found in words, and lays its maps over the stack."""

from __future__ import annotations

from typing import Any

from slicer.i18n import tr as _
from XrayToCTLib.trust.trust_report import TrustReport

from .compare_views import radiographOf
from .dependencies import ensureDependencies
from .enhance_before import choiceOf
from .map_volume import mapVolume
from .run_controls import RunControls
from .section import Section
from .slab_geometry import slabsOf
from .translation_worker import workerLog
from .trust_run import verdictLines
from .wiring import connectSignal

_MAPS = ("reprojection", "unsteadiness")


class TrustSection(Section):
    """The check of the stack that the View section shows."""

    uiFile = "TrustSection.ui"

    def __init__(self, panel: Any) -> None:
        super().__init__(panel)
        self.controls = RunControls(
            panel,
            self.ui.trustButton,
            self.ui.trustProgressBar,
            self.ui.trustPhaseLabel,
            self.check,
            _("Check how far the stack is to be believed. Takes some seconds; Slicer stays usable."),
        )
        connectSignal(self.ui.trustReprojectionButton, "clicked(bool)", lambda: self.show("reprojection"))
        connectSignal(self.ui.trustUnsteadinessButton, "clicked(bool)", lambda: self.show("unsteadiness"))
        self.refresh()

    def cleanup(self) -> None:
        self.controls.cleanup()

    def refresh(self) -> None:
        parameters = self.panel.parameterNode()
        stack = parameters.viewStack if parameters is not None else None
        self.controls.setReason(self._reason(stack))
        lines = verdictLines(stack)
        self.ui.trustVerdictLabel.setText("\n".join(lines))
        self.ui.trustVerdictLabel.setVisible(bool(lines))
        for name, button in zip(_MAPS, (self.ui.trustReprojectionButton, self.ui.trustUnsteadinessButton), strict=True):
            there = mapVolume(stack, name) is not None
            button.setEnabled(there)
            button.setToolTip(
                _("Lay this map over the stack, side by side with the radiograph.")
                if there
                else _("Check the trust of this stack first.")
            )

    def check(self) -> None:
        """What the button does: starts the run of the verb ``checkTrust``."""
        ensureDependencies()
        parameters = self.panel.parameterNode()
        name = parameters.viewStack.GetName()
        run = self.panel.logic.checkTrust(
            parameters.viewStack,
            device=parameters.device,
            perturb=parameters.trustPerturb,
            polarity=parameters.polarity,
            view=parameters.view,
            enhance=choiceOf(parameters),
            wait=False,
        )
        self.controls.start(run, lambda report: self._checked(report, name), workerLog)

    def show(self, name: str) -> None:
        """Lays a map over the stack."""
        parameters = self.panel.parameterNode()
        try:
            view = self.panel.section("ViewSection")
            parameters.viewOverlay = name
            if view is not None:
                view.compare()
        except Exception as error:
            self.panel.showError(error)

    def _checked(self, report: TrustReport, name: str) -> None:
        """Names the stack: another one may be chosen by now."""
        doubt, fine = _("There is reason to doubt {name}."), _("Nothing found speaks against {name}.")
        words = (doubt if report.doubtful else fine).format(name=name)
        self.panel.showStatus(words + " " + _("Whatever a CT alone could tell is not in these checks."))
        self.panel.refreshAll()

    def _reason(self, stack: Any) -> str:
        if not slabsOf(stack):
            return _("Choose a stack, or translate a radiograph first.")
        if radiographOf(stack) is None:
            return _("The radiograph that the stack was made from is not in the scene: load it.")
        return ""
