"""Streamed image: a 3D image file written part by part, so that no second copy of it is ever in memory.

ITK writes the header, of an image that has one pixel along each axis; the header gets the true size, and the values
follow. What comes of it is the file that ITK would write, byte for byte.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import SimpleITK as sitk

STREAMED_SUFFIXES = (".nrrd", ".nii", ".mha")
_SIZE_LINE = {".nrrd": rb"(?m)^(sizes: )1 1 1$", ".mha": rb"(?m)^(DimSize = )1 1 1$"}
_NIFTI_DIM = 40  # offset of dim[0..7], int16, in a NIfTI-1 header
_NIFTI_LONGEST = 32767


def can_stream(suffix: str, shape: tuple[int, int, int]) -> bool:
    """Whether a file of this suffix can be written so; shape is (planes, rows, cols)."""
    return suffix in STREAMED_SUFFIXES and (suffix != ".nii" or max(shape) <= _NIFTI_LONGEST)


def write_streamed(stub: sitk.Image, path: Path, shape: tuple[int, int, int], parts: Iterable[np.ndarray]) -> None:
    """Write an image.

    Args:
        stub: one pixel (1 x 1 x 1) of the image's type, with its spacing and its header entries.
        path: whose suffix ``can_stream``; a file that is there is replaced.
        shape: (planes, rows, cols).
        parts: arrays of the stub's type that follow one another: rows, then planes.

    Raises:
        OSError, RuntimeError: the file cannot be written.
    """
    import SimpleITK as sitk

    sitk.WriteImage(stub, str(path), useCompression=False)
    content = path.read_bytes()
    header = _resized(content[: -stub.GetSizeOfPixelComponent()], path.suffix.lower(), shape)
    with path.open("wb") as file:
        file.write(header)
        for part in parts:
            file.write(np.ascontiguousarray(part).data)


def _resized(header: bytes, suffix: str, shape: tuple[int, int, int]) -> bytes:
    planes, rows, cols = shape
    if suffix == ".nii":
        dim = struct.pack("=8h", 3, cols, rows, planes, 1, 1, 1, 1)
        return header[:_NIFTI_DIM] + dim + header[_NIFTI_DIM + len(dim) :]
    resized, count = re.subn(_SIZE_LINE[suffix], rb"\g<1>%d %d %d" % (cols, rows, planes), header)
    if count != 1:
        raise RuntimeError(f"ITK wrote a {suffix} header of a kind that is not known")
    return resized
