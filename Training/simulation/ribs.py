"""Ribs: a segment removed, thickened or made denser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import SimpleITK as sitk

from .patches import Triple

# Relative attenuation: bone starts here, and muscle takes its place.
BONE = 1.12
_MUSCLE = 1.05


@dataclass(frozen=True, slots=True)
class RibSegment:
    """The bone that is connected to ``centre`` within ``length`` of it.

    Attributes:
        centre: mm, (y, z, x), in the bone.
        length: mm.
        change: "removed" (muscle takes its place), "thickened" (by a voxel) or "denser".
        gain: of what exceeds soft tissue, for the latter two.
    """

    centre: Triple
    length: float
    change: Literal["removed", "thickened", "denser"]
    gain: float

    def extent(self) -> tuple[Triple, Triple]:
        y, z, x = self.centre
        half = self.length / 2
        return (y - half, z - half, x - half), (y + half, z + half, x + half)

    def changed(self, part: np.ndarray, at: tuple[np.ndarray, np.ndarray, np.ndarray]) -> np.ndarray:
        seed = tuple(int(np.abs(a.ravel() - c).argmin()) for a, c in zip(at, self.centre, strict=True))
        image = sitk.GetImageFromArray(part)
        bone = sitk.ConnectedThreshold(image, [seed[::-1]], lower=BONE, upper=10.0)
        radius = (1, 1, 1)
        around = sitk.GetArrayFromImage(sitk.BinaryDilate(bone, radius)) > 0
        # Towards the ends of the segment the change fades, or it would end in a flat cut.
        away = [np.abs(a - c) / (self.length / 2) for a, c in zip(at, self.centre, strict=True)]
        share = np.clip((1.0 - np.maximum(np.maximum(away[0], away[1]), away[2])) * 4.0, 0.0, 1.0) * around
        excess = np.maximum(part - _MUSCLE, 0.0)
        if self.change == "removed":
            return part - share * excess
        if self.change == "denser":
            return part + share * excess * (self.gain - 1.0)
        thick = sitk.GetArrayFromImage(sitk.GrayscaleDilate(image, radius))
        grown = np.minimum(thick, _MUSCLE + (thick - _MUSCLE) * 0.7 * self.gain)
        return part + share * np.maximum(grown - part, 0.0)
