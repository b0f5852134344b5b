"""Enhancement input: what a volume holds, as filters want it, and the way back into the volume's own values and type.

The values are the node's own, not those that the reader would make of the file: the result shall be the same image, of
the same type and range, enhanced. Filters want bone bright; where it is dark in the node, the values are turned round
before and back afterwards. Plain numpy: a thread may call everything here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from XrayToCTLib.enhancement.guard import nearest_valid
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.radiograph import Radiograph
from XrayToCTLib.readers.grey import to_grey

from .radiograph_bridge import radiographFromSnapshot
from .volume_snapshot import HINT, VolumeSnapshot


@dataclass(frozen=True, slots=True, eq=False)
class EnhancementInput:
    """A volume's image for filters.

    Attributes:
        radiograph: bone bright, the node's values or their mirror image; what the file says of them is kept.
        dtype: of the node.
        inverted: bone is dark in the node.
        invalid: bool (frames, rows, cols), where the node holds NaN or infinity; None where it does not.
        values: (frames, rows, cols) of the node, one channel.
    """

    radiograph: Radiograph
    dtype: np.dtype[Any]
    inverted: bool
    invalid: np.ndarray | None
    values: np.ndarray

    def nodeValues(self, enhanced: Radiograph) -> np.ndarray:
        """(frames, rows, cols) in the node's type, range and polarity; invalid values are what they were."""
        pixels = enhanced.pixels
        if self.inverted:
            pixels = _turnedRound(pixels, self.radiograph.pixels)
        if self.dtype.kind == "f":
            values = pixels.astype(self.dtype)
        else:
            limits = np.iinfo(self.dtype)
            values = np.clip(np.rint(pixels, dtype=np.float64), limits.min, limits.max).astype(self.dtype)
        if self.invalid is not None:
            values[self.invalid] = self.values[self.invalid]
        return values


def enhancementInput(snapshot: VolumeSnapshot, *, polarity: str = "auto") -> EnhancementInput:
    """The input in a snapshot.

    Args:
        snapshot: with pixels of its own.
        polarity: "auto", "bone-bright" or "bone-dark": how the image looks in the scene.

    Raises:
        XrayToCTError: no radiograph (see ``radiographFromSnapshot``), or nothing but invalid values.
    """
    values = to_grey(snapshot.pixels, snapshot.name) if snapshot.pixels.ndim == 4 else snapshot.pixels
    finite, invalid = _filled(values, snapshot.name)
    known = radiographFromSnapshot(replace(snapshot, pixels=finite), polarity=polarity)
    pixels = finite.astype(np.float32)
    inverted = _isTurnedRound(pixels, known.pixels)
    if inverted:
        pixels = _turnedRound(pixels, pixels)
    return EnhancementInput(replace(known, pixels=pixels), values.dtype, inverted, invalid, values)


def _filled(values: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray | None]:
    """The values with the nearest valid one in place of each invalid one, and where those were."""
    if values.dtype.kind != "f":
        return values, None
    invalid = ~np.isfinite(values)
    if not invalid.any():
        return values, None
    if invalid.all(axis=(1, 2)).any():
        raise XrayToCTError(f"{name} holds nothing but NaN or infinite values.", hint=HINT)
    filled = values.copy()
    for frame, where in zip(filled, invalid, strict=True):
        if where.any():
            frame[...] = nearest_valid(frame, where)
    return filled, invalid


def _isTurnedRound(values: np.ndarray, boneBright: np.ndarray) -> bool:
    """Whether the node's values fall where the radiograph's rise: both are the same image, so signs decide."""
    step = max(1, int(np.sqrt(values[0].size / 65536)))
    first, second = (image[0, ::step, ::step].astype(np.float64) for image in (values, boneBright))
    return float(((first - first.mean()) * (second - second.mean())).sum()) < 0


def _turnedRound(pixels: np.ndarray, within: np.ndarray) -> np.ndarray:
    return np.float32(float(within.min()) + float(within.max())) - pixels
