"""A small body of boxes and balls with nothing symmetrical about it: what registrations of the tests look for."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from XrayToCTLib.projection import CtVolume, ProjectionGeometry
from XrayToCTLib.projection.ct_volume import body_centre

SPACING = (4.0, 3.0, 3.0)  # z, y, x in mm
DETECTOR = ProjectionGeometry(shape=(110, 120), spacing=(3.0, 3.0), source_detector_mm=1500.0)


def phantom() -> CtVolume:
    """Trunk of water with two lungs, a spine, ribs, a heart and nodules, HU, int16 (72, 70, 96)."""
    z, y, x = np.meshgrid(*(np.arange(n) - (n - 1) / 2 for n in (72, 70, 96)), indexing="ij")
    z, y, x = z * SPACING[0], y * SPACING[1], x * SPACING[2]
    hu = np.full(z.shape, -1000.0, np.float32)
    hu[(x / 130) ** 2 + (y / 85) ** 2 < 1] = 30
    for side, size in ((-1, 58), (1, 50)):  # the right lung is the larger one
        hu[((x - side * 62) / size) ** 2 + (y / 62) ** 2 + ((z + 12) / 105) ** 2 < 1] = -850
    hu[((x - 22) / 52) ** 2 + ((y + 22) / 42) ** 2 + ((z + 52) / 46) ** 2 < 1] = 45
    hu[(x / 17) ** 2 + ((y - 52) / 17) ** 2 < 1] = 380
    hu[(np.abs(np.mod(z, 28) - 14) > 10) & (x**2 + (y - 52) ** 2 < 20**2)] = 60
    for number in range(7):
        height = -95 + 30 * number - 0.15 * np.abs(x) * (1 + 0.1 * number)
        shell = (x / 122) ** 2 + (y / 78) ** 2
        hu[(shell < 1) & (shell > 0.86) & (np.abs(z - height) < 5)] = 550
    for at, radius in (((-60, 10, 40), 9), ((70, -30, -20), 7), ((-75, 25, -60), 11), ((45, 40, 70), 8)):
        hu[(x - at[0]) ** 2 + (y - at[1]) ** 2 + (z - at[2]) ** 2 < radius**2] = 100
    hu = hu.astype(np.int16)
    return CtVolume(hu=hu, spacing=SPACING, source="phantom", centre=body_centre(hu))


def as_image(volume: CtVolume, origin: tuple[float, float, float] = (-140.0, -100.0, 30.0)) -> sitk.Image:
    """The volume as a SimpleITK image with LPS axes."""
    image = sitk.GetImageFromArray(volume.hu)
    image.SetSpacing(volume.spacing[::-1])
    image.SetOrigin(origin)
    return image
