"""Ridge regression on multi-scale patches: what a linear model that knows where it is can do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from XrayToCTLib.errors import XrayToCTError

from .classical_baselines import Pair

RIDGE = "ridge on patches"
_SCALES = (1, 2, 4, 8, 16)  # pixels between the samples of a patch
_REACH = 2  # samples on each side: 5 x 5 at each scale, the widest 65 pixels across
_PENALTIES = tuple(10.0**power for power in range(-4, 4))  # per sample, of standardised features
_PIXELS = 4000  # of each training patient


@dataclass(frozen=True, slots=True, eq=False)
class PatchRidge:
    """HU of every slab as a linear function of the patches about a pixel and of where the pixel is.

    ``penalty`` was chosen by leaving out one training patient after the other.
    """

    weights: np.ndarray  # (features + 1, slabs), the last row is the intercept
    mean: np.ndarray
    scale: np.ndarray
    penalty: float

    def predict(self, integrals: np.ndarray, *, calibrated: bool = True) -> np.ndarray:
        standard = (patch_features(integrals) - self.mean) / self.scale
        hu = standard @ self.weights[:-1] + self.weights[-1]
        return np.ascontiguousarray(hu.T.reshape(-1, *integrals.shape), np.float32)


def patch_features(image: np.ndarray) -> np.ndarray:
    """float32 (pixels, features): 5 x 5 samples at each of five scales, blurred as their distance asks, and a
    quadratic of the position."""
    rows, cols = image.shape
    features = []
    for scale in _SCALES:
        smooth = image if scale == 1 else cv2.GaussianBlur(image, (0, 0), 0.5 * scale)
        margin = _REACH * scale
        wide = cv2.copyMakeBorder(smooth.astype(np.float32), margin, margin, margin, margin, cv2.BORDER_REPLICATE)
        for down in range(0, 2 * margin + 1, scale):
            for across in range(0, 2 * margin + 1, scale):
                features.append(wide[down : down + rows, across : across + cols].ravel())
    y, x = (grid.ravel().astype(np.float32) for grid in np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : cols * 1j])
    features += [x, y, x * x, y * y, x * y]
    return np.stack(features, axis=1)


def fit_ridge(pairs: Sequence[Pair], seed: int = 0) -> PatchRidge:
    """Fit on pixels drawn from the valid rays of the training patients.

    Raises:
        XrayToCTError: fewer than two training patients: the penalty could not be chosen.
    """
    if len(pairs) < 2:
        raise XrayToCTError("Ridge regression needs two training patients.", hint="Add patients to the training side.")
    rng = np.random.default_rng(seed)
    drawn: list[tuple[np.ndarray, np.ndarray]] = []
    for pair in pairs:
        inside = np.flatnonzero(pair.valid)
        if inside.size == 0:
            continue
        chosen = rng.choice(inside, min(_PIXELS, inside.size), replace=False)
        hu = pair.hu.reshape(len(pair.hu), -1)[:, chosen].T
        drawn.append((patch_features(pair.image)[chosen], hu.astype(np.float64)))
    everything = np.concatenate([features for features, _ in drawn]).astype(np.float64)
    mean, scale = everything.mean(0), np.maximum(everything.std(0), 1e-6)
    # Normal equations patient by patient, so that leaving one out is a subtraction.
    parts = []
    for features, hu in drawn:
        x = np.column_stack(((features - mean) / scale, np.ones(len(features))))
        parts.append((x.T @ x, x.T @ hu, x, hu))
    gram, moment = sum(p[0] for p in parts), sum(p[1] for p in parts)
    count = len(everything)

    def solve(gram: np.ndarray, moment: np.ndarray, penalty: float, samples: int) -> np.ndarray:
        ridge = np.full(len(gram), penalty * samples)
        ridge[-1] = 0.0  # the intercept is free
        return np.linalg.solve(gram + np.diag(ridge), moment)

    def left_out_error(penalty: float) -> float:
        errors = [np.abs(x @ solve(gram - g, moment - m, penalty, count - len(x)) - hu).mean() for g, m, x, hu in parts]
        return float(np.mean(errors))

    best = min(_PENALTIES, key=left_out_error)
    return PatchRidge(
        solve(gram, moment, best, count).astype(np.float32), mean.astype(np.float32), scale.astype(np.float32), best
    )
