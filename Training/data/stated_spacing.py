"""Does a volume's file state its spacing? ITK reads a missing one as 1 mm and says nothing."""

from __future__ import annotations

from pathlib import Path

import SimpleITK as sitk

from XrayToCTLib.errors import XrayToCTError

_HINT = "Export it with its spacing, or give spacing_mm: [slices, rows, columns] for this source."
# mm: a voxel or a volume beyond these was never measured on a patient.
_SMALLEST_VOXEL, _LARGEST_VOXEL, _LARGEST_EXTENT = 0.02, 25.0, 2500.0


def check_spacing(image: sitk.Image, path: Path) -> None:
    """Refuse a NIfTI, NRRD or MetaImage volume without a stated spacing, and any impossible one.

    Raises:
        XrayToCTError: the spacing is missing or impossible.
    """
    name = path.name.lower()
    if name.endswith((".nrrd", ".nhdr")):
        stated = _header_states(path, (b"spacings:", b"space directions:"))
    elif name.endswith((".mha", ".mhd")):
        stated = _header_states(path, (b"elementspacing", b"elementsize"))
    elif name.endswith((".nii", ".nii.gz")):
        stated = all(float(image.GetMetaData(f"pixdim[{axis}]")) > 0 for axis in (1, 2, 3) if _has(image, axis))
    else:
        stated = True  # DICOM: checked with the series
    spacing = image.GetSpacing()
    if not stated:
        raise XrayToCTError(f"{path.name} states no voxel spacing.", hint=_HINT)
    extent = max(n * s for n, s in zip(image.GetSize(), spacing, strict=True))
    if min(spacing) < _SMALLEST_VOXEL or max(spacing) > _LARGEST_VOXEL or extent > _LARGEST_EXTENT:
        sizes = " x ".join(f"{s:g}" for s in spacing)
        raise XrayToCTError(f"{path.name} states an impossible voxel spacing ({sizes} mm).", hint=_HINT)


def _has(image: sitk.Image, axis: int) -> bool:
    return bool(image.HasMetaDataKey(f"pixdim[{axis}]"))


def _header_states(path: Path, keys: tuple[bytes, ...]) -> bool:
    """Whether a line of the text header, which a blank line or the data end, begins with one of the keys."""
    with path.open("rb") as file:
        for _ in range(200):
            line = file.readline(4096).strip().lower()
            if not line or line.startswith(b"elementdatafile"):
                return False
            if line.startswith(keys):
                return True
    return False
