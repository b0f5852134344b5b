"""Resampling to the prepared grid, coronal planes first: the layout in which projectors walk through a volume."""

from __future__ import annotations

import cv2
import numpy as np

from XrayToCTLib.projection import CtVolume

from .manifest import Triple


def to_plane_major(volume: CtVolume, spacing: Triple) -> tuple[np.ndarray, Triple, Triple]:
    """Area averages where the grid is coarser than the volume, linear interpolation where it is finer.

    Args:
        volume: in the patient's axes.
        spacing: wanted, (z, y, x) in mm; a volume of one plane keeps its thickness.

    Returns:
        float16 (y, z, x), the exact spacing (z, y, x) in mm, and the body's centre as an index (z, y, x).
    """
    mu = volume.relative_attenuation()
    sizes = [max(2, round(n * s / t)) for n, s, t in zip(mu.shape, volume.spacing, spacing, strict=True)]
    if mu.shape[1] == 1:
        sizes[1] = 1
    mu = np.stack([_along(slice_, (sizes[2], sizes[1])) for slice_ in mu])
    planes = np.stack([_along(np.ascontiguousarray(mu[:, y]), (sizes[2], sizes[0])) for y in range(sizes[1])])
    exact = [n * s / size for n, s, size in zip(volume.hu.shape, volume.spacing, sizes, strict=True)]
    centre = [(c + 0.5) * s / t - 0.5 for c, s, t in zip(volume.centre, volume.spacing, exact, strict=True)]
    return planes.astype(np.float16), (exact[0], exact[1], exact[2]), (centre[0], centre[1], centre[2])


def _along(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    smaller = size[0] <= image.shape[1] and size[1] <= image.shape[0]
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR))
