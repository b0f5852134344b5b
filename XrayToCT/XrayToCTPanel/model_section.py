"""Model section: the list of models, and the chosen model's card in words."""

from __future__ import annotations

from html import escape
from typing import Any

from XrayToCTLib.models.card import ModelCard

NO_MODEL = "There is no model. Put one into the models folder (see the documentation)."
NOT_YET_READ = (
    "The models can be read once some Python packages are installed. Press Translate: you will be asked before "
    "anything is installed."
)


class ModelSection:
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
        """Why nothing can be translated: "" when there is a model, or when models cannot be listed yet."""
        return "" if self._cards or self._why == NOT_YET_READ else self._why

    def setCards(self, cards: list[ModelCard], why: str = NO_MODEL) -> None:
        """Lists the cards, the default first. ``why``: what to say when there is none."""
        self._cards, self._why = list(cards), why
        chosen = self.modelId()
        blocked = self._comboBox.blockSignals(True)
        self._comboBox.clear()
        for card in self._cards:
            self._comboBox.addItem(f"{card.title} ({card.version})", card.name)
        if not self._cards:
            self._comboBox.addItem("Default model" if why == NOT_YET_READ else "No model", "")
        self._comboBox.blockSignals(blocked)
        self.select(chosen)

    def select(self, modelId: str) -> None:
        """Shows the model of that name; an unknown or empty name shows the default."""
        names = [card.name for card in self._cards]
        self._comboBox.setCurrentIndex(names.index(modelId) if modelId in names else 0)
        self.showCard()

    def modelId(self) -> str:
        """ "id@version" of the chosen model, or "" for the default."""
        index = self._comboBox.currentIndex
        return str(self._comboBox.itemData(index) or "") if index >= 0 else ""

    def showCard(self) -> None:
        card = next((card for card in self._cards if card.name == self.modelId()), None)
        self._cardLabel.setText(cardText(card) if card else self._why)


def cardText(card: ModelCard) -> str:
    """What a user must know of a model before trusting it, as rich text: what it does, how well, and what it cannot."""
    views = ", ".join(view.value for view in card.views)
    fidelity = [
        f"<li>{escape(row.metric)} {row.value:g} {escape(row.unit)}"
        + (f" ({row.interval95[0]:g} to {row.interval95[1]:g})" if row.interval95 else "")
        + f"<br><small>{escape(row.protocol)}</small></li>"
        for row in card.fidelity
    ]
    limits = [f"<li>{escape(limit)}</li>" for limit in card.limits]
    return (
        f"<p>{escape(card.description)}</p>"
        f"<p>{escape(card.anatomy.capitalize())}, {escape(views)}; {card.slabs.count} slabs of "
        f"{card.slabs.thickness_mm:g} mm.</p>"
        f"<p><b>Measured fidelity</b></p><ul>{''.join(fidelity) or '<li>None was measured.</li>'}</ul>"
        f"<p><b>Limits</b></p><ul>{''.join(limits) or '<li>None are stated.</li>'}</ul>"
        f"<p>Licence of the model: {escape(card.licence)}</p>"
    )
