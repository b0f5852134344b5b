"""Study creation: a reader study from files, or from volumes of the scene, as steps of a run."""

from __future__ import annotations

import random
import shutil
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from XrayToCTLib.document_file import SUFFIX
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.reader_study import CandidateFile, create_study, files_of_folder, files_of_table, write_study
from XrayToCTLib.reader_study.create import checked_id
from XrayToCTLib.reader_study.questions import Origin

from .enhancement_job import EnhancementJob
from .run import Progress, ThreadJob, Wait
from .thread_job import FileJob
from .volume_snapshot import VolumeSnapshot, snapshotSteps


@dataclass(frozen=True, slots=True)
class SceneCandidate:
    """A volume node that shows ``case`` by ``method``; ``real`` or synthetic."""

    volumeNode: Any
    case: str
    method: str
    real: bool = False


def creationSteps(
    images: str | Path | Iterable[SceneCandidate],
    path: str | Path,
    *,
    real: Sequence[str] = ("real",),
    overwrite: bool = False,
    **options: Any,
) -> Generator[Any, Any, Any]:
    """Writes a study file; returns XrayToCTLib.reader_study.CreatedStudy: the study, and what may spoil it.

    Args:
        images: a folder with one folder a method, a CSV table (see ``files_of_folder`` and ``files_of_table``), or
            volumes of the scene, which are written into the folder "<study>-images" under names that tell nothing.
        path: of the .json file.
        real: the methods of a folder whose images are real.
        options: as ``create_study``.
    """
    path = Path(path).expanduser().absolute()
    if path.suffix.lower() != SUFFIX:
        raise XrayToCTError(f"A reader study cannot be written to {path.name}.", hint=f"End its name in {SUFFIX}.")
    if path.exists() and not overwrite:
        raise XrayToCTError(f"{path} exists already.", hint="Choose another name.")
    if not path.parent.is_dir():
        raise XrayToCTError(f"There is no folder {path.parent}.", hint="Create it first.")
    if isinstance(images, (str, Path)):
        source = Path(images).expanduser()
        files = yield from _filesOf(source, real)
        return (yield from _studySteps(files, path, overwrite=overwrite, **options))
    folder = path.with_name(f"{path.stem}-images")
    _checkCandidates(candidates := list(images), folder)
    try:
        files = yield from _writtenFiles(candidates, folder)
        return (yield from _studySteps(files, path, overwrite=overwrite, **options))
    except BaseException:  # also GeneratorExit: it was cancelled. Without the study the images are of no use
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _studySteps(files: list[CandidateFile], path: Path, *, overwrite: bool, **options: Any) -> Generator[Any, Any, Any]:
    """Reads the images and writes the study."""
    options.setdefault("id", checked_id(path.stem))
    created = yield Wait(
        EnhancementJob(create_study, files, path.parent, phase="reading the images", **options), 0.3, 0.95
    )
    yield FileJob(write_study, created.study, path, target=path, overwrite=overwrite)
    return created


def _filesOf(source: Path, real: Sequence[str]) -> Generator[Any, Any, list[CandidateFile]]:
    if source.is_dir():
        found = yield ThreadJob(files_of_folder, source, real=tuple(real), phase="looking for images")
    else:
        found = yield ThreadJob(files_of_table, source, phase="reading the table")
    return found  # type: ignore[no-any-return]


def _checkCandidates(candidates: list[SceneCandidate], folder: Path) -> None:
    """Raises XrayToCTError for what can be seen at once to be impossible."""
    if not candidates:
        raise XrayToCTError("The study has no images.", hint="Add volumes of the scene, or choose a folder of files.")
    for candidate in candidates:
        if not candidate.case.strip() or not candidate.method.strip():
            raise XrayToCTError("An image has no case or no method.", hint="Give each volume both.")
        if candidate.volumeNode is None:
            name = f"{candidate.method} of {candidate.case}"
            raise XrayToCTError(f"The volume of {name} is gone.", hint="Remove all, and add those that are there.")
    if folder.exists():
        raise XrayToCTError(f"{folder} exists already.", hint="Choose another name for the study.")


def _writtenFiles(candidates: list[SceneCandidate], folder: Path) -> Generator[Any, Any, list[CandidateFile]]:
    """The volumes as NRRD files, in a shuffled order: a number tells nothing of its method."""
    numbers = random.SystemRandom().sample(range(1, len(candidates) + 1), len(candidates))
    files = []
    for index, (candidate, number) in enumerate(zip(candidates, numbers, strict=True)):
        yield Progress(0.3 * index / len(candidates), "writing the images")
        matrix = _ijkToRas(candidate.volumeNode)
        snapshot = yield from snapshotSteps(candidate.volumeNode)
        target = folder / f"image{number:04d}.nrrd"
        yield FileJob(_writeImage, snapshot, matrix, target, target=target)
        origin = Origin.REAL if candidate.real else Origin.SYNTHETIC
        files.append(CandidateFile(candidate.case.strip(), candidate.method.strip(), origin, target))
    return files


def _ijkToRas(volumeNode: Any) -> np.ndarray:
    import slicer
    import vtk

    matrix = vtk.vtkMatrix4x4()
    volumeNode.GetIJKToRASMatrix(matrix)
    return np.asarray(slicer.util.arrayFromVTKMatrix(matrix))


def _writeImage(snapshot: VolumeSnapshot, ijkToRas: np.ndarray, target: Path) -> None:
    """Plain SimpleITK, for a thread. Nothing but voxels and geometry is written: no header tells where it came from."""
    import SimpleITK as sitk

    if snapshot.pixels.ndim != 3:
        raise XrayToCTError(f"{snapshot.name} is in colour.", hint="Choose a grey-scale volume.")
    image = sitk.GetImageFromArray(snapshot.pixels)
    axes = np.diag([-1.0, -1.0, 1.0]) @ ijkToRas[:3, :3]
    spacing = np.linalg.norm(axes, axis=0)
    image.SetSpacing(spacing.tolist())
    image.SetDirection((axes / spacing).ravel().tolist())
    image.SetOrigin((np.diag([-1.0, -1.0, 1.0]) @ ijkToRas[:3, 3]).tolist())
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        sitk.WriteImage(image, str(target), useCompression=True)
    except (OSError, RuntimeError) as error:
        raise XrayToCTError(
            f"{target} could not be written.", hint="Choose a folder that you may write to, with enough space."
        ) from error
