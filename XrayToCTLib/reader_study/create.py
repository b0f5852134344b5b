"""Create: a study from the files of its candidates, with what is wrong with it as an experiment."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import XrayToCTError
from ..progress import ProgressCallback, report
from .candidate_content import content_bytes, content_sha256
from .candidate_files import CandidateFile
from .image_check import StudyCancelled
from .questions import STANDARD_QUESTIONS, Origin, Question, QuestionKind
from .study import Candidate, Case, Display, Study, check_study
from .study_image import read_study_image

FEW_CASES = 10  # below this a bootstrap by case says little
_LEAST_OVERLAP = 0.1


@dataclass(frozen=True, slots=True)
class CreatedStudy:
    """A study that is not yet on the disk, and one sentence for each thing that may spoil it."""

    study: Study
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Facts:
    """What an image looks like: shape (slices, rows, cols), spacing (mm), 1st and 99th percentile."""

    shape: tuple[int, ...]
    spacing: tuple[float, ...]
    low: float
    high: float


def create_study(
    files: Sequence[CandidateFile],
    folder: str | Path,
    *,
    id: str,
    title: str = "",
    seed: int | None = None,
    readers: Sequence[str] = (),
    repeats: int = 0,
    window: float | None = None,
    level: float | None = None,
    orientation: str = "image",
    questions: Sequence[Question] = STANDARD_QUESTIONS,
    description: str = "",
    progress: ProgressCallback | None = None,
) -> CreatedStudy:
    """Read every image once, remember its hash, and put the study together. Nothing is written.

    Args:
        files: the images, any number of methods a case.
        folder: where the study file will lie; paths are kept relative to it.
        id: letters, digits, - and _; goes into the random order and the names of files.
        seed: of the order; drawn when None.
        window, level: for all images, in their units; both from the 1st to the 99th percentile over all when None.
        orientation: "image" (columns to the right, rows downwards) or "anatomical".
        progress: called with (fraction, phase); returning False cancels.

    Raises:
        XrayToCTError: an image cannot be read, one file stands for two, or what ``Study`` refuses.
        StudyCancelled: ``progress`` returned False.
    """
    folder = Path(folder).expanduser().absolute()
    candidates: dict[str, list[Candidate]] = defaultdict(list)
    facts: dict[str, list[tuple[CandidateFile, _Facts]]] = defaultdict(list)
    seen: dict[str, Path] = {}
    warnings = []
    for index, file in enumerate(files):
        report(progress, index / len(files), "reading the images", cancelled=StudyCancelled)
        path = file.path.expanduser().absolute()
        facts[file.case].append((file, _facts(path)))
        digest = content_sha256(path)
        if digest in seen:
            warnings.append(f"{file.path} has the same content as {seen[digest]}.")
        seen.setdefault(digest, file.path)
        candidate = Candidate(file.method, file.origin, _kept_path(path, folder), content_bytes(path), digest)
        candidates[file.case].append(candidate)
    lowest = min((each.low for case in facts.values() for _, each in case), default=0.0)
    highest = max((each.high for case in facts.values() for _, each in case), default=1.0)
    study = Study(
        id=id,
        title=title or id,
        seed=int.from_bytes(os.urandom(4), "little") if seed is None else seed,
        display=Display(
            window=window if window is not None else max(highest - lowest, 1e-6),
            level=level if level is not None else (highest + lowest) / 2,
            orientation=orientation,
        ),
        questions=tuple(questions),
        cases=tuple(Case(case, tuple(found)) for case, found in candidates.items()),
        readers=tuple(readers),
        repeats=repeats,
        description=description,
    )
    check_study(study, "The study")
    study = Study.from_json(study.to_json(), "The study")  # what can be written can be read
    report(progress, 1.0, "read", cancelled=StudyCancelled)
    return CreatedStudy(study, (*warnings, *_design_warnings(study), *_tell_tale_warnings(facts)))


def _facts(path: Path) -> _Facts:
    image = read_study_image(path)
    low, high = image.percentiles(1, 99)
    return _Facts(image.voxels.shape, tuple(round(mm, 4) for mm in image.spacing), low, high)


def _kept_path(path: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # another drive of Windows
        return path.as_posix()


def _design_warnings(study: Study) -> list[str]:
    found = []
    if len(study.cases) < FEW_CASES:
        found.append(f"{len(study.cases)} cases: confidence intervals will be wide, and too narrow for what they are.")
    incomplete = [case.id for case in study.cases if len(case.candidates) < len(study.methods)]
    if incomplete:
        found.append(f"{len(incomplete)} cases lack some method (first: {incomplete[0]}); they weigh less.")
    origins = {candidate.origin for case in study.cases for candidate in case.candidates}
    asks = any(question.kind is QuestionKind.ORIGIN for question in study.questions)
    if asks and len(origins) == 1:
        found.append(f"All images are {next(iter(origins)).value}: that question measures a reader's bias only.")
    words = study.title.lower().replace("?", " ").split()
    found += [f"The title names the method {method}." for method in study.methods if method.lower() in words]
    if Origin.REAL not in origins:
        found.append("There is no real image to hold the synthetic ones against.")
    return found


def _tell_tale_warnings(facts: dict[str, list[tuple[CandidateFile, _Facts]]]) -> list[str]:
    """What gives an image away without looking at its content: another grid, other grey levels."""
    grids = [case for case, each in facts.items() if len({(fact.shape, fact.spacing) for _, fact in each}) > 1]
    grey = [case for case, each in facts.items() if _overlap([fact for _, fact in each]) < _LEAST_OVERLAP]
    found = []
    if grids:
        found.append(
            f"The images of {len(grids)} cases differ in size or spacing (first: {grids[0]}); a reader may tell the "
            "methods by it. Resample them to one grid."
        )
    if grey:
        found.append(
            f"The grey levels of {len(grey)} cases hardly overlap (first: {grey[0]}); no one window shows their images "
            "alike. Bring them to one scale."
        )
    return found


def _overlap(facts: Sequence[_Facts]) -> float:
    """Length shared by all 1st-to-99th percentile ranges, over the length of their union."""
    union = max(fact.high for fact in facts) - min(fact.low for fact in facts)
    shared = min(fact.high for fact in facts) - max(fact.low for fact in facts)
    return 1.0 if union <= 0 else max(0.0, shared) / union


def checked_id(text: str) -> str:
    """A study's id made of any text: what is no letter, digit, - or _ becomes -.

    Raises:
        XrayToCTError: nothing is left.
    """
    kept = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_") else "-" for letter in text)
    kept = kept.strip("-_")[:40]
    if not kept:
        raise XrayToCTError(f"{text!r} is no name for a study.", hint="Use letters and digits.")
    return kept
