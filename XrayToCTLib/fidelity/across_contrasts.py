"""Across contrasts: what can be compared between a CT-like image and an MRI, whose values mean different things.

Errors, PSNR and SSIM are meaningless there: bone is bright in the one and dark in the other. Shared are the places of
edges and the statistical dependence of the values (``correlation.nmi``).
"""

from __future__ import annotations

import numpy as np

from ..errors import XrayToCTError
from .metrics import check_comparable

_EDGE = 0.1  # of the 99th percentile of the gradients: an edge below that counts as noise


def edge_alignment(a: np.ndarray, b: np.ndarray, mask: np.ndarray | None = None) -> float:
    """Normalised gradient fields (Haber, Modersitzki, MICCAI 2006): do edges run the same way at the same place?

    Mean squared cosine of the angle between the two gradients: 1 for equal or inverted images, about 0 to 0.2 for
    unrelated ones. Neither image's scale nor its sign of contrast matters.

    Central differences in the plane of a slab; a gradient below a tenth of its image's 99th percentile counts as noise
    and lowers the value. One pixel at the rim is left out.
    """
    check_comparable(a, b, mask)
    inside = np.ones(np.shape(a), bool) if mask is None else np.asarray(mask, bool)
    rim = (..., slice(1, -1), slice(1, -1))
    if min(np.shape(a)[-2:]) < 3 or not inside[rim].any():
        raise XrayToCTError(
            "There is no voxel whose gradient could be taken: the mask lies on the edge.", hint="Use a larger mask."
        )
    kept = inside[rim]
    (down_a, across_a, noise_a), (down_b, across_b, noise_b) = (_gradient(image, rim, kept) for image in (a, b))
    # The noise level enters the lengths only: in the product it would reward two empty places.
    product = down_a * down_b + across_a * across_b
    sizes = (down_a**2 + across_a**2 + noise_a**2) * (down_b**2 + across_b**2 + noise_b**2)
    return float((product**2 / np.where(sizes > 0, sizes, 1.0)).mean())


def _gradient(image: np.ndarray, rim: tuple, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    values = np.asarray(image, np.float64)
    down = ((np.roll(values, -1, -2) - np.roll(values, 1, -2)) / 2)[rim][kept]
    across = ((np.roll(values, -1, -1) - np.roll(values, 1, -1)) / 2)[rim][kept]
    return down, across, _EDGE * float(np.quantile(np.hypot(down, across), 0.99))
