"""Steps view: a pipeline as a list of filters that people add, remove, move and switch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slicer.i18n import tr as _
from XrayToCTLib.enhancement.pipeline import Pipeline, Step
from XrayToCTLib.enhancement.pipeline_editor import PipelineEditor
from XrayToCTLib.enhancement.table import CATEGORIES, FILTERS

from .wiring import Availability, connectSignal


class StepsView:
    """Shows the editor's pipeline and edits it.

    Args:
        ui: with enhanceStepsList (QListWidget), enhanceFilterComboBox, and the buttons enhanceAddButton,
            enhanceRemoveButton, enhanceUpButton, enhanceDownButton, enhanceUndoButton, enhanceRedoButton.
        editor: gives the PipelineEditor, which may be another one later.
        onEdited: called after each edit.
        onChosen: called when another step is chosen.
    """

    def __init__(
        self,
        ui: Any,
        editor: Callable[[], PipelineEditor],
        onEdited: Callable[[], object],
        onChosen: Callable[[], object],
    ) -> None:
        self._ui, self._editor, self._onEdited, self._onChosen = ui, editor, onEdited, onChosen
        self._shown: Pipeline | None = None
        self._availability = Availability()
        self._filling = False
        for name, entry in FILTERS.items():
            ui.enhanceFilterComboBox.addItem(f"{_(CATEGORIES[entry.category])}: {_(entry.title)}", name)
        connectSignal(ui.enhanceStepsList, "currentRowChanged(int)", self.onRow)
        connectSignal(ui.enhanceStepsList, "itemChanged(QListWidgetItem*)", self.onTicks)
        connectSignal(ui.enhanceFilterComboBox, "currentIndexChanged(int)", self.showChoice)
        for button, verb in (
            (ui.enhanceAddButton, self.add),
            (ui.enhanceRemoveButton, self.remove),
            (ui.enhanceUpButton, lambda: self.move(-1)),
            (ui.enhanceDownButton, lambda: self.move(1)),
            (ui.enhanceUndoButton, self.undo),
            (ui.enhanceRedoButton, self.redo),
        ):
            connectSignal(button, "clicked(bool)", verb)
        self.showChoice()

    @property
    def row(self) -> int:
        """Number of the chosen step, from 0; -1 where there is none."""
        return int(self._ui.enhanceStepsList.currentRow)

    @property
    def step(self) -> Step | None:
        """The chosen step."""
        steps = self._editor().pipeline.steps
        return steps[self.row] if 0 <= self.row < len(steps) else None

    def show(self, row: int | None = None) -> None:
        """Shows the pipeline as it is now, step ``row`` chosen (by default the one that was)."""
        editor, listWidget = self._editor(), self._ui.enhanceStepsList
        steps = editor.pipeline.steps
        wanted = self.row if row is None else row
        self._filling = True
        try:
            if self._shown is None or _outline(self._shown) != _outline(editor.pipeline):
                listWidget.clear()
                for step in steps:
                    self._append(step)
            for index, step in enumerate(steps):
                listWidget.item(index).setToolTip(step.describe())
            listWidget.setCurrentRow(min(max(wanted, 0), len(steps) - 1))
        finally:
            self._filling = False
        self._shown = editor.pipeline
        self._enable()

    def add(self) -> None:
        """Puts the chosen filter after the chosen step."""
        combo = self._ui.enhanceFilterComboBox
        after = self.row + 1 if self.row >= 0 else len(self._editor().pipeline.steps)
        self._edited(self._editor().add(str(combo.itemData(combo.currentIndex)), after))

    def remove(self) -> None:
        if self.step is not None:
            self._editor().remove(self.row)
            self._edited()

    def move(self, by: int) -> None:
        if self.step is not None:
            self._edited(self._editor().move(self.row, by))

    def undo(self) -> None:
        self._editor().undo()
        self._edited()

    def redo(self) -> None:
        self._editor().redo()
        self._edited()

    def showChoice(self) -> None:
        """What the filter to be added does, as its tool tip."""
        combo = self._ui.enhanceFilterComboBox
        entry = FILTERS[str(combo.itemData(combo.currentIndex))]
        combo.setToolTip(_(entry.help))
        self._ui.enhanceAddButton.setToolTip(_("Put this filter after the chosen one. {help}").format(help=entry.help))

    def onRow(self) -> None:
        if not self._filling:
            self._enable()
            self._onChosen()

    def onTicks(self) -> None:
        """A step was switched on or off: compares all of them, since an item does not tell what of it changed."""
        import qt

        if self._filling:
            return
        changed = False
        for index, step in enumerate(self._editor().pipeline.steps):
            enabled = self._ui.enhanceStepsList.item(index).checkState() == qt.Qt.Checked
            if enabled != step.enabled:
                self._editor().enable(index, enabled)
                changed = True
        if changed:
            self._edited()

    def _append(self, step: Step) -> None:
        import qt

        item = qt.QListWidgetItem(_(step.entry.title))
        item.setFlags(qt.Qt.ItemIsEnabled | qt.Qt.ItemIsSelectable | qt.Qt.ItemIsUserCheckable)
        item.setCheckState(qt.Qt.Checked if step.enabled else qt.Qt.Unchecked)
        self._ui.enhanceStepsList.addItem(item)

    def _edited(self, row: int | None = None) -> None:
        self.show(row)
        self._onEdited()

    def _enable(self) -> None:
        ui, editor = self._ui, self._editor()
        last = len(editor.pipeline.steps) - 1
        none = "" if self.step is not None else _("Choose a filter in the list first.")
        for button, reason in (
            (ui.enhanceRemoveButton, none),
            (ui.enhanceUpButton, none or ("" if self.row > 0 else _("It is the first already."))),
            (ui.enhanceDownButton, none or ("" if self.row < last else _("It is the last already."))),
            (ui.enhanceUndoButton, "" if editor.can_undo else _("There is nothing to take back.")),
            (ui.enhanceRedoButton, "" if editor.can_redo else _("Nothing was taken back.")),
        ):
            self._availability.set(button, reason)


def _outline(pipeline: Pipeline) -> list[tuple[str, bool]]:
    """What the list shows of a pipeline."""
    return [(step.filter, step.enabled) for step in pipeline.steps]
