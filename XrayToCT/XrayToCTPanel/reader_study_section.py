"""Reader study section: opens a study for a reader, and leads through it."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _
from XrayToCTLib.worker.job import JobState

from .dependencies import ensurePackages
from .run import Run
from .run_controls import RunControls
from .section import Section
from .study_creation_controls import StudyCreationControls
from .study_keys import StudyKeys
from .study_questions import StudyQuestions
from .study_reading import StudyReading
from .wiring import connectSignal

_KEYS = 9  # as many levels as a question may have


class ReaderStudySection(Section):
    """A session is open, or none is; all that it does goes through a StudyReading (study_reading.py)."""

    uiFile = "ReaderStudySection.ui"

    def __init__(self, panel: Any) -> None:
        super().__init__(panel)
        ui = self.ui
        self.reading: StudyReading | None = None
        self._questions: StudyQuestions | None = None
        self._loading: Run | None = None
        self._openedAs: tuple[str, str] = ("", "")  # study file and reader of the open session
        self.controls = RunControls(
            panel,
            ui.studyStartButton,
            ui.studyProgressBar,
            ui.studyPhaseLabel,
            self.onStart,
            readyTip=_("Open the study, or go on where it was left."),
        )
        self.resultControls = RunControls(
            panel,
            ui.studyResultsButton,
            ui.studyResultsProgressBar,
            ui.studyResultsPhaseLabel,
            self.onResults,
            readyTip=_("Unblind the study and measure it, when all its readers are done."),
        )
        self.creation = StudyCreationControls(panel, ui, self.useStudy)
        for button, slot in (
            (ui.studyNextButton, self.onNext),
            (ui.studyBackButton, self.onBack),
            (ui.studyPauseButton, self.onPause),
            (ui.studyMarkButton, self.onMark),
            (ui.studyCrosshairButton, self.onMarkAtCrosshair),
            (ui.studyClearMarksButton, self.onClearMarks),
        ):
            connectSignal(button, "clicked(bool)", slot)
        connectSignal(ui.studyPathEdit, "currentPathChanged(QString)", self.onPathChanged)
        self._keys = StudyKeys(self.widget, self._keyActions())
        self._show()

    def _keyActions(self) -> dict[str, Any]:
        actions = {str(number): (lambda number=number: self.onNumber(number)) for number in range(1, _KEYS + 1)}
        return actions | {
            "Ctrl+Right": self.onNext,
            "Ctrl+Left": self.onBack,
            "Ctrl+Up": lambda: self._questions and self._questions.move(-1),
            "Ctrl+Down": lambda: self._questions and self._questions.move(+1),
            "Ctrl+M": self.onMarkAtCrosshair,
        }

    def setParameterNode(self, parameterNode: Any) -> None:
        super().setParameterNode(parameterNode)
        self._keys.setEnabled(self.reading is not None and parameterNode is not None)
        reading = self.reading
        if parameterNode is None or reading is None:
            return
        if not parameterNode.studyFile:  # the scene was closed meanwhile, and the session goes on
            parameterNode.studyFile, parameterNode.studyReader = self._openedAs
        if not reading.isShown and not self.isBusy():
            self._follow(reading.show())

    def refresh(self) -> None:
        if (parameters := self.panel.parameterNode()) is None:
            return
        if self.ui.studyPathEdit.currentPath != parameters.studyFile:
            self.ui.studyPathEdit.setCurrentPath(parameters.studyFile)
        self._show()

    def cleanup(self) -> None:
        for controls in (self.controls, self.resultControls, self.creation.controls):
            controls.cleanup()
        if self.reading is not None:
            self.reading.close()
            self.reading = self._loading = None
        self._keys.setEnabled(False)

    def isBusy(self) -> bool:
        """Whether a study is being opened, or an image loaded."""
        return self.controls.run is not None or self._loading is not None

    def useStudy(self, path: str) -> None:
        """Chooses a study file."""
        if (parameters := self.panel.parameterNode()) is not None:
            parameters.studyFile = path

    def onPathChanged(self, path: str) -> None:
        self.useStudy(path)

    def onStart(self) -> None:
        ensurePackages()
        parameters = self.panel.parameterNode()
        self._openedAs = (parameters.studyFile, parameters.studyReader)
        run = self.panel.logic.openReaderStudy(*self._openedAs, wait=False)
        self.controls.start(run, self._opened)

    def onNumber(self, number: int) -> None:
        if self._questions is not None and not self.isBusy():
            self._questions.press(number)

    def onAnswer(self, question: str, value: Any) -> bool:
        """Whether the answer was saved; if not, the panel shows what is saved instead."""
        saved = self._try(lambda reading: reading.answer(question, value))
        if not saved and self.reading is not None and self._questions is not None:
            self._questions.show(self.reading.session.answers)
        self._show()
        return saved

    def onNext(self) -> None:
        """The next image; behind the last one the session is finished. An image that failed is tried again."""
        if self.reading is None or self.isBusy():
            return
        if not self.reading.isShown:
            self._try(lambda reading: self._follow(reading.show()))
        elif self.reading.isLast:
            self._try(lambda reading: self._end(reading.finish, _("Finished. Thank you: all answers are saved.")))
        else:
            self._try(lambda reading: self._follow(reading.next()))

    def onBack(self) -> None:
        if not self.isBusy():
            self._try(lambda reading: self._follow(reading.back()))

    def onPause(self) -> None:
        self._try(lambda reading: self._end(reading.pause, _("Paused. All answers are saved; Start goes on here.")))

    def onMark(self) -> None:
        if self.reading is not None and self.reading.marks is not None:
            self.reading.marks.placeWithMouse()

    def onMarkAtCrosshair(self) -> None:
        if self.reading is not None and self.reading.marks is not None and self.reading.isShown:
            self.reading.marks.addAtCrosshair()

    def onClearMarks(self) -> None:
        if self.reading is not None and self.reading.marks is not None and self.reading.isShown:
            self.reading.marks.clear()

    def onResults(self) -> None:
        ensurePackages()
        path = Path(self.panel.parameterNode().studyFile)
        output = _newFolder(path)
        run = self.panel.logic.readerStudyResults(path, output=output, wait=False)
        self.resultControls.start(run, lambda results: self._showResults(results, output))

    def _opened(self, reading: StudyReading) -> None:
        self.reading = reading
        reading.onMarksSaved = lambda points: self._show()
        reading.onMarkFailed = self.panel.showError
        self._questions = StudyQuestions(
            self.ui.studyQuestionsWidget.layout(), reading.session.study.questions, self.onAnswer
        )
        self._showAnswers()
        self.panel.showStatus(_openingWords(reading))

    def _follow(self, run: Any) -> None:
        """Waits for the image of a run. No bar comes and goes for it: mostly it was read ahead."""
        self._loading = run
        run.onChange(lambda state: self._followed(run, state))
        self._showAnswers()

    def _followed(self, run: Run, state: JobState) -> None:
        if run is not self._loading or not state.done:
            return
        self._loading = None
        if state.error is not None:
            self.panel.showError(state.error)
        self._showAnswers()

    def _showAnswers(self) -> None:
        """Those that were given about the image at which the session stands."""
        if self.reading is not None and self._questions is not None:
            self._questions.show(self.reading.session.answers)
        self._show()

    def _end(self, how: Any, words: str) -> None:
        how()
        if self._questions is not None:
            self._questions.remove()
        self.reading = self._questions = self._loading = None
        self.panel.showStatus(words)
        self._show()

    def _try(self, action: Any) -> bool:
        """Something with the open session; what goes wrong is said. Whether nothing did."""
        if self.reading is None:
            return False
        self.panel.showStatus("")
        try:
            action(self.reading)
        except Exception as error:
            self.panel.showError(error)
            return False
        return True

    def _show(self) -> None:
        """What can be pressed now, and where the session stands."""
        ui, reading, parameters = self.ui, self.reading, self.panel.parameterNode()
        isOpen, isReady = reading is not None, reading is not None and reading.isShown and not self.isBusy()
        self._keys.setEnabled(isOpen and parameters is not None)
        ui.studyReadingWidget.setVisible(isOpen)
        ui.studyStartButton.setVisible(not isOpen)
        for widget in (ui.studyPathEdit, ui.studyReaderEdit):
            widget.setEnabled(not isOpen)
        for widget in (ui.studyResultsButton, ui.studyCreateCollapsibleButton):
            widget.setVisible(not isOpen)
        ui.studyNextButton.setEnabled(isOpen and not self.isBusy())
        ui.studyMarkWidget.setEnabled(isReady)
        studyFile = parameters.studyFile if parameters is not None else ""
        reader = parameters.studyReader if parameters is not None else ""
        missing = _("Choose a study file.") if not studyFile else ""
        self.controls.setReason(missing or ("" if reader.strip() else _("Enter your reader's code.")))
        self.resultControls.setReason(missing)
        if reading is not None:
            self._showPosition(reading, isReady)

    def _showPosition(self, reading: StudyReading, isReady: bool) -> None:
        ui, session = self.ui, reading.session
        ui.studyImageLabel.setText(session.presentation.label)
        ui.studyPositionLabel.setText(_("loading…") if self._loading is not None else session.progress_text)
        ui.studyBackButton.setEnabled(isReady and session.position > 0)
        words = _("&Finish") if reading.isLast else _("&Next")
        ui.studyNextButton.setText(words if reading.isShown or self.isBusy() else _("&Show again"))
        ui.studyMarkWidget.setVisible(reading.marks is not None)
        marked = len(reading.marks.points()) if reading.marks is not None else 0
        ui.studyMarkLabel.setText(_("{count} marked").format(count=marked))
        if self._questions is not None:
            self._questions.setEnabled(isReady)

    def _showResults(self, results: Any, output: Path) -> None:
        page = (output / "results.html").as_uri()
        self.ui.studyResultsLabel.setText(f'<a href="{page}">{_("Open the results page")}</a>')
        self.ui.studyResultsLabel.setVisible(True)
        readers = ", ".join(results.ratings.readers)
        self.panel.showStatus(
            _("Results of {readers} are in {folder}, and in a table of the scene.").format(
                readers=readers, folder=output
            )
        )


def _newFolder(study: Path) -> Path:
    """Beside the study, and not there yet: earlier results are kept."""
    folders = (study.with_name(f"{study.stem}-results" + (f"-{n}" if n > 1 else "")) for n in count(1))
    return next(folder for folder in folders if not folder.exists())


def _openingWords(reading: StudyReading) -> str:
    """What the reader should know at the beginning."""
    words = []
    if reading.session.recovered:
        words.append(_("The last answer was cut off by a crash and has to be given again."))
    elif reading.session.is_resumed:
        words.append(_("Resumed where it was left."))
    others = [node for node in slicer.util.getNodesByClass("vtkMRMLVolumeNode") if node is not reading.node]
    if others:
        words.append(
            _("The scene holds {count} other volumes, whose names may tell you the methods: close it first.").format(
                count=len(others)
            )
        )
    return " ".join(words)
