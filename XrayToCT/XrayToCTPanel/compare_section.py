"""Compare section: candidates against a reference, the numbers, and what is made of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _
from XrayToCTLib.errors import XrayToCTError

from .compare_readiness import READY_TIP, reasonNotComparable
from .compare_result import resultHtml
from .comparison_run import Comparison
from .dependencies import ensureDependencies
from .node_list import keepNodes, keptNodes
from .path_edit import chosenPath
from .run_controls import RunControls
from .section import Section
from .wiring import Availability, connectSignal

_CANDIDATES = "compareCandidates"  # a node reference role of the parameter node: it is saved with the scene
_MASK, _LINE = "compareMask", "compareLine"


class CompareSection(Section):
    """Chooses what is compared, starts the run, and shows, saves and copies its result."""

    uiFile = "CompareSection.ui"

    def __init__(self, panel: Any) -> None:
        super().__init__(panel)
        import ctk

        ui = self.ui
        self.comparison: Comparison | None = None
        self.showing: Any = None  # the Run that fills the layout
        self._availability = Availability()
        self._shown: tuple[str, str] = ("", "")  # ids of the candidate and the reference of the result
        ui.compareSavePathEdit.filters = ctk.ctkPathLineEdit.Files | ctk.ctkPathLineEdit.Writable
        self.controls = RunControls(
            panel, ui.compareButton, ui.compareProgressBar, ui.comparePhaseLabel, self.compare, READY_TIP
        )
        self.page = RunControls(
            panel, ui.compareReportButton, ui.compareReportProgressBar, ui.compareReportPhaseLabel, self.openReport
        )
        connectSignal(ui.compareCandidatesComboBox, "checkedNodesChanged()", self.onCandidates)
        connectSignal(ui.compareMaskSelector, "currentNodeChanged(vtkMRMLNode*)", self.onMask)
        connectSignal(ui.compareLineSelector, "currentNodeChanged(vtkMRMLNode*)", self.onLine)
        connectSignal(ui.compareCopyButton, "clicked(bool)", self.onCopy)
        connectSignal(ui.compareShowButton, "clicked(bool)", self.onShow)
        connectSignal(ui.compareSaveButton, "clicked(bool)", self.onSave)
        connectSignal(ui.compareSavePathEdit, "currentPathChanged(QString)", self._showResult)
        self._showResult()

    def cleanup(self) -> None:
        self.controls.cleanup()
        self.page.cleanup()
        if self.showing is not None:
            self.showing.cancel()
        self._forget()

    def setParameterNode(self, parameterNode: Any) -> None:
        super().setParameterNode(parameterNode)
        if parameterNode is None and slicer.mrmlScene.IsClosing():  # else the user has only gone to another module
            self._forget()

    def refresh(self) -> None:
        """Shows the parameters, and why Compare cannot be pressed."""
        parameters = self.panel.parameterNode()
        if parameters is None:
            return
        candidates = keptNodes(parameters, _CANDIDATES)
        self._check(candidates)
        for selector, role in ((self.ui.compareMaskSelector, _MASK), (self.ui.compareLineSelector, _LINE)):
            kept = keptNodes(parameters, role)
            blocked = selector.blockSignals(True)
            selector.setCurrentNode(kept[0] if kept else None)
            selector.blockSignals(blocked)
        reason = reasonNotComparable(candidates, parameters.compareReference)
        self.controls.setReason(reason)
        self.ui.compareHintLabel.setText(reason)
        self.ui.compareHintLabel.setVisible(bool(reason))

    def onCandidates(self) -> None:
        parameters = self.panel.parameterNode()
        if parameters is not None:
            keepNodes(parameters, _CANDIDATES, list(self.ui.compareCandidatesComboBox.checkedNodes()))

    def onMask(self) -> None:
        self._keep(_MASK, self.ui.compareMaskSelector.currentNode())

    def onLine(self) -> None:
        self._keep(_LINE, self.ui.compareLineSelector.currentNode())

    def _keep(self, role: str, node: Any) -> None:
        parameters = self.panel.parameterNode()
        if parameters is not None:
            keepNodes(parameters, role, [node] if node is not None else [])

    def _check(self, candidates: list[Any]) -> None:
        import qt

        box = self.ui.compareCandidatesComboBox
        blocked = box.blockSignals(True)
        for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode"):
            box.setCheckState(node, qt.Qt.Checked if node in candidates else qt.Qt.Unchecked)
        box.blockSignals(blocked)

    def compare(self) -> None:
        """What the button does: starts the run of the verb ``compare``."""
        ensureDependencies()  # may ask, and so let events in: the nodes are looked up only afterwards
        parameters = self.panel.parameterNode()
        if parameters is None or parameters.compareReference is None:
            raise XrayToCTError(_("The reference is gone."), hint=_("Choose another one."))
        if self.controls.run is not None:
            return
        candidates, reference = keptNodes(parameters, _CANDIDATES), parameters.compareReference
        mask, line = (next(iter(keptNodes(parameters, role)), None) for role in (_MASK, _LINE))
        run = self.panel.logic.compare(
            candidates,
            reference,
            mask=mask,
            line=line,
            alignment=parameters.compareAlignment,
            view=parameters.compareView,
            modality=parameters.compareModality,
            wait=False,
        )
        ids = (candidates[0].GetID(), reference.GetID())
        self.controls.start(run, lambda made: self._done(made, ids, run.seconds))

    def openReport(self) -> None:
        """Draws the page into Slicer's temporary folder and opens it in the browser."""
        import qt

        path = Path(slicer.app.temporaryPath) / "XrayToCT-comparison.html"
        self._writePage(path, lambda: qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(path))))

    def onCopy(self) -> None:
        import qt

        if self.comparison is not None:
            qt.QApplication.clipboard().setText(self.panel.logic.comparisonText(self.comparison))
            self.panel.showStatus(_("The table was copied."))

    def onShow(self) -> None:
        candidate, reference = (slicer.mrmlScene.GetNodeByID(each) for each in self._shown)
        if self.comparison is None:
            return
        if candidate is None or reference is None:
            self.panel.showStatus(_("What was compared is no longer in the scene."))
        elif self.showing is None:
            self.showing = self.panel.logic.showComparison(self.comparison, candidate, reference, wait=False)
            self.showing.onChange(self._shownChanged)

    def _shownChanged(self, state: Any) -> None:
        if not state.done:
            return
        run, self.showing = self.showing, None
        if state.error is not None:
            self.panel.showError(state.error)
        elif run is not None and not run.result():
            self.panel.showStatus(_("This Slicer has no views to show it in."))

    def onSave(self) -> None:
        path = Path(self.ui.compareSavePathEdit.currentPath)
        try:
            if path.suffix.lower() in (".html", ".htm"):
                self._writePage(path, lambda: self.panel.showStatus(_("Saved {path}.").format(path=path)))
            elif self.comparison is not None:
                self.panel.logic.saveComparison(self.comparison, path)
                self.panel.showStatus(_("Saved {path}.").format(path=path))
        except Exception as error:
            self.panel.showError(error)

    def _writePage(self, path: Path, then: Any) -> None:
        if self.comparison is not None and self.page.run is None:
            run = self.panel.logic.saveComparison(self.comparison, path, wait=False)
            self.page.start(run, lambda made: then())

    def _done(self, made: Comparison, ids: tuple[str, str], seconds: float) -> None:
        self._forget()
        self.comparison, self._shown = made, ids
        self._showResult()
        name = made.table.GetName()
        self.panel.showStatus(_("Compared in {seconds:.1f} s: {name}.").format(seconds=seconds, name=name))
        parameters = self.panel.parameterNode()
        if parameters is not None and parameters.compareLayout and slicer.app.layoutManager() is not None:
            self.onShow()

    def _forget(self) -> None:
        made, self.comparison = self.comparison, None
        if made is not None:
            self.page.cleanup()
            made.forget()
            self._showResult()

    def _showResult(self, *_arguments: Any) -> None:
        ui, made = self.ui, self.comparison
        ui.compareResultBrowser.setHtml(resultHtml(made.reports) if made is not None else "")
        ui.compareResultBrowser.setVisible(made is not None)
        warnings = made.warnings if made is not None else ()
        ui.compareWarningsLabel.setText("\n".join(f"• {warning}" for warning in warnings))
        ui.compareWarningsLabel.setVisible(bool(warnings))
        nothing = _("Compare first.") if made is None else ""
        self.page.setReason(nothing)
        for button in (ui.compareCopyButton, ui.compareShowButton):
            self._availability.set(button, nothing)
        self._availability.set(
            ui.compareSaveButton, nothing or ("" if chosenPath(ui.compareSavePathEdit) else _("Name the file."))
        )
