"""Is a NIfTI file complete? ITK fills missing voxels with zeros and says nothing."""

from __future__ import annotations

import gzip
import struct
import zlib
from pathlib import Path

from ..errors import XrayToCTError

_BLOCK = 1 << 20


def check_nifti_complete(path: Path) -> None:
    """Raises XrayToCTError when a single-file NIfTI (plain or gzip) is shorter than its header states."""
    with path.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    length, head = 0, b""
    try:
        if zipped:
            with gzip.open(path) as stream:
                while block := stream.read(_BLOCK):
                    head = head or block[:1024]
                    length += len(block)
        else:
            length = path.stat().st_size
            with path.open("rb") as file:
                head = file.read(1024)
        expected = _stated_length(head)
    except (EOFError, OSError, zlib.error, struct.error):
        expected = length + 1
    if length < expected:
        raise XrayToCTError(
            f"{path.name} is truncated or damaged: {length} bytes where its header states {expected} or more.",
            hint="Export or download it again.",
        )


def _stated_length(head: bytes) -> int:
    """Bytes up to the last voxel; 0 for a header whose voxels lie in another file."""
    order = "<" if head[0] in (0x5C, 0x1C) else ">"
    if struct.unpack(order + "i", head[:4])[0] == 348:
        if head[344:347] != b"n+1":
            return 0
        dimensions = struct.unpack(order + "8h", head[40:56])
        (bits,) = struct.unpack(order + "h", head[72:74])
        offset = int(struct.unpack(order + "f", head[108:112])[0])
    else:
        if head[4:7] != b"n+2":
            return 0
        (bits,) = struct.unpack(order + "h", head[14:16])
        dimensions = struct.unpack(order + "8q", head[16:80])
        (offset,) = struct.unpack(order + "q", head[168:176])
    voxels = 1
    for size in dimensions[1 : 1 + max(dimensions[0], 0)]:
        voxels *= max(size, 1)
    return offset + voxels * max(bits, 0) // 8
