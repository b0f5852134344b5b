"""Batch: many radiographs to stacks, in one call."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal, Protocol

from ..enhancement.pipeline import Pipeline
from ..enhancement.presets import find_pipeline
from ..errors import XrayToCTError
from ..models.card import ModelCard
from ..models.registry import find_model
from ..progress import ProgressCallback
from ..radiograph import View
from ..readers.polarity import checked_polarity
from ..readers.spacing import checked_spacing
from ..translation.device import choose_device
from .course import Course
from .csv_input import read_csv_input
from .dask_pool import DaskPool
from .inputs import list_inputs
from .ledger import Ledger
from .local_pool import LocalPool
from .outcome import Outcome, Row
from .output_folder import OutputFolder
from .output_names import Place, output_names
from .summary import write_summary
from .task import ALL_FRAMES, FORMATS, TRUST, ReadOptions, Settings, Task

Inputs = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
_CSV = ".csv"


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What came of a batch.

    Attributes:
        done, skipped, failed: numbers of stacks made now, made by an earlier run, and not made.
        flagged: those done or skipped whose input the model's gate does not take for ordinary.
        doubtful: those whose trust check says so.
        passed_over: files in folders that are no images.
        summary: the CSV with a line for each.
        seconds: that it took.
    """

    done: int
    skipped: int
    failed: int
    flagged: int
    doubtful: int
    passed_over: int
    summary: Path
    seconds: float

    @property
    def ok(self) -> bool:
        return self.failed == 0


def batch(
    inputs: Inputs,
    output: str | os.PathLike[str],
    *,
    model: str | Path | ModelCard | None = None,
    device: str = "auto",
    enhance: Pipeline | str | Path | dict[str, Any] | None = None,
    format: str = "nrrd",
    compress: bool = False,
    spacing: float | Sequence[float] | None = None,
    polarity: str = "auto",
    view: View | str | None = None,
    frame: int | Literal["all"] = 0,
    patient_id: str | None = None,
    trust: Literal["none", "quick", "full"] = "quick",
    jobs: int = 1,
    scheduler: Any = None,
    overwrite: bool = False,
    progress: ProgressCallback | None = None,
    on_row: Callable[[Row], object] | None = None,
) -> BatchReport:
    """Translate many radiographs; a bad one never stops the rest.

    Images run in processes of their own, in each of which reading, translating and writing overlap around one warm
    network. What an earlier run made from the same content with the same model and options is skipped, so an
    interrupted batch is simply started again. The results of an interrupted and of an uninterrupted batch are the same
    bytes. Files that are there and were not made so are refused.

    Args:
        inputs: folders (with all below them), glob patterns, image files, or one CSV file (see ``csv_input``).
        output: folder of the results; the inputs' folders are mirrored in it. Made when it is not there.
        model, device: as for ``translate``.
        enhance: pipeline to run before; as for ``enhance``.
        format: one of ``FORMATS``.
        compress: gzip inside .nrrd and .mha.
        spacing, polarity, view: as for ``read_radiograph``.
        frame: of multi-frame files, from 0, or "all": a stack for each.
        patient_id: for DICOM that is made from other formats; DICOM radiographs keep their own where it is None.
        trust: check each stack's trust, for the summary: "quick" without further runs of the network, "full" with
            seven small ones. What an earlier run made keeps what that run found.
        jobs: processes; each has its own network, and by default an equal part of the cores.
        scheduler: None for processes of this program. Dask: "local", an address, or a cluster object (see
            ``DaskPool``); "local" needs the caller's script to be guarded by ``if __name__ == "__main__"``, as
            multiprocessing does.
        overwrite: replace files that are there and were made otherwise.
        progress: called with (fraction, phase) at the start and after each image; returning False cancels.
        on_row: called with each row of the summary as it comes.

    Returns:
        The numbers, and where the summary is.

    Raises:
        TranslationCancelled: ``progress`` returned False; the next run goes on from there.
        XrayToCTError: no input, model or device, an option that cannot be, an output folder in use or that cannot be
            written, a full disk, or processes that cannot be started. Never for what is wrong with single images.
    """
    if format not in FORMATS:
        raise XrayToCTError(f"There is no format {format!r}.", hint=f"Choose one of: {', '.join(FORMATS)}.")
    if trust not in TRUST:
        raise XrayToCTError(f"There is no trust check {trust!r}.", hint=f"Choose one of: {', '.join(TRUST)}.")
    if jobs < 1:
        raise XrayToCTError(f"{jobs} processes cannot translate anything.", hint="Choose 1 or more.")
    options = _read_options(spacing, polarity, view, frame, patient_id)
    folder = Path(output).expanduser().absolute()
    wanted, passed_over = _wanted(inputs, folder, options)
    bundle = find_model(model)
    choose_device(device)
    pipeline = find_pipeline(enhance).to_record() if enhance is not None else None
    pool: _Pool = DaskPool(scheduler, jobs) if scheduler is not None else LocalPool(jobs)
    names = output_names([Place(each.place, each.named, each.options.frame) for each in wanted], format)
    with OutputFolder(folder, overwrite=overwrite) as out:
        settings = Settings(
            model_folder=str(bundle.folder),
            model_sha256=bundle.sha256,
            device=device,
            pipeline=pipeline,
            format=format,
            compress=compress,
            output=str(folder),
            work=str(out.work),
            overwrite=overwrite,
            trust=trust,
        )
        course = Course(out, len(wanted), progress, on_row)
        try:
            course.report()
            with closing(pool.run(_tasks(wanted, names, out.ledger), settings)) as outcomes:
                for outcome in outcomes:
                    course.take(outcome)
            course.require_all()
        finally:
            write_summary(out.summary, course.rows(names))
        return BatchReport(**course.counts, passed_over=passed_over, summary=out.summary, seconds=course.rate.elapsed_s)


class _Pool(Protocol):
    def run(self, tasks: Iterator[Task], settings: Settings) -> Generator[Outcome, None, None]: ...


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A file to translate."""

    path: Path
    place: PurePosixPath
    named: bool
    options: ReadOptions
    problem: tuple[str, str] | None = None


def _tasks(wanted: Sequence[_Wanted], names: Sequence[str], ledger: Ledger) -> Iterator[Task]:
    """One by one, so that a batch of a million is not held in memory with all that is known of it."""
    for each, name in zip(wanted, names, strict=True):
        yield Task(str(each.path), name, each.options, each.problem, ledger.made(name))


def _wanted(inputs: Inputs, output: Path, options: ReadOptions) -> tuple[list[_Wanted], int]:
    given = [inputs] if isinstance(inputs, str | os.PathLike) else list(inputs)
    if not given:
        raise XrayToCTError("There is nothing to translate.", hint="Give a folder, a pattern, files or a CSV.")
    if output.exists() and not output.is_dir():
        raise XrayToCTError(f"{output} is not a folder.", hint="Give the folder for the results.")
    if any(Path(item).expanduser().absolute() == output for item in given):
        raise XrayToCTError(f"{output} is the input.", hint="Choose another folder for the results.")
    tables = [item for item in given if Path(item).suffix.lower() == _CSV and not Path(item).is_dir()]
    if tables and len(given) > 1:
        raise XrayToCTError("A CSV file is the only input of its batch.", hint=f"Give {tables[0]} alone.")
    if tables:
        listed = read_csv_input(Path(tables[0]).expanduser(), options)
        return [_Wanted(each.path, each.place, each.named, each.options, each.problem) for each in listed], 0
    listing = list_inputs(given, output)
    return [_Wanted(file.path, file.place, False, options) for file in listing.files], listing.passed_over


def _read_options(
    spacing: float | Sequence[float] | None,
    polarity: str,
    view: View | str | None,
    frame: int | str,
    patient_id: str | None,
) -> ReadOptions:
    """Raises XrayToCTError for what no image could be read with."""
    if frame != ALL_FRAMES and (not isinstance(frame, int) or frame < 0):
        raise XrayToCTError(f"There is no frame {frame!r}.", hint='Choose a number from 0, or "all".')
    name = view.name if isinstance(view, View) else None if view is None else str(view).upper()
    if name is not None and name not in View.__members__:
        raise XrayToCTError(f"There is no view {name!r}.", hint=f"Choose one of: {', '.join(View.__members__)}.")
    return ReadOptions(checked_spacing(spacing), checked_polarity(polarity), name, frame, patient_id)
