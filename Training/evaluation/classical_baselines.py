"""Classical baselines: a filtered radiograph and the best grey-level map from it to each slab.

The maps are fitted on training patients only, on the voxels that the primary metric looks at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from XrayToCTLib.fidelity.metrics import body_mask

from .enhancement_filters import FILTERS, Filter, unchanged

AFFINE, MATCHED = "affine identity", "histogram matching"  # of the unchanged radiograph
CLASSICAL = (AFFINE, MATCHED, *FILTERS)
_PROBABILITIES = np.linspace(0.0, 1.0, 257)


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A training patient's view: the image that is fed (rows, cols), its slabs clipped to the window (slabs, rows,
    cols), and the rays that count (rows, cols)."""

    image: np.ndarray
    hu: np.ndarray
    valid: np.ndarray


class GreyLevelMap(Protocol):
    """A map from the values of one image to the HU of each slab."""

    def apply(self, image: np.ndarray) -> np.ndarray:
        """(rows, cols) -> (slabs, rows, cols)"""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class AffineMap:
    """slab k = slope[k] * value + intercept[k]."""

    slope: np.ndarray
    intercept: np.ndarray

    def apply(self, image: np.ndarray) -> np.ndarray:
        return (image[None] * self.slope[:, None, None] + self.intercept[:, None, None]).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class HistogramMatch:
    """Each image's histogram is specified to the training slabs' (Gonzalez and Woods, 3.3.2): bright stays bright."""

    quantiles: np.ndarray  # (slabs, probabilities), HU

    def apply(self, image: np.ndarray) -> np.ndarray:
        values, which = np.unique(np.quantile(image, _PROBABILITIES), return_inverse=True)
        # A value that spans several probabilities (a flat background) has their mean as its rank.
        ranks = np.bincount(which, weights=_PROBABILITIES) / np.bincount(which)
        rank = np.interp(image, values, ranks)
        return np.stack([np.interp(rank, _PROBABILITIES, slab) for slab in self.quantiles]).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class FilteredMap:
    """A filter and a grey-level map after it: a predictor."""

    filter: Filter
    map: GreyLevelMap

    def predict(self, integrals: np.ndarray, *, calibrated: bool = True) -> np.ndarray:
        return self.map.apply(self.filter(integrals))


def fit_classical(pairs: Sequence[Pair]) -> Mapping[str, FilteredMap]:
    """Every classical baseline by its name, the affine identity and histogram matching of the unchanged radiograph
    first. Of the other filters the map, affine or histogram matching, that errs less on the training patients."""
    bodies = [body_mask(pair.hu) & pair.valid for pair in pairs]
    match = _matched(pairs)
    fitted = {
        AFFINE: FilteredMap(unchanged, _affine(pairs, bodies, unchanged)),
        MATCHED: FilteredMap(unchanged, match),
    }
    for name, one in FILTERS.items():
        choices = [FilteredMap(one, _affine(pairs, bodies, one)), FilteredMap(one, match)]
        fitted[name] = min(choices, key=lambda choice: _training_error(choice, pairs, bodies))
    return fitted


def mean_stack(pairs: Sequence[Pair]) -> np.ndarray:
    """The mean-CT predictor: the mean of the training patients' slabs where they are scanned, HU float32.

    Where nobody is scanned it gives air.
    """
    total = np.zeros(pairs[0].hu.shape)
    count = np.zeros(pairs[0].valid.shape)
    for pair in pairs:
        total += pair.hu * pair.valid
        count += pair.valid
    return np.where(count > 0, total / np.maximum(count, 1), -1000.0).astype(np.float32)


def _affine(pairs: Sequence[Pair], bodies: Sequence[np.ndarray], one: Filter) -> AffineMap:
    """Least squares per slab over the bodies of the training patients."""
    slabs = len(pairs[0].hu)
    # Per slab: n, sum x, sum y, sum xx, sum xy.
    sums = np.zeros((5, slabs))
    for pair, body in zip(pairs, bodies, strict=True):
        x = np.where(body, one(pair.image)[None].astype(np.float64), 0.0)
        y = np.where(body, pair.hu, 0.0)
        for row, values in enumerate((body, x, y, x * x, x * y)):
            sums[row] += values.sum((1, 2))
    n, sx, sy, sxx, sxy = sums
    spread = n * sxx - sx * sx
    slope = np.where(spread > 1e-9, (n * sxy - sx * sy) / np.where(spread > 1e-9, spread, 1.0), 0.0)
    intercept = np.where(n > 0, (sy - slope * sx) / np.maximum(n, 1), -1000.0)  # a slab that nobody reaches is air
    return AffineMap(slope, intercept)


def _matched(pairs: Sequence[Pair]) -> HistogramMatch:
    slabs = len(pairs[0].hu)
    pooled = [np.concatenate([pair.hu[slab][pair.valid] for pair in pairs]) for slab in range(slabs)]
    return HistogramMatch(np.stack([np.quantile(values, _PROBABILITIES) for values in pooled]))


def _training_error(predictor: FilteredMap, pairs: Sequence[Pair], bodies: Sequence[np.ndarray]) -> float:
    errors = [
        np.abs(predictor.predict(pair.image) - pair.hu)[body].mean() for pair, body in zip(pairs, bodies, strict=True)
    ]
    return float(np.mean(errors))
