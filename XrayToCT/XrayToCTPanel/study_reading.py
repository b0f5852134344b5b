"""Study reading: a reader's session in the scene: which image is shown, what is answered, where to go next.

    run = logic.openReaderStudy("study.json", "R1", wait=False)    # or wait=True for the reading itself
    reading = run.result()
    reading.answer("realism", 4)
    reading.next().result()                                        # a Run: loading an image takes time

It needs no widget: the panel's section is one user of it, the Python console another.
"""

from __future__ import annotations

import logging
from collections.abc import Generator
from pathlib import Path
from typing import Any

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.reader_study import Session, check_images, open_session, read_study
from XrayToCTLib.reader_study.image_check import StudyCancelled, refuse_faults
from XrayToCTLib.reader_study.questions import QuestionKind
from XrayToCTLib.reader_study.study_image import StudyImage, read_checked_image

from .corner_annotations import hideCornerAnnotations, restoreCornerAnnotations
from .display import removeWithDisplay
from .enhancement_job import EnhancementJob
from .run import Run, ThreadJob, Wait
from .study_image_node import studyImageSteps
from .study_marks import StudyMarks


def openingSteps(studyPath: str | Path, reader: str, folder: str | Path | None = None) -> Generator[Any, Any, Any]:
    """Steps of a run that gives a StudyReading whose first image is shown: files are checked before anything is."""
    study = yield ThreadJob(read_study, studyPath, phase="reading the study")
    job = EnhancementJob(check_images, study, studyPath, phase="checking the images")
    refuse_faults((yield Wait(job, 0.0, 0.8)), study)
    reading = StudyReading(open_session(studyPath, reader, folder=folder))
    try:
        yield from reading.showSteps()
    except BaseException:
        reading.close()
        raise
    return reading


class StudyReading:
    """One session. Close it (``pause``, ``finish`` or ``close``): until then nobody else can open it.

    Attributes:
        session: XrayToCTLib.reader_study.Session: position, answers, what is missing.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._node: Any = None
        self._shownPosition = -1
        self._ahead: dict[int, ThreadJob] = {}
        self._showing: Run | None = None
        self._marks: StudyMarks | None = None
        self._markQuestion = next((q.id for q in session.study.questions if q.kind is QuestionKind.MARK), None)
        self._annotations = hideCornerAnnotations()
        self.onMarksSaved = self.onMarkFailed = lambda *_: None  # a section's, to show what happened

    @property
    def isShown(self) -> bool:
        """Whether the image of the present position is in the scene: only then may it be judged."""
        isThere = self._node is not None and self._node.GetScene() is not None
        return isThere and self._shownPosition == self.session.position

    @property
    def node(self) -> Any:
        """The volume node that is shown, or None."""
        return self._node

    @property
    def marks(self) -> StudyMarks | None:
        """The points of the image, where the study asks for them."""
        return self._marks

    @property
    def isLast(self) -> bool:
        return self.session.position + 1 == self.session.count

    def answer(self, question: str, value: Any) -> None:
        """Saves an answer about the image that is shown.

        Raises:
            XrayToCTError: no image is shown, or as Session.answer.
        """
        if not self.isShown:
            raise XrayToCTError("The image is not shown.", hint="Wait for it, or show it again.")
        self.session.answer(question, value)

    def next(self) -> Run:
        """Goes to the next image; raises XrayToCTError when an answer is missing or this is the last one."""
        self.session.next()
        return self.show()

    def back(self) -> Run:
        """Goes to the image before; raises XrayToCTError when this is the first one."""
        self.session.back()
        return self.show()

    def show(self) -> Run:
        """Shows the image of the present position (again): a run, started. One that is under way is cancelled."""
        if self._showing is not None:
            self._showing.cancel()
        self._showing = Run(self.showSteps(), cancelled=StudyCancelled).start()
        return self._showing

    def showSteps(self) -> Generator[Any, Any, StudyReading]:
        """The same as steps of a run. What cannot be read is said without its name, which may tell the method."""
        if self.session.is_finished:
            raise XrayToCTError(
                "This session is finished.", hint="Its answers are saved; there is nothing left to read."
            )
        position, label = self.session.position, self.session.presentation.label
        if self._marks is not None:
            self._marks.set([])
        try:
            image: StudyImage = yield Wait(self._read(position), 0.8, 0.9)
        except Exception:
            logging.info("X-ray to CT: an image of the reader study cannot be shown.")  # no name, here neither
            removeWithDisplay(self._node)  # or the image before would be taken for this one
            self._node = None
            raise XrayToCTError(
                f"{label} cannot be shown: its file is missing, damaged, or was changed.",
                hint="Tell whoever made the study; 'xray-to-ct study check' names the file.",
            ) from None
        self._node = yield from studyImageSteps(image, label, self.session.study.display, self._node)
        self._shownPosition = position
        self.session.start_clock()
        self._showMarks()
        self._ahead = {at: job for at, job in self._ahead.items() if at == position + 1}
        if position + 1 < self.session.count:
            self._ahead[position + 1] = self._read(position + 1)
        return self

    def _read(self, position: int) -> ThreadJob:
        """The job that reads an image, begun ahead where that could be."""
        if job := self._ahead.pop(position, None):
            return job
        session = self.session
        return ThreadJob(
            read_checked_image, session.image(position), session.image_sha256(position), phase="loading the image"
        )

    def pause(self) -> None:
        """Stops for now; opening the study again goes on here."""
        try:
            self.session.pause()
        finally:
            self.close()

    def finish(self) -> None:
        """Declares the reading complete; raises XrayToCTError when an image still waits for an answer."""
        self.session.finish()
        self.close()

    def close(self) -> None:
        """Takes what was shown out of the scene, and lets go of the session. May be called again."""
        if self._showing is not None:
            self._showing.cancel()
            self._showing = None
        self.session.close()
        self._ahead.clear()
        removeWithDisplay(self._node)
        self._node = None
        if self._marks is not None:
            self._marks.remove()
            self._marks = None
        restoreCornerAnnotations(self._annotations)
        self._annotations = None

    def _showMarks(self) -> None:
        """Points that were placed before, when the reader comes back to an image."""
        if self._markQuestion is None:
            return
        if self._marks is None or not self._marks.isThere:
            self._marks = StudyMarks(self._saveMarks)
        saved = self.session.answers.get(self._markQuestion, [])
        self._marks.set(saved if isinstance(saved, list) else [])

    def _saveMarks(self, points: list[list[float]]) -> None:
        try:
            self.answer(self._markQuestion or "", points)
        except XrayToCTError as error:
            self.onMarkFailed(error)
        else:
            self.onMarksSaved(points)
