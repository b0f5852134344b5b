"""Reader study verbs: the part of XrayToCTLogic that makes, opens and evaluates reader studies."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from .run import Run
from .study_creation import SceneCandidate
from .study_runs import startStudyCreation, startStudyReading, startStudyResults

ProgressCallback = Callable[[float, str], object]


class ReaderStudyVerbs:
    """Each raises XrayToCTError; with wait=False it returns a Run at once (XrayToCTPanel.run), whose result it is."""

    def createReaderStudy(
        self,
        images: str | Path | Iterable[SceneCandidate],
        path: str | Path,
        *,
        wait: bool = True,
        progress: ProgressCallback | None = None,
        **options: Any,
    ) -> Any:
        """Makes a study file.

        Args:
            images: a folder with one folder a method (real/patient1.nrrd, model/patient1.nrrd), a CSV table with the
                columns case, method, origin, file, or a list of study_creation.SceneCandidate: volumes of the scene,
                which are written beside the study under names that tell nothing.
            path: of the .json file, which must not be there yet.
            progress: called with (fraction, phase); returning False cancels.
            options: title, readers, repeats, seed, window, level, orientation, questions, description, real
                (names of the folders that are real), overwrite.

        Returns:
            XrayToCTLib.reader_study.CreatedStudy: the study, and what may spoil it.
        """
        return _given(startStudyCreation(images, path, **options), wait, progress)

    def openReaderStudy(
        self,
        path: str | Path,
        reader: str,
        *,
        folder: str | Path | None = None,
        wait: bool = True,
        progress: ProgressCallback | None = None,
    ) -> Any:
        """Checks the images of a study, begins a reader's session or resumes it, and shows the image it stands at.

        Args:
            path: of the study file.
            reader: the reader's code.
            folder: where sessions are kept; None is beside the study.

        Returns:
            study_reading.StudyReading: answer, next, back, pause, finish.
        """
        return _given(startStudyReading(path, reader, folder), wait, progress)

    def readerStudyResults(
        self,
        path: str | Path,
        *,
        output: str | Path | None = None,
        folder: str | Path | None = None,
        unfinished: bool = False,
        overwrite: bool = False,
        wait: bool = True,
        progress: ProgressCallback | None = None,
    ) -> Any:
        """Unblinds a study and measures it; also adds a table node.

        Args:
            path: of the study file.
            output: folder for answers.csv, measures.csv and results.html; None writes nothing.
            folder: where sessions are kept; None is beside the study.
            unfinished: also of readers who are not done, which unblinds a running study.

        Returns:
            XrayToCTLib.reader_study.StudyResults.
        """
        run = startStudyResults(path, output, folder=folder, unfinished=unfinished, overwrite=overwrite)
        return _given(run, wait, progress)


def _given(run: Run, wait: bool, progress: ProgressCallback | None) -> Any:
    run.reportTo(progress)
    return run.result() if wait else run
