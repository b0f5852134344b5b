"""Sample pictures: the same few patients again and again, so that a person sees what is learned."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from torch import Tensor

from XrayToCTLib.errors import XrayToCTError

from ..families.family import Family
from ..simulation.field import PairedBatch, with_radiographs

_SLABS = 6
# Normalised line integrals and HU / 1000 that are shown black and white.
_IMAGE = (-1.7, 2.5)
_HU = (-1.0, 0.4)


class Pictures:
    """Rows of input and slabs; below a simulated radiograph's row the same slabs of its target."""

    def __init__(self, paired: PairedBatch, real: Tensor | None) -> None:
        self._paired, self._real = paired, real

    def write(self, path: Path, family: Family) -> None:
        """Write a PNG of what the averaged generator makes of them.

        Raises:
            XrayToCTError: it cannot be written.
        """
        images = self._paired.image if self._real is None else with_radiographs(self._paired.image, self._real)
        stacks = family.predict(images).cpu()
        rows = []
        for index in range(len(images)):
            rows.append(_row(images[index, 0], stacks[index]))
            if index < len(self._paired.image):
                rows.append(_row(self._paired.image[index, 0], self._paired.target[index]))
        encoded = cv2.imencode(".png", np.vstack(rows))[1]
        try:
            path.write_bytes(encoded.tobytes())
        except OSError as error:
            raise XrayToCTError(
                f"The picture {path} cannot be written ({error.strerror}). The last checkpoint is whole.",
                hint="Free space on the disk, then go on with --resume.",
            ) from error


def _row(image: Tensor, stack: Tensor) -> np.ndarray:
    chosen = np.linspace(0, len(stack) - 1, min(_SLABS, len(stack)) + 2).astype(int)[1:-1] if len(stack) > 2 else [0]
    parts = [_grey(image, _IMAGE), *(_grey(stack[int(slab)], _HU) for slab in chosen)]
    return np.hstack(parts)


def _grey(values: Tensor, window: tuple[float, float]) -> np.ndarray:
    low, high = window
    share = ((values.float().cpu() - low) / (high - low)).clamp(0.0, 1.0)
    return (share.numpy() * 255.0).astype(np.uint8)
