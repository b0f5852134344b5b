"""Study runs: what the verbs of the reader study start."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

from XrayToCTLib.reader_study import study_results, write_results
from XrayToCTLib.reader_study.image_check import StudyCancelled

from .run import Run, ThreadJob
from .study_creation import SceneCandidate, creationSteps
from .study_reading import openingSteps
from .study_table import tableFromResults


def startStudyCreation(images: str | Path | Iterable[SceneCandidate], path: str | Path, **options: Any) -> Run:
    """A run, started, whose result is XrayToCTLib.reader_study.CreatedStudy."""
    return Run(creationSteps(images, path, **options), cancelled=StudyCancelled).start()


def startStudyReading(path: str | Path, reader: str, folder: str | Path | None = None) -> Run:
    """A run, started, whose result is a StudyReading."""
    return Run(openingSteps(path, reader, folder), cancelled=StudyCancelled).start()


def startStudyResults(path: str | Path, output: str | Path | None = None, **options: Any) -> Run:
    """A run, started, whose result is XrayToCTLib.reader_study.StudyResults."""
    return Run(_resultSteps(path, output, **options), cancelled=StudyCancelled).start()


def _resultSteps(
    path: str | Path,
    output: str | Path | None,
    *,
    folder: str | Path | None = None,
    unfinished: bool = False,
    overwrite: bool = False,
) -> Generator[Any, Any, Any]:
    """Measures, writes CSV and the page where wanted, and puts the table into the scene."""
    results = yield ThreadJob(study_results, path, folder=folder, unfinished=unfinished, phase="measuring")
    if output is not None:
        yield ThreadJob(write_results, results, output, overwrite=overwrite, phase="writing the results")
    tableFromResults(results)
    return results
