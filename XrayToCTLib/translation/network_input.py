"""What a network is fed: normalised line integrals and, for networks that know it, whether they are calibrated."""

from __future__ import annotations

import numpy as np

from ..models.card import NetworkInput
from .resample import pad_to_multiple


def network_input(integrals: np.ndarray, given: NetworkInput, multiple: int, *, calibrated: bool) -> np.ndarray:
    """The channels of the card, padded below and to the right.

    Args:
        integrals: (rows, cols), dimensionless, on the network's grid.
        given: the card's ``input``.
        multiple: rows and columns are padded to a multiple of it.
        calibrated: the line integrals are those of the exposure, not harmonised grey values.

    Returns:
        float32 (channels, rows, cols).
    """
    image = pad_to_multiple((integrals - given.mean) / given.std, multiple).astype(np.float32, copy=False)
    if len(given.channels) == 1:
        return image[None]
    return np.stack((image, np.full_like(image, float(calibrated))))
