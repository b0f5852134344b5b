"""Reference file: what a path holds to compare with: a stack, a radiograph, or a CT or MR volume."""

from __future__ import annotations

import os
from pathlib import Path

from ..alignment.reference_volume import ReferenceVolume, read_reference
from ..ct_stack import CtStack
from ..errors import XrayToCTError
from ..radiograph import Radiograph

Reference = CtStack | Radiograph | ReferenceVolume


def read_any_reference(
    path: str | os.PathLike[str],
    candidate: CtStack | Radiograph,
    *,
    volume: bool = False,
    modality: str | None = None,
) -> Reference:
    """Read a reference, by what its header says.

    A folder is a DICOM series, an image with one slice a radiograph, a file that ``write_stack`` made a stack. Another
    volume with just the candidate's slabs (number and thickness) is taken for a stack too, all others for a CT or MR.

    Args:
        candidate: that it will be compared with.
        volume: it is a CT or MR volume, whatever the header says.
        modality: of a volume: "CT", "MR" or None to find out.

    Raises:
        XrayToCTError: missing, unreadable, or no reference.
    """
    import SimpleITK as sitk

    location = Path(path)
    if not location.exists():
        raise XrayToCTError(f"There is no file {location}.", hint="Check the path of the reference.")
    if volume or location.is_dir():
        return read_reference(location, modality=modality)
    header = sitk.ImageFileReader()
    header.SetFileName(str(location))
    try:
        header.ReadImageInformation()
    except RuntimeError:
        return _radiograph(location)
    size = header.GetSize()
    if len(size) < 3 or size[2] == 1:
        return _radiograph(location)
    if _is_stack(header, candidate):
        from ..translation.stack_file import read_stack

        return read_stack(location)
    return read_reference(location, modality=modality)


def _is_stack(header: object, candidate: CtStack | Radiograph) -> bool:
    keys = header.GetMetaDataKeys()  # type: ignore[attr-defined]
    notes = header.GetMetaData("descrip") if "descrip" in keys else ""  # type: ignore[attr-defined]
    if "XrayToCT_view" in keys or notes.startswith("XrayToCT view="):
        return True
    thickness = header.GetSpacing()[2]  # type: ignore[attr-defined]
    return (
        isinstance(candidate, CtStack)
        and header.GetSize()[2] == candidate.slabs  # type: ignore[attr-defined]
        and abs(thickness - candidate.slab_thickness) < 0.01 * candidate.slab_thickness
    )


def _radiograph(location: Path) -> Radiograph:
    from ..readers import read_radiograph

    return read_radiograph(location)
