"""Summary: a CSV with one line for each stack of a batch, or why there is none."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from pathlib import Path

from ..errors import XrayToCTError
from .outcome import Row

STAGES = ("read", "enhance", "translate", "trust", "write")
TRUST_VALUES = ("reprojection", "reprojection-local", "unsteadiness")
_BETWEEN = " | "
COLUMNS = (
    "input",
    "frame",
    "status",
    "output",
    "gate",
    "gate_score",
    "gate_threshold",
    "trust",
    *(f"trust_{name.replace('-', '_')}" for name in TRUST_VALUES),
    "doubts",
    "warnings",
    "error",
    "hint",
    "model",
    "device",
    "view",
    "slabs",
    "rows",
    "columns",
    "row_spacing_mm",
    "column_spacing_mm",
    *(f"{stage}_s" for stage in STAGES),
    "input_sha256",
    "use",
)
USE = "research only, not for diagnostic use"


def write_summary(path: Path, rows: Iterable[Row]) -> Path:
    """Write the CSV, wholly or not at all, a line at a time, for a batch may have a million; returns the path.

    Raises:
        XrayToCTError: the folder cannot be written to.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows(_line(row) for row in rows)
        temporary.replace(path)
    except OSError as error:
        raise XrayToCTError(
            f"{path} could not be written: {error.strerror or error}.", hint="Close it where it is open, and try again."
        ) from error
    finally:
        temporary.unlink(missing_ok=True)  # whatever came in between, Ctrl-C too
    return path


def _line(row: Row) -> list[object]:
    slabs, rows, columns = row.shape or ("", "", "")
    spacing = row.spacing_mm or ("", "")
    fields: list[object | None] = [
        row.input,
        row.frame,
        row.status,
        row.output,
        row.gate,
        row.gate_score,
        row.gate_threshold,
        row.trust,
        *(row.trust_values.get(name) for name in TRUST_VALUES),
        _BETWEEN.join(row.doubts),
        _BETWEEN.join(row.warnings),
        row.error,
        row.hint,
        row.model,
        row.device,
        row.view,
        slabs,
        rows,
        columns,
        *spacing,
        *(row.seconds.get(stage) for stage in STAGES),
        row.content_sha256,
        USE,
    ]
    return ["" if field is None else field for field in fields]
