"""Study creation controls: making a reader study from a folder of files, or from volumes of the scene."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

from .dependencies import ensurePackages
from .run_controls import RunControls
from .study_creation import SceneCandidate
from .wiring import Availability, connectSignal


class StudyCreationControls:
    """Collects images, and starts the run that makes the study.

    Args:
        panel: the section's SectionPanel.
        ui: the section's widgets.
        onMade: called with the path of the new study.
    """

    def __init__(self, panel: Any, ui: Any, onMade: Callable[[str], object]) -> None:
        self._panel, self._ui, self._onMade = panel, ui, onMade
        import ctk

        ui.studySourcePathEdit.filters = ctk.ctkPathLineEdit.Dirs
        ui.studyTargetPathEdit.filters = ctk.ctkPathLineEdit.Files | ctk.ctkPathLineEdit.Writable
        self._availability = Availability()
        self._images: list[tuple[str, str, str, bool]] = []  # (node id, case, method, real): nodes may go meanwhile
        self.controls = RunControls(
            panel,
            ui.studyCreateButton,
            ui.studyCreateProgressBar,
            ui.studyCreatePhaseLabel,
            self.onCreate,
            readyTip=_("Read all images once, and write the study file."),
        )
        connectSignal(ui.studyAddImageButton, "clicked(bool)", self.onAdd)
        connectSignal(ui.studyClearImagesButton, "clicked(bool)", self.onClear)
        connectSignal(ui.studyTargetPathEdit, "currentPathChanged(QString)", self.show)
        connectSignal(ui.studySourcePathEdit, "currentPathChanged(QString)", self.show)
        for edit in (ui.studyCaseEdit, ui.studyMethodEdit):
            connectSignal(edit, "textChanged(QString)", self.show)
        connectSignal(ui.studyImageSelector, "currentNodeChanged(vtkMRMLNode*)", self.show)
        self.show()

    def onAdd(self) -> None:
        ui = self._ui
        node = ui.studyImageSelector.currentNode()
        if node is None:
            return
        image = (node.GetID(), ui.studyCaseEdit.text.strip(), ui.studyMethodEdit.text.strip())
        self._images.append((*image, ui.studyRealCheckBox.checked))
        self.show()

    def onClear(self) -> None:
        self._images.clear()
        self.show()

    def onCreate(self) -> None:
        ensurePackages()
        ui = self._ui
        images: Any = ui.studySourcePathEdit.currentPath
        if self._images:
            images = [
                SceneCandidate(slicer.mrmlScene.GetNodeByID(nodeId), case, method, real)
                for nodeId, case, method, real in self._images
            ]
        target = Path(ui.studyTargetPathEdit.currentPath)
        run = self._panel.logic.createReaderStudy(
            images,
            target,
            title=ui.studyTitleEdit.text.strip(),
            readers=[code.strip() for code in ui.studyReadersEdit.text.split(",") if code.strip()],
            repeats=ui.studyRepeatsSpinBox.value,
            real=[name.strip() for name in ui.studyRealMethodsEdit.text.split(",") if name.strip()],
            wait=False,
        )
        self.controls.start(run, lambda created: self._made(created, target))

    def _made(self, created: Any, target: Path) -> None:
        self.onClear()
        lines = [
            _("Made {name}: {cases} cases, {images} images.").format(
                name=target.name, cases=len(created.study.cases), images=created.study.image_count
            )
        ]
        self._panel.showStatus("\n".join([*lines, *(f"• {warning}" for warning in created.warnings)]))
        self._onMade(str(target))

    def show(self, *_arguments: Any) -> None:
        """What has been collected, and what is still missing."""
        ui = self._ui
        lines = []
        for nodeId, case, method, real in self._images:
            node = slicer.mrmlScene.GetNodeByID(nodeId)
            name = node.GetName() if node is not None else _("(deleted)")
            lines.append(f"{case} | {method} ({_('real') if real else _('synthetic')}): {name}")
        ui.studyImagesBrowser.setPlainText("\n".join(lines))
        ui.studyImagesBrowser.setVisible(bool(lines))
        self._availability.set(ui.studyClearImagesButton, "" if lines else _("No volume was added."))
        ui.studySourcePathEdit.setEnabled(not lines)
        missing = ""
        if ui.studyImageSelector.currentNode() is None:
            missing = _("Choose a volume first.")
        elif not all(edit.text.strip() for edit in (ui.studyCaseEdit, ui.studyMethodEdit)):
            missing = _("Name its case and its method first.")
        self._availability.set(ui.studyAddImageButton, missing)
        reason = ""
        if not lines and not ui.studySourcePathEdit.currentPath:
            reason = _("Choose a folder of images, or add volumes of the scene.")
        elif not ui.studyTargetPathEdit.currentPath:
            reason = _("Choose where the study file goes.")
        self.controls.setReason(reason)
