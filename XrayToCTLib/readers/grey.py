"""Colour images whose channels are equal are grey; others are no radiographs."""

from __future__ import annotations

import numpy as np

from ..errors import XrayToCTError

# JPEG turns equal channels into slightly unequal ones (chroma rounding): two levels of 255.
_TOLERANCE = 2 / 255


def to_grey(pixels: np.ndarray, source: str) -> np.ndarray:
    """One channel of a colour image (..., rows, cols, 3 or 4 or 2) whose colour channels are equal; alpha is dropped.

    Raises:
        XrayToCTError: the channels differ.
    """
    channels = pixels.shape[-1]
    colours = channels - 1 if channels in (2, 4) else channels
    first = pixels[..., 0]
    top = np.iinfo(pixels.dtype).max if pixels.dtype.kind in "iu" else float(np.abs(first).max())
    for channel in range(1, colours):
        # A signed type wide enough for a difference; one channel at a time keeps the extra memory at one image.
        difference = np.subtract(pixels[..., channel], first, dtype=np.float32)
        if float(np.abs(difference, out=difference).max()) > _TOLERANCE * top:
            raise XrayToCTError(
                f"{source} is a colour image, not a radiograph.",
                hint="Choose a grey-scale X-ray image. A photograph of a film must be converted to grey first.",
            )
    return first
