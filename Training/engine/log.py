"""The run's log: a line of JSON and a row of CSV every some steps, TensorBoard on request."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.whole_file import write_whole


class RunLog:
    """``log.jsonl``, ``log.csv`` and, on request, TensorBoard's files in ``tensorboard/``.

    A resumed run drops the lines of steps that came after its checkpoint: they are done again.

    Raises:
        XrayToCTError: TensorBoard is asked for and not installed, or a file cannot be written.
    """

    def __init__(self, run: Path, *, step: int, tensorboard: bool) -> None:
        self._lines, self._table = run / "log.jsonl", run / "log.csv"
        self._columns: list[str] = []
        self._board = _tensorboard(run / "tensorboard", step) if tensorboard else None
        kept = [record for record in read_log(run) if record["step"] <= step] if step else []
        text = "".join(json.dumps(record) + "\n" for record in kept)
        self._guarded(lambda: write_whole(self._lines, text.encode()))
        self._rewrite_table(kept)

    def write(self, values: Mapping[str, float]) -> None:
        """Add one record; ``values`` has "step". A term that is new gets a column, and older rows are empty there."""
        record = {name: value if isinstance(value, int) else float(f"{value:.6g}") for name, value in values.items()}
        self._guarded(lambda: _append(self._lines, json.dumps(record) + "\n"))
        if set(record) <= set(self._columns):
            self._guarded(lambda: _append(self._table, _rows([record], self._columns)))
        else:
            self._rewrite_table(read_log(self._lines.parent))
        if self._board is not None:
            for name, value in record.items():
                self._board.add_scalar(name, value, int(record["step"]))

    def close(self) -> None:
        if self._board is not None:
            self._board.close()

    def _rewrite_table(self, records: list[dict[str, float]]) -> None:
        self._columns = list(dict.fromkeys(name for record in records for name in record))
        header = _rows([dict(zip(self._columns, self._columns, strict=True))], self._columns) if records else ""
        text = header + _rows(records, self._columns)
        self._guarded(lambda: write_whole(self._table, text.encode()))

    def _guarded(self, write: Any) -> None:
        try:
            write()
        except OSError as error:
            raise XrayToCTError(
                f"The log in {self._lines.parent} cannot be written ({error.strerror}). The last checkpoint is whole.",
                hint="Free space on the disk, then go on with --resume.",
            ) from error


def read_log(run: Path) -> list[dict[str, float]]:
    """The records of a run's log, oldest first; a line that a crash cut short is left out."""
    records = []
    path = run / "log.jsonl"
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            records.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return records


def _append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8", newline="") as stream:
        stream.write(text)


def _rows(records: list[Any], columns: list[str]) -> str:
    stream = io.StringIO()
    csv.DictWriter(stream, columns, restval="", lineterminator="\n").writerows(records)
    return stream.getvalue()


def _tensorboard(folder: Path, step: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise XrayToCTError(
            "TensorBoard is not installed.", hint="pip install tensorboard, or set engine.tensorboard to false."
        ) from error
    return SummaryWriter(folder, purge_step=step + 1)
