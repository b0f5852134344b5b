"""The skin: how far the air about a patient is from it."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from .patches import Triple

# Fat, relative attenuation (-100 HU).
FAT = 0.9
STEPS_PER_MM = 4.0
# Distances count from this far inside the skin, so that its half-filled voxels are filled when fat is put on it.
SHELL_MM = 4.0
_SOFT = 0.5


def skin_distance(attenuation: np.ndarray, spacing: Triple, margin: tuple[int, int]) -> np.ndarray:
    """Quarters of a millimetre outwards from ``SHELL_MM`` below the skin, uint8 (planes, rows, columns), 0 deeper.

    Args:
        attenuation: (y, z, x), relative to water.
        spacing: (z, y, x) mm.
        margin: (planes, columns) of air added on each side.
    """
    front, side = margin
    body = np.pad(np.asarray(attenuation) > _SOFT, ((front, front), (0, 0), (side, side)))
    body = _between(body, 0) & _between(body, 2)  # with the lungs
    image = sitk.GetImageFromArray(body.astype(np.uint8))
    image.SetSpacing((spacing[2], spacing[0], spacing[1]))
    distance = sitk.SignedMaurerDistanceMap(image, insideIsPositive=False, squaredDistance=False, useImageSpacing=True)
    steps = np.clip((sitk.GetArrayFromImage(distance) + SHELL_MM) * STEPS_PER_MM, 0.0, 255.0)
    return np.round(steps).astype(np.uint8)


def _between(mask: np.ndarray, axis: int) -> np.ndarray:
    before = np.logical_or.accumulate(mask, axis)
    after = np.flip(np.logical_or.accumulate(np.flip(mask, axis), axis), axis)
    return np.asarray(before & after)
