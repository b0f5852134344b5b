"""RawImage: what a file holds, before its meaning is decided."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..radiograph_header import RadiographHeader


@dataclass(frozen=True, slots=True, eq=False)
class RawImage:
    """Grey values as a person would see them shown, with what the file says of their spacing.

    Attributes:
        pixels: any real number type, shape (frames, rows, cols).
        spacing: (row, column) in mm, or None when the file does not state it.
        history: what was done, one sentence a step.
        warnings: what the user should know.
        header: what XrayToCT wrote of it, where it wrote the file.
    """

    pixels: np.ndarray
    spacing: tuple[float, float] | None
    history: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    header: RadiographHeader | None = None
