"""Before Translate: the choice of what a radiograph goes through before a model sees it, beside what that expects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slicer.i18n import tr as _
from XrayToCTLib.enhancement.presets import NONE, find_pipeline
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.models.card import ModelCard
from XrayToCTLib.models.registry import find_model
from XrayToCTLib.translation.sanity import enhancement_mismatch

from .enhance_before import EXPECTED, PANEL, choiceOf
from .wiring import connectSignal


class BeforeTranslate:
    """The choice, and the warning where the model expects another one.

    Args:
        panel: SectionPanel.
        ui: with enhanceFirstComboBox and enhanceFirstWarningLabel.
        presetNames: gives the names of the presets there are.
    """

    def __init__(self, panel: Any, ui: Any, presetNames: Callable[[], list[str]]) -> None:
        self._panel, self._ui, self._presetNames = panel, ui, presetNames
        self._cards: dict[str, ModelCard | None] = {}
        connectSignal(ui.enhanceFirstComboBox, "currentIndexChanged(int)", self.onChosen)

    def show(self, parameters: Any) -> None:
        combo, card = self._ui.enhanceFirstComboBox, self._card(parameters.modelId)
        expected = card.enhancement if card is not None else NONE
        choices = [
            (_("what the model expects ({name})").format(name=expected), EXPECTED),
            (_("nothing"), NONE),
            (_("the pipeline above"), PANEL),
            *((name, name) for name in self._presetNames()),
        ]
        if parameters.enhanceFirst not in [choice for _text, choice in choices]:
            choices.append((parameters.enhanceFirst, parameters.enhanceFirst))  # a preset of another computer
        blocked = combo.blockSignals(True)
        if [combo.itemText(i) for i in range(combo.count)] != [text for text, _choice in choices]:
            combo.clear()
            for text, choice in choices:
                combo.addItem(text, choice)
        combo.setCurrentIndex([choice for _text, choice in choices].index(parameters.enhanceFirst))
        combo.blockSignals(blocked)
        warning = self._warning(parameters, card)
        self._ui.enhanceFirstWarningLabel.setText(warning)
        self._ui.enhanceFirstWarningLabel.setVisible(bool(warning))

    def onChosen(self) -> None:
        if (parameters := self._panel.parameterNode()) is not None:
            combo = self._ui.enhanceFirstComboBox
            parameters.enhanceFirst = str(combo.itemData(combo.currentIndex) or EXPECTED)

    def _warning(self, parameters: Any, card: ModelCard | None) -> str:
        choice = choiceOf(parameters)
        if card is None or choice == EXPECTED:
            return ""
        try:
            pipeline = find_pipeline(choice)
        except XrayToCTError as error:
            return str(error)
        return enhancement_mismatch((pipeline.name,) if pipeline.active else (), card)

    def _card(self, modelId: str) -> ModelCard | None:
        """None where there is no such model: Translate says that itself."""
        if modelId not in self._cards:
            try:
                self._cards[modelId] = find_model(modelId or None).card
            except XrayToCTError:
                return None
        return self._cards[modelId]
