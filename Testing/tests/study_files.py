"""What the tests of the reader study share: small studies on the disk, and readers who go through them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from XrayToCTLib.reader_study import Session, create_study, files_of_folder, open_session, write_study

METHODS = ("groundtruth", "cyclegan", "secretnet")  # the first is real


def write_images(folder: Path, methods: tuple[str, ...] = METHODS, cases: int = 4) -> Path:
    """folder/method/patientN.nrrd, int16, each with a content of its own; returns the folder."""
    rng = np.random.default_rng(5)
    for method in methods:
        (folder / method).mkdir(parents=True)
        for case in range(cases):
            image = sitk.GetImageFromArray(rng.integers(-1000, 1000, (3, 12, 10)).astype(np.int16))
            image.SetSpacing((2.0, 3.0, 20.0))
            sitk.WriteImage(image, str(folder / method / f"patient{case}.nrrd"))
    return folder


def make_study(folder: Path, *, methods: tuple[str, ...] = METHODS, cases: int = 4, **options: Any) -> Path:
    """A study file in a folder, with its images beside it."""
    files = files_of_folder(write_images(folder / "images", methods, cases), real=methods[:1])
    created = create_study(files, folder, **{"id": "pilot", "title": "A pilot", "seed": 11, **options})
    return write_study(created.study, folder / "study.json")


def steady_answers(session: Session) -> dict[str, Any]:
    """Answers that depend on the label alone, so that any reading of a study gives the same ones."""
    number = sum(session.presentation.label.encode())
    scores = {name: 1 + (number + place) % 5 for place, name in enumerate(("realism", "anatomy", "usefulness"))}
    origin = "real" if number % 3 else "synthetic"
    return {**scores, "origin": origin, "suspicious": [[1.0, -2.0, float(number)]] if number % 2 else []}


def read_on(session: Session, answers: Callable[[Session], dict[str, Any]] = steady_answers) -> None:
    """From where the session stands to its end."""
    while True:
        for question, value in answers(session).items():
            session.answer(question, value)
        if session.position + 1 == session.count:
            break
        session.next()
    session.finish()


def read_whole(study: Path, reader: str, answers: Callable[[Session], dict[str, Any]] = steady_answers) -> Path:
    """One reader, from the beginning to the end; returns the journal."""
    with open_session(study, reader) as session:
        read_on(session, answers)
        return session.path


def answers_in(session: Session) -> list[dict[str, Any]]:
    """All that a session holds, image by image."""
    return [dict(session._state.answers.get(position, {})) for position in range(session.count)]
