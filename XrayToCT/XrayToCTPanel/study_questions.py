"""Study questions: one group of radio buttons a question, answered by mouse or by number keys."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from slicer.i18n import tr as _
from XrayToCTLib.reader_study.questions import Origin, Question, QuestionKind

from .wiring import connectSignal

_ORIGINS = {Origin.REAL.value: "real", Origin.SYNTHETIC.value: "synthetic"}


class StudyQuestions:
    """The questions of a study with radio buttons. One question at a time is active: number keys answer it.

    Args:
        layout: the QVBoxLayout that takes the groups; it is emptied first.
        questions: of the study; marks are left out.
        onAnswer: called with (question id, value) when the reader answers; returns whether it was saved.
    """

    def __init__(self, layout: Any, questions: tuple[Question, ...], onAnswer: Callable[[str, Any], bool]) -> None:
        self._layout, self._onAnswer = layout, onAnswer
        self._groups = [_Group(q, self._answered) for q in questions if q.kind is not QuestionKind.MARK]
        self._active = 0
        for group in self._groups:
            layout.addWidget(group.box)

    def show(self, answers: Mapping[str, Any]) -> None:
        """Checks the buttons of the answers given; the first question without one becomes active."""
        for group in self._groups:
            group.show(answers.get(group.question.id))
        waiting = [index for index, group in enumerate(self._groups) if group.question.id not in answers]
        self.activate(waiting[0] if waiting else 0)

    def setEnabled(self, enabled: bool) -> None:
        for group in self._groups:
            group.box.setEnabled(enabled)

    def activate(self, index: int) -> None:
        """Makes a question the one that number keys answer; beyond the ends nothing happens."""
        if not 0 <= index < len(self._groups):
            return
        self._active = index
        for at, group in enumerate(self._groups):
            group.mark(at == index)

    def move(self, step: int) -> None:
        """To the next question, or the one before."""
        self.activate(self._active + step)

    def press(self, number: int) -> None:
        """What a number key does: chooses that button of the active question."""
        if self._groups:
            self._groups[self._active].press(number)

    def remove(self) -> None:
        """Takes the groups out of the panel."""
        for group in self._groups:
            self._layout.removeWidget(group.box)
            group.box.setParent(None)
        self._groups = []

    def _answered(self, group: _Group, value: Any) -> None:
        self.activate(self._groups.index(group))
        if self._onAnswer(group.question.id, value):
            self.move(+1)


class _Group:
    """One question."""

    def __init__(self, question: Question, onAnswer: Callable[[_Group, Any], object]) -> None:
        import qt

        self.question = question
        self.box = qt.QGroupBox()
        self.box.setObjectName(f"studyQuestion_{question.id}")
        self.box.setToolTip(_("Press the number of an answer, or click it. Ctrl+Up and Ctrl+Down change the question."))
        layout = qt.QGridLayout(self.box)
        values = list(range(1, len(question.levels) + 1)) or list(_ORIGINS)
        words = question.levels or tuple(_ORIGINS.values())
        rows = math.ceil(len(words) / 2)  # two columns: all questions should fit beside the images
        self._buttons = {}
        for number, (value, word) in enumerate(zip(values, words, strict=True), 1):
            button = self._buttons[value] = qt.QRadioButton(f"{number}  {word.replace('&', '&&')}")
            button.setObjectName(f"studyAnswer_{question.id}_{number}")
            button.setToolTip(f"{question.text} {word}")
            connectSignal(button, "clicked(bool)", lambda checked=False, value=value: onAnswer(self, value))
            layout.addWidget(button, (number - 1) % rows, (number - 1) // rows)

    def show(self, value: Any) -> None:
        """Checks the button of an answer; none for None."""
        for each, button in self._buttons.items():
            button.setAutoExclusive(False)  # or the last one could not be unchecked
            button.setChecked(each == value)
            button.setAutoExclusive(True)

    def mark(self, active: bool) -> None:
        self.box.setTitle(("\u25b6 " if active else "") + self.question.text.replace("&", "&&"))

    def press(self, number: int) -> None:
        buttons = list(self._buttons.values())
        if 1 <= number <= len(buttons) and self.box.enabled:
            buttons[number - 1].click()
