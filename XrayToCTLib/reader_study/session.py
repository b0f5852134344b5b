"""Session: one reader going through a study, saved after each answer and resumed where it was left."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ..errors import XrayToCTError
from .journal import Journal
from .order import Presentation, reader_code, reader_order
from .questions import Answer
from .session_record import check_header, replay, session_header, session_path
from .study import Study
from .study_file import image_path, read_study


class Session:
    """An open session. Close it, or use it as a context.

    Attributes:
        study: what is read.
        reader: the code of the reader.
        path: of the journal.
        recovered: whether the last write had been cut off by a crash; that one answer has to be given again.
        is_resumed: whether the session had been begun before.
    """

    def __init__(self, study_path: Path, study: Study, reader: str, path: Path) -> None:
        self.study, self.reader, self.path = study, reader_code(reader, study), path
        self._study_path = study_path
        self._order = reader_order(study, self.reader)
        self._journal = Journal(path)
        try:
            self.recovered, self.is_resumed = self._journal.recovered, bool(self._journal.events)
            if not self.is_resumed:
                self._append("session", **session_header(study, self.reader, self._order))
            check_header(self._journal.events[0], study, self.reader, self._order, path.name)
            self._state = replay(self._journal.events, study, len(self._order.presentations), path.name)
            self._append("opened")
        except BaseException:
            self._journal.close()
            raise
        self._shown_at = time.monotonic()
        if not self.is_finished:
            self.show(self._state.position)

    @property
    def count(self) -> int:
        """Of images, repeats included."""
        return len(self._order.presentations)

    @property
    def presentation(self) -> Presentation:
        """What is shown now."""
        return self._order.presentations[self._state.position]

    @property
    def position(self) -> int:
        """Of the image that is shown now, from 0."""
        return self._state.position

    @property
    def progress_text(self) -> str:
        return f"{self.position + 1} of {self.count}"

    @property
    def is_finished(self) -> bool:
        return self._state.is_finished

    @property
    def answers(self) -> Mapping[str, Answer]:
        """Question id -> the latest answer for the image that is shown now."""
        return dict(self._state.answers.get(self.position, {}))

    @property
    def missing(self) -> tuple[str, ...]:
        """Ids of the required questions that the image shown now still waits for."""
        return self._missing(self.position)

    @property
    def answered_count(self) -> int:
        """Of images whose required questions have answers."""
        return sum(not self._missing(position) for position in range(self.count))

    def image(self, position: int) -> Path:
        """The file behind a position, for the loader alone: its name may tell the method."""
        return image_path(self._order.key[position].candidate, self._study_path)

    def image_sha256(self, position: int) -> str:
        """What the file of a position has to hold."""
        return self._order.key[position].candidate.sha256

    def show(self, position: int) -> Presentation:
        """Go to an image.

        Raises:
            XrayToCTError: there is no such position, or it could not be written down.
        """
        if not 0 <= position < self.count:
            raise XrayToCTError(f"There is no image {position + 1}.", hint=f"The study has {self.count}.")
        self._refuse_finished()
        self._append("shown", position=position, label=self._order.presentations[position].label)
        self._state.position = position
        self._shown_at = time.monotonic()
        return self.presentation

    def next(self) -> Presentation:
        """The following image.

        Raises:
            XrayToCTError: an answer is missing, or this was the last image.
        """
        if self.missing:
            raise XrayToCTError("This image is not done.", hint=f"Still to answer: {', '.join(self.missing)}.")
        if self.position + 1 == self.count:
            raise XrayToCTError("This was the last image.", hint="Finish the session, or go back to change an answer.")
        return self.show(self.position + 1)

    def back(self) -> Presentation:
        """The image before; its answers may be changed, and both the old and the new one are kept.

        Raises:
            XrayToCTError: this is the first one.
        """
        if self.position == 0:
            raise XrayToCTError("This is the first image.", hint="Go on with the next one.")
        return self.show(self.position - 1)

    def start_clock(self) -> None:
        """The image is visible now: the seconds that answers take are counted from here."""
        self._shown_at = time.monotonic()

    def answer(self, question: str, value: Any) -> None:
        """Answer a question about the image that is shown; when this returns, the answer is on the disk.

        Raises:
            XrayToCTError: no such question, no answer to it, the session is finished, or it could not be saved.
        """
        self._refuse_finished()
        checked = self.study.question(question).checked(value)
        if self.answers.get(question) == checked:
            return
        seconds = round(time.monotonic() - self._shown_at, 3)
        self._append("answer", position=self.position, question=question, value=checked, seconds=seconds)
        self._state.answers.setdefault(self.position, {})[question] = checked

    def finish(self) -> None:
        """Declare the session complete; nothing can be changed afterwards.

        Raises:
            XrayToCTError: an image still waits for an answer.
        """
        if self.is_finished:
            return
        left = [position for position in range(self.count) if self._missing(position)]
        if left:
            raise XrayToCTError(
                f"{len(left)} of {self.count} images are not done.", hint=f"The first of them is image {left[0] + 1}."
            )
        self._append("finished")
        self._state.is_finished = True

    def pause(self) -> None:
        """Write down that the reader stops for now, and close."""
        if not self.is_finished:
            self._append("paused")
        self.close()

    def close(self) -> None:
        """May be called again."""
        self._journal.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _missing(self, position: int) -> tuple[str, ...]:
        given = self._state.answers.get(position, {})
        return tuple(question.id for question in self.study.questions if question.required and question.id not in given)

    def _refuse_finished(self) -> None:
        if self.is_finished:
            raise XrayToCTError("This session is finished.", hint="Its answers can no longer be changed.")

    def _append(self, event: str, **fields: Any) -> None:
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        self._journal.append({"event": event, "at": now, **fields})


def open_session(study_path: str | Path, reader: str, *, folder: str | Path | None = None) -> Session:
    """Begin a session, or resume it where it was left.

    Args:
        study_path: of the study file.
        reader: the reader's code.
        folder: where the journal lies; default: beside the study.

    Raises:
        XrayToCTError: the study is wrong or was changed since, the reader is not in it, the journal is damaged, open
            elsewhere, or cannot be written.
    """
    study_path = Path(study_path).expanduser().absolute()
    study = read_study(study_path)
    code = reader_code(reader, study)
    return Session(study_path, study, code, session_path(study_path, study, code, folder))
