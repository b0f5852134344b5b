"""Export section: the stack as DICOM, NRRD or a picture; and models into this Slicer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slicer.i18n import tr as _
from XrayToCTLib.errors import XrayToCTError

from .compare_views import shownSlab
from .run import Run
from .run_controls import RunControls
from .section import Section
from .slab_geometry import slabsOf
from .wiring import connectSignal


class ExportSection(Section):
    """One export at a time; an import has controls of its own."""

    uiFile = "ExportSection.ui"

    def __init__(self, panel: Any) -> None:
        import ctk

        super().__init__(panel)
        panel.canReplace = True
        bar, phase = self.ui.exportProgressBar, self.ui.exportPhaseLabel
        self._exports = [
            RunControls(panel, button, bar, phase, press, tip)
            for button, press, tip in (
                (
                    self.ui.exportDicomButton,
                    self.exportDicom,
                    _("Write one DICOM object of the same patient and study, marked as synthetic."),
                ),
                (self.ui.exportStackButton, self.exportStack, _("Write NRRD, with where the stack came from.")),
                (self.ui.exportPictureButton, self.exportPicture, _("Write a PNG of the radiograph and this slab.")),
            )
        ]
        self.importing = RunControls(
            panel,
            self.ui.importButton,
            self.ui.importProgressBar,
            self.ui.importPhaseLabel,
            self.importModel,
            _("Check the model and put it among your own."),
        )
        self.ui.exportFolderPathEdit.filters = ctk.ctkPathLineEdit.Dirs
        self.ui.importPathEdit.filters = ctk.ctkPathLineEdit.Dirs | ctk.ctkPathLineEdit.Files
        connectSignal(self.ui.exportFolderPathEdit, "currentPathChanged(QString)", self.onFolder)
        connectSignal(self.ui.importPathEdit, "currentPathChanged(QString)", self.refresh)
        connectSignal(self.ui.importAddressLineEdit, "textChanged(QString)", self.refresh)
        self.refresh()

    @property
    def running(self) -> bool:
        """Whether an export or an import is under way."""
        return any(controls.run is not None for controls in (*self._exports, self.importing))

    def cleanup(self) -> None:
        for controls in (*self._exports, self.importing):
            controls.cleanup()

    def refresh(self) -> None:
        parameters = self.panel.parameterNode()
        reason = ""
        if parameters is None or not slabsOf(parameters.viewStack):
            reason = _("Choose a stack, or translate a radiograph first.")
        elif not parameters.exportFolder.strip():
            reason = _("Choose the folder that the file is to go into.")
        busy = any(controls.run is not None for controls in self._exports)
        for controls in sorted(self._exports, key=lambda each: each.run is not None):  # the last one shows their bar
            controls.setReason(_("Another export is under way.") if busy and controls.run is None else reason)
        if parameters is not None and self.ui.exportFolderPathEdit.currentPath != parameters.exportFolder:
            self.ui.exportFolderPathEdit.setCurrentPath(parameters.exportFolder)
        self.importing.setReason(
            "" if self.importSource else _("Name a model's folder, its .zip file, or an https address.")
        )

    def exportDicom(self) -> None:
        self._export(0, lambda parameters, options: self.panel.logic.exportDicom(
            parameters.viewStack, parameters.exportFolder, patientId=parameters.exportPatientId or None, **options
        ))  # fmt: skip

    def exportStack(self) -> None:
        self._export(1, lambda parameters, options: self.panel.logic.exportStack(
            parameters.viewStack, parameters.exportFolder, **options
        ))  # fmt: skip

    def exportPicture(self) -> None:
        self._export(2, lambda parameters, options: self.panel.logic.exportPicture(
            parameters.viewStack,
            parameters.exportFolder,
            slab=shownSlab(parameters.viewStack),
            window=parameters.viewWindow,
            **options,
        ))  # fmt: skip

    def importModel(self) -> None:
        run = self.panel.logic.importModel(
            self.importSource,
            self.ui.importSha256LineEdit.text.strip() or None,
            wait=False,
        )
        self.importing.start(run, self._imported)

    def onFolder(self) -> None:
        parameters = self.panel.parameterNode()
        if parameters is not None:
            parameters.exportFolder = str(self.ui.exportFolderPathEdit.currentPath)

    @property
    def importSource(self) -> str:
        """The address, else the path that is given; "" for neither."""
        return str(self.ui.importAddressLineEdit.text).strip() or str(self.ui.importPathEdit.currentPath).strip()

    def _export(self, index: int, start: Callable[[Any, dict[str, Any]], Run]) -> None:
        parameters = self.panel.parameterNode()
        if parameters is None:
            raise XrayToCTError(_("The scene is closing."), hint=_("Try again."))
        run = start(parameters, {"overwrite": parameters.exportOverwrite, "wait": False})
        self._exports[index].start(run, self._written)
        run.onChange(lambda state: self.refresh() if state.done else None)
        self.refresh()

    def _written(self, path: Any) -> None:
        self.panel.showStatus(_("Wrote {path}. Not for diagnostic use.").format(path=path))

    def _imported(self, card: Any) -> None:
        self.panel.showStatus(_("{name} is among your models now: choose it under Translate.").format(name=card.name))
        translate = self.panel.section("TranslateSection")
        if translate is not None:
            translate.listModels()
