"""Does a NRRD, NIfTI or MetaImage file state its spacing? ITK reads a missing one as 1 mm and says nothing."""

from __future__ import annotations

import re
from pathlib import Path

import SimpleITK as sitk

from ..nifti_file import nifti_voxel_size

_NRRD_KEYS = (b"spacings:", b"space directions:")
_META_KEYS = (b"elementspacing", b"elementsize")
_MOST_LINES = 200  # of a text header


def states_spacing(image: sitk.Image, path: Path) -> bool:
    """Whether the spacing of ``image`` was read from ``path``; of other formats it is taken to be.

    Args:
        image: what SimpleITK read from the file.
        path: an existing file; its content tells the format, not its name.
    """
    lengths = nifti_voxel_size(path)
    if lengths is not None:
        return all(abs(length) > 0 for length, size in zip(lengths, image.GetSize(), strict=False) if size > 1)
    with path.open("rb") as file:
        first = file.readline(4096).strip().lower()
        if first.startswith(b"nrrd"):
            keys = _NRRD_KEYS
        elif first.startswith((b"objecttype", b"ndims")):
            keys = _META_KEYS
        else:
            return True
        for _ in range(_MOST_LINES):
            line = file.readline(4096).strip().lower()
            if not line or line.startswith(b"elementdatafile"):
                return False
            if line.startswith(keys) and re.search(rb"\d", line):
                return True
    return False
