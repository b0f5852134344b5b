"""Tissues: which voxels of a stack are air, lung, fat, soft tissue or bone, and how well regions overlap."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from ..errors import XrayToCTError

# HU intervals [low, high) of the REFERENCE, the customary ones. A voxel of a 20 mm slab is a mean over that depth, so
# between them lie mixtures (-500 to -200), which belong to no tissue and are left out.
TISSUES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "air": (-np.inf, -950.0),
        "lung": (-950.0, -500.0),
        "fat": (-200.0, -30.0),
        "soft tissue": (-30.0, 150.0),
        "bone": (150.0, np.inf),
    }
)
LUNG_BELOW_HU = -500.0
BONE_ABOVE_HU = 150.0


def tissue_mask(reference: np.ndarray, tissue: str) -> np.ndarray:
    """Where the reference (HU, any shape) lies in a tissue's interval: bool, same shape.

    Raises:
        XrayToCTError: the tissue has no interval.
    """
    if tissue not in TISSUES:
        raise XrayToCTError(f"There is no tissue '{tissue}'.", hint=f"Choose one of {', '.join(TISSUES)}.")
    low, high = TISSUES[tissue]
    return np.asarray((reference >= low) & (reference < high))


def dice(a: np.ndarray, b: np.ndarray) -> float:
    """Overlap of two boolean regions of one shape, 2 |a and b| / (|a| + |b|) (Dice, Ecology 26, 1945); NaN when both
    are empty.

    Raises:
        XrayToCTError: the shapes differ.
    """
    if np.shape(a) != np.shape(b):
        raise XrayToCTError(
            f"Regions of shape {np.shape(a)} and {np.shape(b)} cannot overlap.", hint="Bring them onto one grid."
        )
    a, b = np.asarray(a, bool), np.asarray(b, bool)
    total = int(a.sum()) + int(b.sum())
    return 2.0 * int((a & b).sum()) / total if total else float("nan")


def lung_dice(result: np.ndarray, reference: np.ndarray, body: np.ndarray) -> float:
    """Dice of what lies below -500 HU within the reference's body, in the result and in the reference."""
    return dice((result < LUNG_BELOW_HU) & body, (reference < LUNG_BELOW_HU) & body)


def bone_dice(result: np.ndarray, reference: np.ndarray, body: np.ndarray) -> float:
    """Dice of what lies above 150 HU within the reference's body: of 20 mm slabs, the spine and the stouter ribs."""
    return dice((result > BONE_ABOVE_HU) & body, (reference > BONE_ABOVE_HU) & body)
