"""Run image: one task from its file to stack files in the work folder. What runs in every process of a batch.

Several threads of a process call it at once. They share one warm network and take turns at it, so that reading,
translating and writing of different images overlap.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..errors import XrayToCTError
from ..readers.identity import file_sha256
from .make_image import Fatal, TooLittleMemory, Wanted, buffers, make_image
from .outcome import DONE, FAILED, SKIPPED, Outcome, Row, failed, skipped
from .stack_output import find_bytes
from .task import Settings, Task, task_key
from .together_or_alone import TogetherOrAlone

_REPORT_HINT = "This is a fault of XrayToCT: please report it."

_crowd = TogetherOrAlone()


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
    made = _made_before(task, key, settings)
    if made and all(row.status == SKIPPED for row in made.values()) and _was_whole(task):
        return Outcome(task.name, key, tuple(made.values()))
    wanted = Wanted(task, settings, content, key, made)
    try:
        try:
            with _crowd.together():
                rows = make_image(wanted)
        except TooLittleMemory:  # perhaps only because others were in memory too
            with _crowd.alone():
                buffers.clear()
                rows = make_image(wanted)
    except TooLittleMemory as error:
        return failed(task.name, task.input, error.message, error.hint, key=key, content_sha256=content)
    except Fatal as fatal:
        outcome = failed(task.name, task.input, fatal.message, fatal.hint, key=key, content_sha256=content)
        return replace(outcome, fatal=(fatal.message, fatal.hint))
    except XrayToCTError as error:
        return failed(task.name, task.input, error.message, error.hint, key=key, content_sha256=content)
    except Exception as error:  # whatever a damaged file brings a decoder to: the other images go on
        message = f"{task.input} could not be translated ({type(error).__name__}: {error})."
        return failed(task.name, task.input, message, _REPORT_HINT, key=key, content_sha256=content)
    return Outcome(task.name, key, tuple(rows))


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
