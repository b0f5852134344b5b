"""Where the patient is in a CT: the table, its mattress and cables do not belong on a simulated radiograph."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .ct_volume import CtVolume, body_centre

_SKIN_HU = -400  # between air and fat; a mattress is mostly below it
_AIR_HU = -1000


def body_mask(hu: np.ndarray, spacing: tuple[float, float, float]) -> np.ndarray:
    """The patient with the lungs, without the table: bool (z, y, x).

    Voxels above -400 HU, opened by 4 mm in each axial slice (which cuts off table tops and cables), the largest
    connected part, and whatever lies between two of its voxels from side to side or from front to back. (Filling
    closed holes alone loses a lung where the scan's field cuts the chest wall.)

    Args:
        hu: (z, y, x), HU.
        spacing: (z, y, x) in mm.
    """
    import SimpleITK as sitk

    image = sitk.GetImageFromArray((hu > _SKIN_HU).astype(np.uint8))
    radius = [max(1, round(4.0 / spacing[2])), max(1, round(4.0 / spacing[1])), 0]
    opened = sitk.BinaryMorphologicalOpening(image, radius)
    parts = sitk.RelabelComponent(sitk.ConnectedComponent(opened), sortByObjectSize=True)
    largest = sitk.Equal(parts, 1)
    # What the opening shaved off the skin comes back; what it cut off stays away.
    largest = sitk.And(sitk.BinaryDilate(largest, radius), image)
    body = sitk.GetArrayFromImage(largest) > 0
    return body | _between(body, 1) | _between(body, 2)


def _between(body: np.ndarray, axis: int) -> np.ndarray:
    """Voxels with body on both sides along an axis."""
    before = np.logical_or.accumulate(body, axis)
    after = np.flip(np.logical_or.accumulate(np.flip(body, axis), axis), axis)
    return np.asarray(before & after)


def remove_table(ct: CtVolume) -> CtVolume:
    """The same CT with air (-1000 HU) wherever the patient is not, centred on the patient."""
    hu = np.where(body_mask(ct.hu, ct.spacing), ct.hu, np.asarray(_AIR_HU, ct.hu.dtype))
    return replace(ct, hu=hu, centre=body_centre(hu))
