"""Export run: a stack's node as DICOM, as NRRD or as a picture, written in a thread; and a model into this Slicer."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import slicer
from XrayToCTLib import write_dicom, write_stack
from XrayToCTLib.dicom.patient_study import read_header
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.fidelity.side_by_side import save_side_by_side
from XrayToCTLib.models.import_model import import_model
from XrayToCTLib.progress import ImportCancelled

from .compare_views import checkStack, radiographOf, sourceFrame
from .enhancement_job import EnhancementJob
from .export_geometry import ijkToLps, patientGeometry
from .run import Progress, Run, Wait
from .source_file import sourceFile
from .stack_reading import stackSteps
from .thread_job import FileJob
from .translation_run import stillThere


def startDicomExport(
    stackVolume: Any, directory: str | Path, *, patientId: str | None = None, overwrite: bool = False
) -> Run:
    """A run, started, whose result is the path of the DICOM file."""
    folder = _folder(directory)

    def steps() -> Generator[Any, Any, Path]:
        yield Progress(0.0, "reading the stack")
        stack = yield from stackSteps(stackVolume)
        radiograph = radiographOf(stackVolume)
        source = sourceFile(radiograph) if radiograph is not None else None
        geometry = patientGeometry(stackVolume, stack.view)
        options = {"ijk_to_lps": geometry, "patient_id": patientId or None, "overwrite": overwrite}
        if source is not None and read_header(source) is not None:
            options["source"] = source  # the file may have been moved since the stack was made
        options["name"] = f"{fileName(stackVolume)}.dcm"
        target = folder / options["name"]
        job = FileJob(write_dicom, stack, folder, target=target, phase="writing DICOM", **options)
        written: Path = yield Wait(job, 0.3, 1.0)
        return written

    return _started(steps(), stackVolume)


def startStackExport(stackVolume: Any, directory: str | Path, *, overwrite: bool = False) -> Run:
    """A run, started, whose result is the path of the NRRD file, which lies where the node lies."""
    folder = _folder(directory)

    def steps() -> Generator[Any, Any, Path]:
        yield Progress(0.0, "reading the stack")
        stack = yield from stackSteps(stackVolume)
        options = {"ijk_to_lps": ijkToLps(stackVolume), "overwrite": overwrite}
        path = folder / f"{fileName(stackVolume)}.nrrd"
        written: Path = yield Wait(
            FileJob(_inFolder, write_stack, stack, path, target=path, phase="writing NRRD", **options), 0.3, 1.0
        )
        return written

    return _started(steps(), stackVolume)


def startPictureExport(
    stackVolume: Any, directory: str | Path, *, slab: int | None = None, window: str = "Whole", overwrite: bool = False
) -> Run:
    """A run, started, whose result is the path of the PNG file."""
    folder = _folder(directory)

    def steps() -> Generator[Any, Any, Path]:
        yield Progress(0.0, "reading the stack")
        stack = yield from stackSteps(stackVolume)
        radiograph, image = radiographOf(stackVolume), None
        if radiograph is not None and radiograph.GetImageData() is not None:
            frames = slicer.util.arrayFromVolume(radiograph)
            if frames.ndim == 3:
                image = frames[min(sourceFrame(stackVolume), len(frames) - 1)].copy()
        index = stack.slabs // 2 if slab is None else slab
        path = folder / f"{fileName(stackVolume)} slab {index + 1} {window.lower()}.png"
        if path.exists() and not overwrite:
            raise XrayToCTError(f"{path} exists already.", hint="Choose another folder, or allow replacing.")
        options = {"image": image, "slab": slab, "window": window, "phase": "drawing the picture"}
        job = FileJob(_inFolder, _picture, stack, path, target=path, **options)
        written: Path = yield Wait(job, 0.3, 1.0)
        return written

    return _started(steps(), stackVolume)


def startImport(pathOrUrl: str | Path, *, sha256: str | None = None, overwrite: bool = False) -> Run:
    """A run, started, whose result is the card of the model, which is installed then."""
    if not str(pathOrUrl).strip():
        raise XrayToCTError("No model is named.", hint="Give a folder, a .zip file, or an https address of one.")

    def steps() -> Generator[Any, Any, Any]:
        # Weights are tried by the first translation, in its own process: torch would hold Slicer for seconds.
        options = {"sha256": sha256 or None, "overwrite": overwrite, "try_weights": False}
        card = yield Wait(EnhancementJob(import_model, pathOrUrl, phase="looking for the model", **options))
        return card

    return Run(steps(), cancelled=ImportCancelled).start()


def fileName(volumeNode: Any) -> str:
    """The node's name as the name of a file."""
    kept = "".join(c if c.isalnum() or c in " -_.()" else "-" for c in volumeNode.GetName() or "")
    return kept.strip(" .-")[:100] or "stack"


def _started(steps: Generator[Any, Any, Path], stackVolume: Any) -> Run:
    checkStack(stackVolume)
    return Run(steps, guard=stillThere(stackVolume)).start()


def _folder(directory: str | Path) -> Path:
    if not str(directory).strip():
        raise XrayToCTError("No folder is chosen.", hint="Choose the folder that the file is to go into.")
    return Path(directory).expanduser().absolute()


def _inFolder(write: Any, stack: Any, path: Path, **options: Any) -> Path:
    """In a thread: makes the folder, then writes."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise XrayToCTError(
            f"The folder {path.parent} cannot be made ({error.strerror or error}).", hint="Choose another folder."
        ) from error
    written: Path = write(stack, path, **options)
    return written


def _picture(stack: Any, path: Path, *, image: Any, slab: int | None, window: str) -> Path:
    return save_side_by_side(path, stack, image, slab=slab, window=window)
