"""Correlation, information and distribution: what two images share however their values are scaled.

Arrays and masks as in ``metrics``: (rows, cols) or (slabs, rows, cols), any unit; all voxels of the mask together.
"""

from __future__ import annotations

import numpy as np

from .metrics import check_comparable

NMI_BINS = 100  # an axis of the joint histogram


def ncc(a: np.ndarray, b: np.ndarray, mask: np.ndarray | None = None) -> float:
    """Normalised cross-correlation (Pearson's r): 1 when b is a gain and an offset of a, whatever they are; -1 when the
    gain is negative. NaN where one of the two is constant."""
    x, y = _values(a, b, mask)
    x, y = x - x.mean(), y - y.mean()
    scale = float(np.sqrt((x * x).sum() * (y * y).sum()))
    return float((x * y).sum()) / scale if scale > 0 else float("nan")


def nmi(a: np.ndarray, b: np.ndarray, mask: np.ndarray | None = None, *, bins: int = NMI_BINS) -> float:
    """Normalised mutual information (H(a) + H(b)) / H(a, b) (Studholme, Hill, Hawkes, Pattern Recognition 32, 1999).

    1 for unrelated images, 2 when each tells the other; any one-to-one change of grey levels leaves it, so it holds
    across modalities. Joint histogram of ``bins`` x ``bins`` between the extremes of each. NaN where both are constant.
    """
    x, y = _values(a, b, mask)
    joint = np.histogram2d(x, y, bins=bins)[0] / x.size
    both = _entropy(joint.ravel())
    return (_entropy(joint.sum(1)) + _entropy(joint.sum(0))) / both if both > 0 else float("nan")


def histogram_distance(a: np.ndarray, b: np.ndarray, mask: np.ndarray | None = None) -> float:
    """Distance of the two distributions of values, in their unit: the earth mover's (1-Wasserstein) distance, the mean
    of |a - b| after both were sorted (Rubner, Tomasi, Guibas, IJCV 40, 2000). It sees a wrong mix of tissues and does
    not see where they are; an offset comes back as itself."""
    x, y = _values(a, b, mask)
    return float(np.abs(np.sort(x) - np.sort(y)).mean())


def _values(a: np.ndarray, b: np.ndarray, mask: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    check_comparable(a, b, mask)
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if mask is None:
        return a.ravel(), b.ravel()
    inside = np.asarray(mask, bool)
    return a[inside], b[inside]


def _entropy(share: np.ndarray) -> float:
    filled = share[share > 0]
    return float(-(filled * np.log(filled)).sum())
