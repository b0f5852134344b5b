"""Run image: one task from its file to stack files in the work folder. What runs in every process of a batch.

Several threads of a process call it at once. They share one warm network and take turns at it, so that reading,
translating and writing of different images overlap.
"""

from __future__ import annotations

import shutil
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ..ct_stack import CtStack
from ..enhancement.enhance import enhance
from ..enhancement.pipeline import Pipeline
from ..errors import XrayToCTError
from ..models.card import model_name
from ..models.registry import find_model
from ..progress import TranslationCancelled
from ..radiograph import Radiograph
from ..readers import read_radiograph
from ..readers.identity import file_sha256
from ..translation.backends.protocol import BackendOutOfMemory
from ..translation.input_gate import gate_record
from ..translation.translator import Translator
from .outcome import DONE, FAILED, SKIPPED, Outcome, Row, failed, skipped
from .output_folder import STATE
from .pinned_device import pinned_device
from .stack_output import find_bytes, write_output
from .task import ALL_FRAMES, Settings, Task, frame_name, task_key
from .together_or_alone import TogetherOrAlone

_REPORT_HINT = "This is a fault of XrayToCT: please report it."
_LEAST_FREE_BYTES = 64 << 20

_crowd = TogetherOrAlone()
_translators: dict[tuple[str, ...], Translator] = {}
_translators_lock = threading.Lock()


def run_image(task: Task, settings: Settings) -> Outcome:
    """Make a task's files, unless an earlier run has made them from the same content with the same options.

    Never raises for what is wrong with an image: that is in the outcome.
    """
    if task.problem:
        return failed(task.name, task.input, *task.problem)
    try:
        content = file_sha256(Path(task.input))
    except OSError as error:
        message = f"{task.input} cannot be opened: {error.strerror or error}."
        return failed(task.name, task.input, message, "Check the path and its permissions.")
    key = task_key(content, task.options, settings)
    made_before = _made_before(task, key, settings)
    if made_before and all(row.status == SKIPPED for row in made_before.values()) and _was_whole(task):
        return Outcome(task.name, key, tuple(made_before.values()))
    try:
        try:
            with _crowd.together():
                rows = _run(task, settings, content, made_before)
        except _TooLittleMemory:  # perhaps only because others were in memory too
            with _crowd.alone():
                rows = _run(task, settings, content, made_before)
    except _TooLittleMemory as error:
        return failed(task.name, task.input, error.message, error.hint, key=key, content_sha256=content)
    except _Fatal as fatal:
        outcome = failed(task.name, task.input, fatal.message, fatal.hint, key=key, content_sha256=content)
        return replace(outcome, fatal=(fatal.message, fatal.hint))
    except XrayToCTError as error:
        return failed(task.name, task.input, error.message, error.hint, key=key, content_sha256=content)
    except Exception as error:  # whatever a damaged file brings a decoder to: the other images go on
        message = f"{task.input} could not be translated ({type(error).__name__}: {error})."
        return failed(task.name, task.input, message, _REPORT_HINT, key=key, content_sha256=content)
    return Outcome(task.name, key, tuple(rows))


def translator_of(settings: Settings) -> Translator:
    """The warm network of this process.

    Raises:
        _Fatal: the model is not the one that the batch began with, or nothing can run it.
    """
    with _translators_lock:
        try:
            bundle = find_model(Path(settings.model_folder))
            if bundle.sha256 != settings.model_sha256:
                raise XrayToCTError(
                    f"{settings.model_folder} holds another model here than where the batch was started.",
                    hint="Install the same model everywhere, and do not change it while a batch runs.",
                )
            device = pinned_device(Path(settings.output) / STATE, bundle, settings.device)
        except XrayToCTError as error:
            raise _Fatal(error.message, hint=error.hint) from error
        except OSError as error:
            raise _Fatal(
                f"{settings.output} cannot be written to: {error.strerror or error}.",
                hint="Check the folder and its space, and start the batch again: it goes on where it was.",
            ) from error
        key = (settings.model_folder, settings.model_sha256, device)
        if key not in _translators:
            _translators[key] = Translator(bundle.folder, device)
        return _translators[key]


class _TooLittleMemory(XrayToCTError):  # noqa: N818 - never leaves this module
    """Alone it may fit."""


class _Fatal(XrayToCTError):  # noqa: N818 - never leaves this module
    """No further image would do better."""


class _Clock:
    """Seconds of each stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def of(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = round(time.perf_counter() - start, 4)


def _run(task: Task, settings: Settings, content: str, made_before: dict[int, Row]) -> list[Row]:
    clock = _Clock()
    options = task.options
    try:
        with clock.of("read"):
            radiograph = read_radiograph(
                task.input, spacing=options.spacing, polarity=options.polarity, view=options.view
            )
        if options.frame == ALL_FRAMES:
            frames = list(range(radiograph.frames))
        else:
            frames = [int(options.frame)]
            more = radiograph.frames - 1
            radiograph = radiograph.frame(frames[0])
            if more:
                sentence = f"Only frame {frames[0]} was translated; the file holds {more} more."
                radiograph = replace(radiograph, warnings=(*radiograph.warnings, sentence))
        if settings.pipeline is not None:
            with clock.of("enhance"):
                radiograph = enhance(radiograph, Pipeline.from_record(settings.pipeline))
    except (MemoryError, XrayToCTError) as error:
        _tell_memory(error)
        raise
    rows = []
    for place, frame in enumerate(frames):
        if frame in made_before and made_before[frame].status == SKIPPED:
            rows.append(made_before[frame])
            continue
        index = frame if options.frame == ALL_FRAMES else 0
        own = _Clock()
        own.seconds = dict(clock.seconds) if place == 0 else {}
        try:
            rows.append(_one_frame(task, settings, radiograph, index, frame, own, content))
        except (_TooLittleMemory, _Fatal, TranslationCancelled):
            raise
        except XrayToCTError as error:  # of this frame only
            if len(frames) == 1:
                raise
            rows.append(Row(task.input, FAILED, frame, error=error.message, hint=error.hint, content_sha256=content))
    return rows


def _one_frame(
    task: Task, settings: Settings, radiograph: Radiograph, index: int, frame: int, clock: _Clock, content: str
) -> Row:
    output = frame_name(task.name, frame)
    _refuse_existing(Path(settings.output) / output, output, task, settings)
    started: list[float] = []
    try:
        # The first report comes when it is this image's turn.
        stack = translator_of(settings).translate(
            radiograph,
            frame=index,
            progress=lambda *_: None if started else started.append(time.perf_counter()),
        )
    except (MemoryError, XrayToCTError) as error:
        _tell_memory(error)
        raise
    clock.seconds["translate"] = round(time.perf_counter() - started[0], 4)
    stack = replace(stack, provenance={**stack.provenance, "source_frame": str(frame)})
    folder = Path(settings.work) / uuid.uuid4().hex
    try:
        with clock.of("write"):
            folder.mkdir()
            made = write_output(stack, folder, Path(output).name, settings.format, compress=settings.compress)
    except (MemoryError, XrayToCTError, OSError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        _tell_memory(error)
        raise _disk_error(settings, stack, error) from error
    return _row(task, frame, output, stack, clock, content, made.relative_to(settings.work).as_posix(), made)


def _row(
    task: Task, frame: int, output: str, stack: CtStack, clock: _Clock, content: str, work: str, made: Path
) -> Row:
    provenance = stack.provenance
    gate, score, threshold = "", None, None
    if "input_gate" in provenance:
        score, threshold, flagged = gate_record(provenance["input_gate"])
        gate = "flagged" if flagged else "passed"
    return Row(
        input=task.input,
        status=DONE,
        frame=frame,
        output=output,
        gate=gate,
        gate_score=score,
        gate_threshold=threshold,
        warnings=stack.warnings,
        shape=tuple(stack.hu.shape),
        spacing_mm=tuple(float(mm) for mm in stack.spacing),
        view=stack.view.name,
        model=model_name(*(provenance.get(f"model_{part}", "") for part in ("id", "version", "variant"))),
        device=provenance["device"],
        seconds=clock.seconds,
        content_sha256=content,
        bytes=find_bytes(made),
        work=work,
    )


def _made_before(task: Task, key: str, settings: Settings) -> dict[int, Row]:
    """Frame -> row of an earlier run with the same key; its status is SKIPPED where its file is still as it was."""
    if task.known is None or task.known["key"] != key:
        return {}
    rows = {}
    for record in task.known["rows"]:
        row = Row.from_record(record)
        if row.frame is None:
            continue
        path = Path(settings.output) / row.output
        is_there = row.status in (DONE, SKIPPED) and find_bytes(path) == row.bytes
        rows[row.frame] = skipped(row) if is_there else row
    return rows


def _was_whole(task: Task) -> bool:
    return task.known is not None and all(row["status"] != FAILED for row in task.known["rows"])


def _refuse_existing(path: Path, output: str, task: Task, settings: Settings) -> None:
    """What is there stays there, unless it may be replaced."""
    if settings.overwrite or not path.exists():
        return
    known = [row for row in task.known["rows"] if row["output"] == output] if task.known is not None else []
    why = "exists already"
    if known:
        why = "was made from other content, by another model or with other options"
        if known[0]["bytes"] != find_bytes(path):
            why = "is not as an earlier run left it"
    raise XrayToCTError(
        f"{path} {why}.", hint="Add --overwrite (overwrite=True) to replace it, or choose another folder."
    )


def _tell_memory(error: BaseException) -> None:
    """Raises _TooLittleMemory if that is what the error is about."""
    if isinstance(error, MemoryError):
        raise _TooLittleMemory(
            "There is not enough memory for this radiograph.", hint="Close other data, or reduce the radiograph first."
        ) from error
    if isinstance(error, XrayToCTError) and isinstance(error.__cause__, MemoryError | BackendOutOfMemory):
        raise _TooLittleMemory(error.message, hint=error.hint) from error


def _disk_error(settings: Settings, stack: CtStack, error: BaseException) -> XrayToCTError:
    """What to say of a failed write: a full disk, or a folder that went away, is so for all images."""
    work = Path(settings.work)
    if not work.is_dir():
        return _Fatal(f"The folder {work} is gone.", hint="Another batch, or a person, removed it: start it again.")
    free = shutil.disk_usage(work).free
    if free < max(_LEAST_FREE_BYTES, stack.hu.nbytes):
        return _Fatal(
            f"There is no space left for the results in {settings.output} ({free >> 20} MiB are free).",
            hint="Free some space and start the batch again: it goes on where it was.",
        )
    if isinstance(error, XrayToCTError):
        return error
    return XrayToCTError(f"{work} could not be written to ({error}).", hint="Check the folder and its permissions.")
