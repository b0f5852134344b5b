"""Preset box: the presets to choose from, and the keeping of the user's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from slicer.i18n import tr as _
from XrayToCTLib.enhancement.pipeline import Pipeline
from XrayToCTLib.enhancement.pipeline_editor import unchanged_name
from XrayToCTLib.enhancement.pipeline_file import write_pipeline
from XrayToCTLib.enhancement.presets import (
    delete_preset,
    import_preset,
    is_bundled,
    presets,
    rename_preset,
    save_preset,
)
from XrayToCTLib.errors import XrayToCTError

from .path_edit import chosenPath
from .wiring import Availability, connectSignal


class PresetBox:
    """Loads, saves, renames, deletes, imports and exports presets.

    Args:
        panel: SectionPanel, where what happened is said.
        ui: with enhancePresetComboBox, enhancePresetNameEdit, enhancePresetFilePathEdit (ctkPathLineEdit),
            and enhanceSaveButton, enhanceRenameButton, enhanceDeleteButton, enhanceImportButton, enhanceExportButton.
        pipeline: gives the pipeline that is being edited.
        onLoaded: called with the pipeline that shall be edited instead.
    """

    def __init__(
        self, panel: Any, ui: Any, pipeline: Callable[[], Pipeline], onLoaded: Callable[[Pipeline], object]
    ) -> None:
        import ctk

        self._panel, self._ui, self._pipeline, self._onLoaded = panel, ui, pipeline, onLoaded
        self._presets: dict[str, Pipeline] = {}
        self._availability = Availability()
        connectSignal(ui.enhancePresetComboBox, "currentIndexChanged(int)", self.onChosen)
        connectSignal(ui.enhancePresetNameEdit, "textChanged(QString)", self.enable)
        ui.enhancePresetFilePathEdit.filters = ctk.ctkPathLineEdit.Files | ctk.ctkPathLineEdit.Writable
        connectSignal(ui.enhancePresetFilePathEdit, "currentPathChanged(QString)", self.enable)
        for button, verb in (
            (ui.enhanceSaveButton, self.save),
            (ui.enhanceRenameButton, self.rename),
            (ui.enhanceDeleteButton, self.delete),
            (ui.enhanceImportButton, self.importFile),
            (ui.enhanceExportButton, self.exportFile),
        ):
            connectSignal(button, "clicked(bool)", self._pressed(verb))
        self.read()

    @property
    def names(self) -> list[str]:
        return list(self._presets)

    def has(self, pipeline: Pipeline) -> bool:
        """Whether it is a preset as it stands."""
        return self._presets.get(pipeline.name) == pipeline

    def read(self) -> None:
        """Looks into the preset folders again."""
        found = presets()
        self._presets = {preset.name: preset for preset in found.all}
        for problem in found.problems.values():
            self._panel.showStatus(str(problem))
        self.show()

    def show(self) -> None:
        """Shows which preset is being edited; a pipeline that is none goes by its own name, first in the list."""
        combo, pipeline = self._ui.enhancePresetComboBox, self._pipeline()
        names = self.names
        if pipeline not in self._presets.values():
            names.insert(0, pipeline.name)
        blocked = combo.blockSignals(True)
        if [combo.itemText(i) for i in range(combo.count)] != names:
            combo.clear()
            for name in names:
                combo.addItem(name)
        combo.setCurrentIndex(names.index(pipeline.name))
        combo.blockSignals(blocked)
        combo.setToolTip(pipeline.description or _("A pipeline of filters to begin with."))
        self.enable()

    def onChosen(self) -> None:
        combo = self._ui.enhancePresetComboBox
        chosen = self._presets.get(combo.itemText(combo.currentIndex))
        if chosen is not None and chosen != self._pipeline():
            self._onLoaded(chosen)

    def enable(self) -> None:
        """What can be pressed, and why not."""
        ui, own = self._ui, unchanged_name(self._pipeline().name)
        noName = "" if self._name else _("Type a name first.")
        noFile = "" if self._file else _("Name a .json file first.")
        isOwn = own in self._presets and not is_bundled(own)
        notOwn = "" if isOwn else _("Choose a preset of your own first: those of the extension stay as they are.")
        for button, reason in (
            (ui.enhanceSaveButton, noName if notOwn else ""),
            (ui.enhanceRenameButton, notOwn or noName),
            (ui.enhanceDeleteButton, notOwn),
            (ui.enhanceImportButton, noFile),
            (ui.enhanceExportButton, noFile),
        ):
            self._availability.set(button, reason)

    def save(self) -> None:
        """Keeps the pipeline under the name that was typed, else under that of the user's preset it came from."""
        pipeline = self._pipeline()
        name = self._name or unchanged_name(pipeline.name)
        replaced = not self._name or name == unchanged_name(pipeline.name)
        kept = replace(pipeline, name=name)
        file = save_preset(kept, overwrite=replaced)
        self._take(kept, _("Kept as {name} in {file}.").format(name=name, file=file))

    def rename(self) -> None:
        """Gives the user's preset that is being edited the name that was typed."""
        renamed = rename_preset(unchanged_name(self._pipeline().name), self._name)
        self._take(renamed, _("It is called {name} now.").format(name=renamed.name))

    def delete(self) -> None:
        """Removes the user's preset that is being edited; the pipeline stays, and can be saved again."""
        name = unchanged_name(self._pipeline().name)
        delete_preset(name)
        self.read()
        self._panel.showStatus(_("{name} was deleted. Save keeps it again.").format(name=name))

    def importFile(self) -> None:
        """Keeps the file's pipeline as a preset, under the name that was typed or its own."""
        pipeline = import_preset(self._file, name=self._name or None)
        self._take(pipeline, _("{name} was imported.").format(name=pipeline.name))

    def exportFile(self) -> None:
        """Writes the pipeline that is being edited to a file that is not there yet."""
        file = write_pipeline(self._pipeline(), Path(self._file), overwrite=False)
        self._panel.showStatus(_("Written to {file}.").format(file=file))

    @property
    def _name(self) -> str:
        return str(self._ui.enhancePresetNameEdit.text).strip()

    @property
    def _file(self) -> str:
        return chosenPath(self._ui.enhancePresetFilePathEdit)

    def _take(self, pipeline: Pipeline, said: str) -> None:
        self._ui.enhancePresetNameEdit.setText("")
        self.read()
        self._onLoaded(pipeline)
        self._panel.showStatus(said)

    def _pressed(self, verb: Callable[[], object]) -> Callable[[], None]:
        def press() -> None:
            try:
                verb()
            except XrayToCTError as error:
                self._panel.showError(error)

        return press
