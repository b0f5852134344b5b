"""Model chooser: the list of models, and the chosen model's card in words."""

from __future__ import annotations

from html import escape
from typing import Any

from slicer.i18n import tr as _
from XrayToCTLib.models.card import ModelCard

_LIST = '<ul style="margin-left: 14px; -qt-list-indent: 0">'
NO_MODEL = _("There is no model. Put one into the models folder (see the documentation).")
NOT_YET_READ = _(
    "The models can be read once some Python packages are installed. Press Translate: you will be asked before "
    "anything is installed, and can say no."
)


class ModelChooser:
    """Fills a QComboBox with models and a QLabel with the chosen one's card.

    Args:
        comboBox: QComboBox; its item data are model names ("id@version"), "" stands for the default model.
        cardLabel: QLabel.
    """

    def __init__(self, comboBox: Any, cardLabel: Any) -> None:
        self._comboBox = comboBox
        self._cardLabel = cardLabel
        self._cards: list[ModelCard] = []
        self._why = NO_MODEL

    @property
    def missing(self) -> str:
        """Why the chosen model cannot translate: "" when it can, or when models cannot be listed yet."""
        if not self._cards:
            return "" if self._why == NOT_YET_READ else self._why
        return (
            ""
            if self._chosenCard()
            else _("The model {name} is not installed: choose another one.").format(name=self.modelId())
        )

    def setCards(self, cards: list[ModelCard], why: str = NO_MODEL) -> None:
        """Lists the cards, the default first. ``why``: what to say when there is none."""
        chosen = self.modelId()
        self._cards, self._why = list(cards), why
        self._fill([(f"{card.title} ({card.version})", card.name) for card in self._cards])
        if not self._cards:
            self._fill([(_("Default model") if why == NOT_YET_READ else _("No model"), "")])
        self.select(chosen)

    def select(self, modelId: str) -> None:
        """Shows a model; "" is the default. One that is not installed (a scene from elsewhere) is shown as such."""
        names = [self._comboBox.itemData(i) for i in range(self._comboBox.count)]
        if modelId and modelId not in names:
            self._fill([(_("{name} (not installed)").format(name=modelId), modelId)], keep=True)
            names.append(modelId)
        blocked = self._comboBox.blockSignals(True)
        self._comboBox.setCurrentIndex(names.index(modelId) if modelId else 0)
        self._comboBox.blockSignals(blocked)
        self.showCard()

    def _fill(self, items: list[tuple[str, str]], *, keep: bool = False) -> None:
        blocked = self._comboBox.blockSignals(True)
        if not keep:
            self._comboBox.clear()
        for text, modelId in items:
            self._comboBox.addItem(text, modelId)
        self._comboBox.blockSignals(blocked)

    @property
    def names(self) -> list[str]:
        """ "id@version" of every model that is there."""
        return [card.name for card in self._cards]

    def modelId(self) -> str:
        """ "id@version" of the chosen model, or "" for the default."""
        index = self._comboBox.currentIndex
        return str(self._comboBox.itemData(index) or "") if index >= 0 else ""

    def showCard(self) -> None:
        """Shows the card of the chosen model, or why there is none."""
        card = self._chosenCard()
        self._cardLabel.setText(cardText(card) if card else self.missing or self._why)

    def _chosenCard(self) -> ModelCard | None:
        return next((card for card in self._cards if card.name == self.modelId()), None)


def cardText(card: ModelCard) -> str:
    """What a user must know of a model before trusting it, as rich text: what it does, how well, and what it cannot."""
    views = ", ".join(view.value for view in card.views)
    fidelity = [
        f"<li>{escape(row.metric)} {row.value:g} {escape(row.unit)}"
        + (f" ({row.interval95[0]:g} to {row.interval95[1]:g})" if row.interval95 else "")
        + f"<br><small>{escape(row.protocol)}</small></li>"
        for row in card.primary_fidelity
    ]
    limits = [f"<li>{escape(limit)}</li>" for limit in card.limits]
    geometry = _("{anatomy}, {views}; {count} slabs of {thickness:g} mm.").format(
        anatomy=escape(card.anatomy.capitalize()),
        views=escape(views),
        count=card.slabs.count,
        thickness=card.slabs.thickness_mm,
    )
    none = f"<li>{_('None is stated.')}</li>"
    return (
        f"<p>{escape(card.description)}</p><p>{geometry}</p>"
        f"<p><b>{_('Measured fidelity')}</b></p>{_LIST}{''.join(fidelity) or none}</ul>"
        f"<p><b>{_('Limits')}</b></p>{_LIST}{''.join(limits) or none}</ul>"
        f"<p>{_('Licence of the model:')} {escape(card.licence)}</p>"
    )
