"""Make image: one radiograph read, enhanced, translated and written into the work folder, each stage timed."""

from __future__ import annotations

import platform
import shutil
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ..ct_stack import CtStack
from ..enhancement.enhance import enhance
from ..enhancement.pipeline import Pipeline
from ..errors import XrayToCTError
from ..models.card import model_name
from ..models.registry import find_model
from ..radiograph import Radiograph
from ..readers import read_radiograph
from ..translation.backends.protocol import BackendOutOfMemory
from ..translation.input_gate import gate_record
from ..translation.translator import Translator
from .outcome import DONE, FAILED, SKIPPED, Row
from .output_folder import STATE
from .pinned_device import pinned_device
from .stack_buffers import StackBuffers
from .stack_output import find_bytes, write_output
from .task import ALL_FRAMES, Settings, Task, frame_name
from .trust_check import trust_checked

_LEAST_FREE_BYTES = 64 << 20

_translators: dict[tuple[str, ...], Translator] = {}
_translators_lock = threading.Lock()
buffers = StackBuffers()


class TooLittleMemory(XrayToCTError):  # noqa: N818 - caught in this room
    """Alone in the process it may fit."""


class Fatal(XrayToCTError):  # noqa: N818 - caught in this room
    """No further image would do better."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be made.

    Attributes:
        task, settings: of the batch.
        content_sha256: of the input file.
        key: of the task.
        made: frame -> row of an earlier run; those that are SKIPPED are not made again.
    """

    task: Task
    settings: Settings
    content_sha256: str
    key: str
    made: Mapping[int, Row]


def make_image(wanted: Wanted) -> list[Row]:
    """Make the stacks of an image; returns a row for each frame that was asked for.

    Raises:
        TooLittleMemory, Fatal: see there.
        XrayToCTError: nothing can be made of this image. One frame of several that fails is a row.
    """
    task, options = wanted.task, wanted.task.options
    seconds: dict[str, float] = {}
    with _memory_told():
        with _timed(seconds, "read"):
            radiograph = read_radiograph(
                task.input, spacing=options.spacing, polarity=options.polarity, view=options.view
            )
        if options.frame == ALL_FRAMES:
            numbers = list(range(radiograph.frames))
        else:
            numbers = [int(options.frame)]
            radiograph = _only(radiograph, numbers[0])
        if wanted.settings.pipeline is not None:
            with _timed(seconds, "enhance"):
                radiograph = enhance(radiograph, Pipeline.from_record(wanted.settings.pipeline))
    rows = []
    for index, number in enumerate(numbers):
        if number in wanted.made and wanted.made[number].status == SKIPPED:
            rows.append(wanted.made[number])
            continue
        try:
            # Reading and enhancing are the first frame's.
            rows.append(_make_stack(wanted, radiograph, index, number, dict(seconds) if index == 0 else {}))
        except (TooLittleMemory, Fatal):
            raise
        except XrayToCTError as error:
            if len(numbers) == 1:
                raise
            rows.append(
                Row(
                    task.input,
                    FAILED,
                    number,
                    error=error.message,
                    hint=error.hint,
                    content_sha256=wanted.content_sha256,
                )
            )
    return rows


def translator_of(settings: Settings) -> Translator:
    """The warm network of this process.

    Raises:
        Fatal: the model is not the one that the batch began with, or nothing can run it.
    """
    with _translators_lock:
        try:
            bundle = find_model(Path(settings.model_folder))
            if bundle.sha256 != settings.model_sha256:
                raise Fatal(
                    f"{settings.model_folder} holds another model here than where the batch was started.",
                    hint="Install the same model everywhere, and do not change it while a batch runs.",
                )
            device = pinned_device(Path(settings.output) / STATE, bundle, settings.device)
        except XrayToCTError as error:
            raise Fatal(error.message, hint=error.hint) from error
        except OSError as error:
            raise Fatal(
                f"{settings.output} cannot be written to: {error.strerror or error}.",
                hint="Check the folder and its space, and start the batch again: it goes on where it was.",
            ) from error
        key = (settings.model_folder, settings.model_sha256, device)
        if key not in _translators:
            _translators[key] = Translator(bundle.folder, device)
        return _translators[key]


def _only(radiograph: Radiograph, number: int) -> Radiograph:
    """One frame, with a warning where there are others."""
    chosen, others = radiograph.frame(number), radiograph.frames - 1
    if not others:
        return chosen
    sentence = f"Only frame {number} was translated; the file holds {others} more."
    return replace(chosen, warnings=(*chosen.warnings, sentence))


def _make_stack(wanted: Wanted, radiograph: Radiograph, index: int, number: int, seconds: dict[str, float]) -> Row:
    task, settings = wanted.task, wanted.settings
    output = frame_name(task.name, number)
    _refuse_existing(wanted, output)
    started: list[float] = []
    with _memory_told():
        translator = translator_of(settings)
        # The first report comes when it is this image's turn.
        stack = translator.translate(
            radiograph,
            frame=index,
            progress=lambda *_: None if started else started.append(time.perf_counter()),
            allocate=buffers.allocate,
        )
    seconds["translate"] = _since(started[0])
    row = _row(wanted, stack, seconds)
    if settings.trust != "none":
        with _memory_told(), _timed(seconds, "trust"):
            row = trust_checked(row, stack, radiograph, index, translator, perturb=settings.trust == "full")
    stack = replace(stack, provenance={**stack.provenance, "source_frame": str(number)})
    folder = Path(settings.work) / uuid.uuid4().hex
    try:
        with _memory_told(), _timed(seconds, "write"):
            folder.mkdir()
            made = write_output(
                stack,
                folder,
                Path(output).name,
                settings.format,
                compress=settings.compress,
                patient_id=task.options.patient_id,
                seed=f"{wanted.key} {number}",
            )
    except (XrayToCTError, OSError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise _write_error(settings, stack, error) from error
    finally:
        buffers.give_back(stack.hu)
    return replace(
        row, frame=number, output=output, bytes=find_bytes(made), work=made.relative_to(settings.work).as_posix()
    )


def _row(wanted: Wanted, stack: CtStack, seconds: dict[str, float]) -> Row:
    provenance = stack.provenance
    gate, score, threshold = "", None, None
    if "input_gate" in provenance:
        score, threshold, fired = gate_record(provenance["input_gate"])
        gate = "flagged" if fired else "passed"
    return Row(
        input=wanted.task.input,
        status=DONE,
        gate=gate,
        gate_score=score,
        gate_threshold=threshold,
        warnings=stack.warnings,
        shape=tuple(stack.hu.shape),
        spacing_mm=tuple(float(mm) for mm in stack.spacing),
        view=stack.view.name,
        model=model_name(*(provenance.get(f"model_{part}", "") for part in ("id", "version", "variant"))),
        device=provenance["device"],
        seconds=seconds,
        content_sha256=wanted.content_sha256,
    )


def _refuse_existing(wanted: Wanted, output: str) -> None:
    """What is there stays there, unless it may be replaced."""
    path, known = Path(wanted.settings.output) / output, wanted.task.known
    if wanted.settings.overwrite or not path.exists():
        return
    ours = [row for row in known["rows"] if row["output"] == output] if known is not None else []
    why = "exists already"
    if ours:
        why = "was made from other content, by another model or with other options"
        if ours[0]["bytes"] != find_bytes(path):
            why = "is not as an earlier run left it"
    raise XrayToCTError(
        f"{path} {why}.", hint="Add --overwrite (overwrite=True) to replace it, or choose another folder."
    )


def _write_error(settings: Settings, stack: CtStack, error: BaseException) -> XrayToCTError:
    """What to say of a failed write: a full disk, or a folder that went away, is so for all images."""
    if isinstance(error, TooLittleMemory):
        return error
    work = Path(settings.work)
    if not work.is_dir():
        return Fatal(
            f"The folder {work} is not there on {platform.node()}.",
            hint="All workers must see the folder of the results. If it was removed, start the batch again.",
        )
    free = shutil.disk_usage(work).free
    if free < max(_LEAST_FREE_BYTES, stack.hu.nbytes):
        return Fatal(
            f"There is no space left for the results in {settings.output} ({free >> 20} MiB are free).",
            hint="Free some space and start the batch again: it goes on where it was.",
        )
    if isinstance(error, XrayToCTError):
        return error
    return XrayToCTError(f"{work} could not be written to ({error}).", hint="Check the folder and its permissions.")


@contextmanager
def _memory_told() -> Iterator[None]:
    """Raises TooLittleMemory for every error that is about that."""
    try:
        yield
    except MemoryError as error:
        raise TooLittleMemory(
            "There is not enough memory for this radiograph.", hint="Close other data, or reduce the radiograph first."
        ) from error
    except XrayToCTError as error:
        if isinstance(error.__cause__, MemoryError | BackendOutOfMemory):
            raise TooLittleMemory(error.message, hint=error.hint) from error
        raise


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds[stage] = _since(start)


def _since(start: float) -> float:
    return round(time.perf_counter() - start, 4)
