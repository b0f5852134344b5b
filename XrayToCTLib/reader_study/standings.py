"""Standings: how far each reader of a study is. Nothing is unblinded: whoever runs a study may look at any time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .session_record import read_session, session_files
from .study_file import read_study


@dataclass(frozen=True, slots=True)
class Standing:
    """One reader.

    Attributes:
        done: images whose required questions have answers.
        count: of images, repeats included.
    """

    reader: str
    done: int
    count: int
    is_finished: bool


def session_standings(study_path: str | Path, *, folder: str | Path | None = None) -> list[Standing]:
    """One a session that was begun, by reader's code.

    Args:
        folder: where the sessions lie; default: beside the study.

    Raises:
        XrayToCTError: the study or a session is damaged.
    """
    study_path = Path(study_path).expanduser().absolute()
    study = read_study(study_path)
    required = [question.id for question in study.questions if question.required]
    found = []
    for reader, path in session_files(study_path, study, folder):
        order, _, state = read_session(path, study, reader)
        done = [
            position
            for position in range(len(order.presentations))
            if all(question in state.answers.get(position, {}) for question in required)
        ]
        found.append(Standing(reader, len(done), len(order.presentations), state.is_finished))
    return found
