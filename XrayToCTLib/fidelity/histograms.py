"""Histograms for plots: of a result beside its reference, and of the two together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from .metrics import check_comparable

_TAIL = 0.0005  # of the voxels at either end, which would stretch the axis for the rest


@dataclass(frozen=True, slots=True, eq=False)
class Histograms:
    """Share of the voxels in each bin.

    Attributes:
        edges: (bins + 1,), in the images' unit. What lies outside counts in the outermost bins.
        shares: name -> (bins,), each summing to 1.
    """

    edges: np.ndarray
    shares: Mapping[str, np.ndarray]

    @property
    def centres(self) -> np.ndarray:
        return np.asarray((self.edges[:-1] + self.edges[1:]) / 2)


@dataclass(frozen=True, slots=True, eq=False)
class JointHistogram:
    """How often a value of the result meets a value of the reference.

    Attributes:
        counts: (bins of the result, bins of the reference), voxels. Perfect agreement lies on the diagonal.
        edges: (bins + 1,), the same for both.
    """

    counts: np.ndarray
    edges: np.ndarray


def histograms(images: Mapping[str, np.ndarray], mask: np.ndarray | None = None, *, bins: int = 100) -> Histograms:
    """Histograms of several images of one shape on common bins, of the voxels of ``mask`` alone when it is given.

    Raises:
        XrayToCTError: shapes that differ, or a mask without a voxel.
    """
    first = next(iter(images.values()))
    for image in images.values():
        check_comparable(image, first, mask)
    chosen = {name: _chosen(image, mask) for name, image in images.items()}
    edges = _edges(chosen.values(), bins)
    shares = {
        name: np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0] / values.size
        for name, values in chosen.items()
    }
    return Histograms(edges, shares)


def joint_histogram(
    result: np.ndarray, reference: np.ndarray, mask: np.ndarray | None = None, *, bins: int = 80
) -> JointHistogram:
    """Joint histogram of two images of one shape, of the voxels of ``mask`` alone when it is given.

    Raises:
        XrayToCTError: shapes that differ, or a mask without a voxel.
    """
    check_comparable(result, reference, mask)
    a, b = _chosen(result, mask), _chosen(reference, mask)
    edges = _edges((a, b), bins)
    a, b = (np.clip(values, edges[0], edges[-1]) for values in (a, b))
    return JointHistogram(np.histogram2d(a, b, (edges, edges))[0].astype(np.int64), edges)


def _chosen(image: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    return np.asarray(image, np.float64)[np.ones(np.shape(image), bool) if mask is None else np.asarray(mask, bool)]


def _edges(samples: Iterable[np.ndarray], bins: int) -> np.ndarray:
    ends = [np.quantile(values, (_TAIL, 1 - _TAIL)) for values in samples]
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    return np.linspace(low, high if high > low else low + 1, bins + 1)
