"""Reading what ITK reads, with a look at NIfTI files first: there it takes what is no number or is missing for zero,
which is water in HU, and another file's voxels for those of a.nii.gz where there is an a.nii beside it.
"""

from __future__ import annotations

import gzip
import shutil
import struct
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from .errors import XrayToCTError

if TYPE_CHECKING:
    import SimpleITK as sitk

_HEAD = 540  # bytes of the longer header, NIfTI-2
_BLOCK = 1 << 20
_SIZES_1 = (b"\x5c\x01\0\0", b"\0\0\x01\x5c")  # 348, of NIfTI-1, in either order of bytes
_SIZES = (*_SIZES_1, b"\x1c\x02\0\0", b"\0\0\x02\x1c")  # and 540, of NIfTI-2
_FLOATS = {16: "f4", 64: "f8"}  # by the header's datatype


def read_image_file(path: Path, image_io: str = "") -> sitk.Image:
    """An image in a file of any format that ITK reads, as SimpleITK gives it.

    Args:
        path: the file.
        image_io: ITK's reader; found out by default.

    Raises:
        XrayToCTError: as ``check_nifti_file``.
        RuntimeError: ITK cannot read the file.
    """
    import SimpleITK as sitk

    if path.is_file():
        check_nifti_file(path)
    with _alone(path) as seen:
        return sitk.ReadImage(str(seen), imageIO=image_io)


@contextmanager
def _alone(path: Path) -> Iterator[Path]:
    """A path of the same file, in a folder of its own where the NIfTI library would take a neighbour's voxels."""
    if not path.name.lower().endswith(".nii.gz") or not path.with_name(path.name[: -len(".gz")]).exists():
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        seen = Path(folder) / "image.nii.gz"
        try:
            seen.symlink_to(path.absolute())
        except OSError:  # Windows allows links to few
            shutil.copyfile(path, seen)
        yield seen


def check_nifti_file(path: Path) -> None:
    """Raises XrayToCTError when a single-file NIfTI (plain or gzip) is shorter than its header states, or holds NaN.

    Files of other formats, told by their content, pass: this is called before ITK reads any of them.
    """
    known = False
    try:
        with path.open("rb") as file:
            zipped = file.read(2) == b"\x1f\x8b"
        with gzip.open(path) if zipped else path.open("rb") as stream:
            head = _filled(stream, _HEAD)
            known = _is_single_nifti(head)
            if not known:
                return
            header = _read_header(head)
            if header.numbers is None and not zipped:
                length, finite = path.stat().st_size, True
            else:
                length, finite = _look(stream, head, header)
        fault = f"{length} bytes where its header states {header.end} or more" if length < header.end else ""
    except (EOFError, OSError, zlib.error, struct.error, ValueError, OverflowError):
        if not known:  # whoever reads it says what is wrong with it
            return
        fault, finite = "its header or its compressed data cannot be read to the end", True
    if fault:
        raise XrayToCTError(f"{path.name} is truncated or damaged: {fault}.", hint="Export or download it again.")
    if not finite:
        raise XrayToCTError(f"{path.name} holds NaN or infinite values.", hint="Replace them before you read it.")


def nifti_voxel_size(path: Path) -> tuple[float, ...] | None:
    """pixdim of x, y and z as the header has it, where ITK puts 1 for what is 0; None for what is no NIfTI."""
    try:
        with path.open("rb") as file:
            zipped = file.read(2) == b"\x1f\x8b"
        with gzip.open(path) if zipped else path.open("rb") as stream:
            head = _filled(stream, _HEAD)
    except (EOFError, OSError, zlib.error):
        return None
    if len(head) < 348 or head[:4] not in _SIZES:
        return None
    order = "<" if head[0] in (0x5C, 0x1C) else ">"
    return (
        struct.unpack(order + "3f", head[80:92]) if head[:4] in _SIZES_1 else struct.unpack(order + "3d", head[112:136])
    )


@dataclass(frozen=True, slots=True)
class _Header:
    """Where the voxels begin and end, in bytes, and how they are written when they are floating-point numbers."""

    start: int
    end: int
    numbers: np.dtype | None


def _is_single_nifti(head: bytes) -> bool:
    """NIfTI-1 or -2 with header and voxels in one file."""
    return head[344:347] == b"n+1" if head[:4] in _SIZES_1 else head[:4] in _SIZES and head[4:7] == b"n+2"


def _read_header(head: bytes) -> _Header:
    order = "<" if head[0] in (0x5C, 0x1C) else ">"
    if struct.unpack(order + "i", head[:4])[0] == 348:
        dimensions = struct.unpack(order + "8h", head[40:56])
        kind, bits = struct.unpack(order + "2h", head[70:74])
        start = max(int(struct.unpack(order + "f", head[108:112])[0]), 348)
    else:
        kind, bits = struct.unpack(order + "2h", head[12:16])
        dimensions = struct.unpack(order + "8q", head[16:80])
        start = max(struct.unpack(order + "q", head[168:176])[0], 540)
    voxels = 1
    for size in dimensions[1 : 1 + max(dimensions[0], 0)]:
        voxels *= max(size, 1)
    numbers = np.dtype(order + _FLOATS[kind]) if kind in _FLOATS else None
    return _Header(start, start + voxels * max(bits, 0) // 8, numbers)


def _look(stream: IO[bytes] | gzip.GzipFile, head: bytes, header: _Header) -> tuple[int, bool]:
    """Bytes that are there, and whether all numbers among the voxels are finite, a block at a time."""
    length, rest, begun = 0, b"", False
    block = head
    while block:
        length += len(block)
        if header.numbers is not None and length > header.start:
            voxels = block if begun else block[len(block) - (length - header.start) :]
            begun = True
            voxels = rest + voxels[: max(0, len(voxels) - max(0, length - header.end))]
            whole = len(voxels) - len(voxels) % header.numbers.itemsize
            if not np.isfinite(np.frombuffer(voxels[:whole], header.numbers)).all():
                return length, False
            rest = voxels[whole:]
        block = stream.read(_BLOCK)
    return length, True


def _filled(stream: IO[bytes] | gzip.GzipFile, count: int) -> bytes:
    """The first ``count`` bytes, or all that there are."""
    content = b""
    while len(content) < count and (more := stream.read(count - len(content))):
        content += more
    return content
