"""Does a volume's file state its spacing? ITK reads a missing one as 1 mm and says nothing."""

from __future__ import annotations

from pathlib import Path

import SimpleITK as sitk

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.readers.stated_spacing import states_spacing

_HINT = "Export it with its spacing, or give spacing_mm: [slices, rows, columns] for this source."
# mm: a voxel or a volume beyond these was never measured on a patient.
_SMALLEST_VOXEL, _LARGEST_VOXEL, _LARGEST_EXTENT = 0.02, 25.0, 2500.0


def check_spacing(image: sitk.Image, path: Path) -> None:
    """Refuse a NIfTI, NRRD or MetaImage volume without a stated spacing, and any impossible one.

    Raises:
        XrayToCTError: the spacing is missing or impossible.
    """
    spacing = image.GetSpacing()
    if not states_spacing(image, path):
        raise XrayToCTError(f"{path.name} states no voxel spacing.", hint=_HINT)
    extent = max(n * s for n, s in zip(image.GetSize(), spacing, strict=True))
    if min(spacing) < _SMALLEST_VOXEL or max(spacing) > _LARGEST_VOXEL or extent > _LARGEST_EXTENT:
        sizes = " x ".join(f"{s:g}" for s in spacing)
        raise XrayToCTError(f"{path.name} states an impossible voxel spacing ({sizes} mm).", hint=_HINT)
