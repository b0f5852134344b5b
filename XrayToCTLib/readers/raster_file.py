"""Radiographs in PNG, JPEG, TIFF and BMP files."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from ..errors import XrayToCTError
from .file_format import FileFormat
from .grey import to_grey
from .raw_image import RawImage

_DAMAGED = "The file may be truncated or damaged. Export or download it again."
_PHOTOMETRIC = 262  # TIFF tag PhotometricInterpretation; 0 means that 0 is shown white


def read_raster_file(path: Path, file_format: FileFormat) -> RawImage:
    """All grey levels that the file holds (8 and 16 bit, float), one frame a page.

    Pixel densities in raster files are those of screens and printers and are never taken for a spacing.

    Raises:
        XrayToCTError: damaged or truncated, a colour image, pages that differ in size.
    """
    data = np.fromfile(path, dtype=np.uint8)
    if not _is_complete(data, file_format):
        raise XrayToCTError(f"{path.name} is truncated: its end is missing.", hint=_DAMAGED)
    pages, warnings = _decode(data, path, file_format)
    history = []
    grey = []
    for page in pages:
        grey.append(to_grey(page, path.name) if page.ndim == 3 else page)
    depth = "float" if grey[0].dtype.kind == "f" else f"{grey[0].dtype.itemsize * 8} bit"
    count = f", {len(grey)} pages" if len(grey) > 1 else ""
    history.append(f"Read {file_format.value}, {grey[0].shape[0]} rows x {grey[0].shape[1]} columns, {depth}{count}.")
    if pages[0].ndim == 3:
        history.append("Took one of the equal colour channels.")
    pixels = grey[0][np.newaxis] if len(grey) == 1 else np.stack(grey)
    if file_format is FileFormat.TIFF and _tiff_shows_zero_white(data.data) and pixels.dtype.kind in "iu":
        # OpenCV inverts such files itself when they have 8 bits, and leaves them when they have 16.
        if pixels.dtype != np.uint8:
            pixels = np.iinfo(pixels.dtype).max - pixels
        history.append("Inverted the values: the TIFF says that 0 is white.")
    return RawImage(pixels, None, tuple(history), warnings)


def _decode(data: np.ndarray, path: Path, file_format: FileFormat) -> tuple[list[np.ndarray], tuple[str, ...]]:
    import cv2

    # Not IMREAD_UNCHANGED: these flags keep depth and drop alpha, and turn an image as its EXIF orientation says.
    flags = cv2.IMREAD_ANYDEPTH | cv2.IMREAD_ANYCOLOR
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(0)  # its complaints about damaged files go to stderr; ours is the error below
    try:
        if file_format is FileFormat.TIFF:
            _, decoded = cv2.imdecodemulti(data, flags)
            pages = list(decoded)
        else:
            page = cv2.imdecode(data, flags)
            pages = [] if page is None else [page]
    except cv2.error:
        pages = []
    finally:
        cv2.utils.logging.setLogLevel(level)
    if not pages:
        raise XrayToCTError(f"{path.name} cannot be decoded as {file_format.value}.", hint=_DAMAGED)
    if any(page.shape != pages[0].shape or page.dtype != pages[0].dtype for page in pages):
        return pages[:1], (f"Of {len(pages)} pages of different size or depth the first was taken.",)
    if len(pages) > 1:
        return pages, (f"The {len(pages)} pages were taken as frames of one radiograph.",)
    return pages, ()


def _is_complete(data: np.ndarray, file_format: FileFormat) -> bool:
    """Whether a PNG or JPEG has its end mark: decoders fill what is missing with grey or black."""
    if file_format is FileFormat.PNG:
        return data.tobytes().rfind(b"IEND") > 0
    if file_format is FileFormat.JPEG:
        content = data.tobytes()
        # End Of Image after the last Start Of Scan: an embedded thumbnail ends with that mark too.
        return content.rfind(b"\xff\xd9") > content.rfind(b"\xff\xda") > 0
    return True


def _tiff_shows_zero_white(data: memoryview) -> bool:
    """Whether the first directory of a TIFF has PhotometricInterpretation 0 (WhiteIsZero)."""
    head = bytes(data[:16])
    order = "<" if head[:2] == b"II" else ">"
    big = head[2:4] in (b"+\0", b"\0+")
    try:
        (start,) = struct.unpack_from(order + ("Q" if big else "I"), head, 8 if big else 4)
        (count,) = struct.unpack_from(order + ("Q" if big else "H"), data, start)
        size, value_at = (20, 12) if big else (12, 8)
        for entry in range(start + (8 if big else 2), start + (8 if big else 2) + min(count, 1000) * size, size):
            tag, kind = struct.unpack_from(order + "HH", data, entry)
            if tag == _PHOTOMETRIC:
                return struct.unpack_from(order + ("H" if kind == 3 else "I"), data, entry + value_at)[0] == 0
    except struct.error:
        pass
    return False
