"""Stack output: a stack as a file of a batch, the same bytes whenever it is made."""

from __future__ import annotations

import datetime
from pathlib import Path

from ..ct_stack import CtStack
from ..dicom.write_stack_dicom import write_dicom
from ..translation.stack_file import write_stack
from .task import DICOM


def write_output(
    stack: CtStack, folder: Path, name: str, format: str, *, compress: bool, patient_id: str | None, seed: str
) -> Path:
    """Write a stack into ``folder`` under ``name``; returns the path.

    A DICOM object gets its UIDs from ``seed``, and the time stamp of the radiograph's file instead of this moment's.

    Raises:
        XrayToCTError: as ``write_stack`` and ``write_dicom``.
    """
    if format != DICOM:
        return write_stack(stack, folder / name, compress=compress)
    stamp = Path(stack.provenance["source"]).stat().st_mtime
    now = datetime.datetime.fromtimestamp(stamp, datetime.timezone.utc)
    return write_dicom(stack, folder, name=name, patient_id=patient_id, seed=seed, now=now)


def find_bytes(path: Path) -> int:
    """Bytes of a file; -1 where there is none."""
    try:
        return path.stat().st_size if path.is_file() else -1
    except OSError:
        return -1
