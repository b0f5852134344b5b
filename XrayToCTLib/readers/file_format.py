"""What kind of file it is, told by its content: names lie."""

from __future__ import annotations

import gzip
import zlib
from enum import Enum
from pathlib import Path, PurePath

from ..errors import XrayToCTError


class FileFormat(Enum):
    """File formats that can hold a radiograph."""

    DICOM = "DICOM"
    PNG = "PNG"
    JPEG = "JPEG"
    TIFF = "TIFF"
    BMP = "BMP"
    NRRD = "NRRD"
    NIFTI = "NIfTI"
    META_IMAGE = "MetaImage"


_READABLE = "Choose a radiograph as DICOM, PNG, TIFF, JPEG, NRRD, NIfTI or MHA."
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", FileFormat.PNG),
    (b"\xff\xd8\xff", FileFormat.JPEG),
    (b"II*\0", FileFormat.TIFF),
    (b"MM\0*", FileFormat.TIFF),
    (b"II+\0", FileFormat.TIFF),  # BigTIFF
    (b"MM\0+", FileFormat.TIFF),
    (b"NRRD00", FileFormat.NRRD),
)
_HEAD = 1024


def detect_format(path: Path) -> FileFormat:
    """The format of an existing file.

    Raises:
        XrayToCTError: no such file, a folder, empty, unreadable, or none of the formats.
    """
    head = _head(path)
    if head[128:132] == b"DICM":  # before TIFF: a file may be both, and then DICOM says more
        return _not_an_index(path)
    for magic, found in _MAGIC:
        if head.startswith(magic):
            return found
    if head.startswith(b"BM") and int.from_bytes(head[2:6], "little") == path.stat().st_size:
        return FileFormat.BMP
    if _is_nifti(head) or (head.startswith(b"\x1f\x8b") and _is_nifti(_gunzip_head(path))):
        return FileFormat.NIFTI
    if head.lstrip().startswith((b"ObjectType", b"NDims")) and b"NDims" in head:
        return FileFormat.META_IMAGE
    # Old DICOM without preamble begins with an element of group 0002 or 0008.
    if head[:2] in (b"\x08\0", b"\x02\0") and head[3:4] == b"\0" and len(head) > 132:
        return FileFormat.DICOM
    raise XrayToCTError(f"{path.name} is not an image that can be read.", hint=_READABLE)


def input_stem(file: PurePath) -> str:
    """The name of a file without its suffix, with .nii.gz as one suffix: what names of results begin with."""
    name = file.name
    return name[: -len(".nii.gz")] if name.lower().endswith(".nii.gz") else file.stem


def _head(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise XrayToCTError(f"{path} is a folder.", hint="Choose one image file in it.")
        if path.is_fifo():  # it would be waited for without an end, and could be read once only
            raise XrayToCTError(f"{path} is a pipe, not a file.", hint="Write the image to a file first.")
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except FileNotFoundError:
        raise XrayToCTError(f"There is no file {path}.", hint="Check the path.") from None
    except (OSError, ValueError) as failure:
        raise XrayToCTError(
            f"{path} cannot be opened: {getattr(failure, 'strerror', None) or failure}.",
            hint="Check the path and its permissions.",
        ) from None
    if not head:
        raise XrayToCTError(f"{path.name} is empty (0 bytes).", hint="Export or download it again.")
    return head


def _not_an_index(path: Path) -> FileFormat:
    if path.name.upper() == "DICOMDIR":
        raise XrayToCTError(
            f"{path} is the index of a DICOM medium, not an image.", hint="Choose one of the image files beside it."
        )
    return FileFormat.DICOM


def _is_nifti(head: bytes) -> bool:
    size = head[:4]
    if size in (b"\x5c\x01\0\0", b"\0\0\x01\x5c"):  # 348: NIfTI-1; Analyze 7.5 has the size but not the magic
        return head[344:348] in (b"n+1\0", b"ni1\0")
    return size in (b"\x1c\x02\0\0", b"\0\0\x02\x1c") and head[4:7] in (b"n+2", b"ni2")  # 540: NIfTI-2


def _gunzip_head(path: Path) -> bytes:
    try:
        with gzip.open(path) as file:
            return file.read(_HEAD)
    except (OSError, EOFError, zlib.error):
        return b""
