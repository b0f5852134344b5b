"""Outcome: what became of a task, one row for each stack that was asked for."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

DONE, SKIPPED, FAILED = "done", "skipped", "failed"


@dataclass(frozen=True, slots=True)
class Row:
    """One stack of a batch, or why there is none; a line of the summary.

    Attributes:
        input: absolute path of the radiograph.
        status: "done", "skipped" (an earlier run made it from the same content, model and options) or "failed".
        frame: of the radiograph, from 0; None where no frame was reached.
        output: of the stack, relative to the output folder; "" for none.
        gate: the model's input gate: "passed", "flagged" or "" (the model has none).
        gate_score, gate_threshold: as in the provenance.
        trust: what ``trust`` says of the stack: "fine", "doubtful", "unknown" (it could not be checked) or "" (it was
            not asked).
        doubts: sentences of the flags that are doubtful.
        trust_values: flag -> what was measured.
        warnings: of the stack.
        error, hint: what went wrong and what to do.
        shape: (slabs, rows, cols).
        spacing_mm: (row, column).
        view, model, device: as in the provenance; the device is the one that was used.
        seconds: stage -> seconds: read, enhance, translate, trust, write, without waiting for another image's turn.
        content_sha256: of the input file.
        bytes: of the output.
        work: where the output was made, relative to the work folder; "" once it is published.
    """

    input: str
    status: str
    frame: int | None = None
    output: str = ""
    gate: str = ""
    gate_score: float | None = None
    gate_threshold: float | None = None
    trust: str = ""
    doubts: tuple[str, ...] = ()
    trust_values: dict[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    error: str = ""
    hint: str = ""
    shape: tuple[int, ...] = ()
    spacing_mm: tuple[float, ...] = ()
    view: str = ""
    model: str = ""
    device: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    content_sha256: str = ""
    bytes: int = 0
    work: str = ""

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Row:
        known = {item.name: record[item.name] for item in fields(cls) if item.name in record}
        for name in ("doubts", "warnings", "shape", "spacing_mm"):
            known[name] = tuple(known.get(name, ()))
        return cls(**known)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one task.

    Attributes:
        task: its name.
        key: ``task_key``; "" when the input could not even be read as bytes.
        rows: at least one.
        fatal: (message, hint): why no further image can be translated either; None as a rule.
    """

    task: str
    key: str
    rows: tuple[Row, ...]
    fatal: tuple[str, str] | None = None

    def to_record(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Outcome:
        fatal = record.get("fatal")
        rows = tuple(Row.from_record(row) for row in record["rows"])
        return cls(record["task"], record["key"], rows, (fatal[0], fatal[1]) if fatal else None)

    @property
    def is_new(self) -> bool:
        """Whether anything was done: a task whose rows are all skipped adds nothing to the ledger."""
        return any(row.status != SKIPPED for row in self.rows)

    @property
    def made(self) -> bool:
        """Whether there is a file of it."""
        return any(row.status in (DONE, SKIPPED) for row in self.rows)


def failed(task_name: str, input: str, message: str, hint: str, *, key: str = "", content_sha256: str = "") -> Outcome:
    """The outcome of a task that gave nothing."""
    return Outcome(task_name, key, (Row(input, FAILED, error=message, hint=hint, content_sha256=content_sha256),))


def skipped(row: Row) -> Row:
    """A row of an earlier run, as this run's."""
    return replace(row, status=SKIPPED, work="")
