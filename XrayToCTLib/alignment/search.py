"""Search: poses at one resolution: where to start, and how to climb from there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..errors import XrayToCTError
from ..progress import ComparisonCancelled, ProgressCallback, report
from .local_contrast import similarity
from .pyramid import Level

START_TURNS_DEG = (-8.0, 0.0, 8.0)  # degrees, about each axis
# Steps of the differences per mm of the level's pixels: each moves an edge 100 mm away by a good part of a pixel.
_STEP_PER_PIXEL_MM = np.array((0.15, 0.15, 0.15, 0.25, 0.25, 4.0))
_SCALE = np.array((1.0, 1.0, 1.0, 2.0, 2.0, 20.0))  # degrees and mm that matter alike
_FARTHEST_TURN_DEG = 35.0
_LARGEST_DEPTH_CHANGE_MM = 150.0


class RegistrationCancelled(ComparisonCancelled):
    """The caller's progress callback returned False while a pose was searched."""

    def __init__(self) -> None:
        XrayToCTError.__init__(self, "The registration was cancelled.", hint="Start it again when you like.")


class Teller:
    """Progress within the share that the current step has; cancels at every projection."""

    def __init__(self, progress: ProgressCallback | None) -> None:
        self._progress = progress
        self._low, self._high, self._steps = 0.0, 0.05, 0

    def __call__(self, fraction: float, phase: str) -> None:
        report(self._progress, fraction, phase, cancelled=RegistrationCancelled)

    def between(self, low: float, high: float) -> None:
        self._low, self._high, self._steps = low, high, 0

    def step(self) -> None:
        self._steps += 1
        # Nobody knows how many steps are left: half of the rest at every 60th.
        self(self._high - (self._high - self._low) * 0.5 ** (self._steps / 60), "registering")


class Search:
    """Poses at one level."""

    def __init__(self, at: Level, tell: Teller, evaluations: int = 0, *, central: bool = True) -> None:
        self.level, self._tell, self.evaluations = at, tell, evaluations
        self._central = central
        self._step = _STEP_PER_PIXEL_MM * at.geometry.spacing[0]

    def similarity(self, pose: np.ndarray) -> float:
        return similarity(self._features(pose), self.level.target, self._weight(pose))

    def starts(self, pose: np.ndarray) -> list[np.ndarray]:
        """Poses tilted this way and that, each turned in its plane and shifted to where the two images match best."""
        found = []
        for first in START_TURNS_DEG:
            for second in START_TURNS_DEG:
                turned = []
                for third in START_TURNS_DEG:
                    at = pose + np.array((first, second, third, 0.0, 0.0, 0.0))
                    at[:2] = np.clip(at[:2], -_FARTHEST_TURN_DEG, _FARTHEST_TURN_DEG)
                    turned.append(self._shifted(at))
                found.append(max(turned, key=self.similarity))
        return found

    def climb(self, pose: np.ndarray, steps: int) -> tuple[float, np.ndarray]:
        """The (similarity, pose) that a local search from a pose ends at."""
        from scipy.optimize import least_squares

        weight = self._weight(pose)
        chosen = weight > 0
        root = np.sqrt(weight[chosen]) / np.sqrt(weight.sum())
        target = self.level.target[chosen]

        def residuals(at: np.ndarray) -> np.ndarray:
            return np.asarray((self._features(at)[chosen] - target) * root, np.float64)

        low, high = _bounds(pose)
        found = least_squares(
            residuals,
            pose,
            jac=lambda at: _differences(residuals, at, self._step, central=self._central),
            bounds=(low, high),
            x_scale=_SCALE,
            ftol=1e-4,
            xtol=5e-5,
            max_nfev=steps,
        )
        return self.similarity(found.x), found.x

    def _shifted(self, pose: np.ndarray) -> np.ndarray:
        """The pose moved in the image plane to the best match of the whole images (phase correlation)."""
        import cv2

        made = self._features(pose) * self._weight(pose)
        window = cv2.createHanningWindow(made.shape[::-1], cv2.CV_32F)
        (across, down), _ = cv2.phaseCorrelate(made, self.level.target, window)
        magnification = self.level.geometry.magnification
        moved = pose.copy()
        moved[3] += down * self.level.geometry.spacing[0] / magnification
        moved[4] += across * self.level.geometry.spacing[1] / magnification
        return moved if self.similarity(moved) > self.similarity(pose) else pose

    def _features(self, pose: np.ndarray) -> np.ndarray:
        self.evaluations += 1
        self._tell.step()
        return self.level.features(pose)

    def _weight(self, pose: np.ndarray) -> np.ndarray:
        weight = self.level.weight(pose, 1.5 * self.level.sigma * self.level.geometry.spacing[0])
        if weight.sum() < 0.02 * weight.size:  # a slice of a patient: no ray stays within it, so all must count
            return np.ones_like(weight)
        return weight


def _differences(
    function: Callable[[np.ndarray], np.ndarray], at: np.ndarray, step: np.ndarray, *, central: bool
) -> np.ndarray:
    """Jacobian (values, 6): central differences, or one-sided ones for half the price."""
    here = None if central else function(at)
    columns = []
    for index, width in enumerate(step):
        moved = at.copy()
        moved[index] += width
        up = function(moved)
        if here is None:
            moved[index] -= 2 * width
            columns.append((up - function(moved)) / (2 * width))
        else:
            columns.append((up - here) / width)
    return np.stack(columns, axis=1)


def _bounds(pose: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How far a local search may go: the geometry has limits, and a search that runs there has lost its way."""
    reach = np.array((25.0, 25.0, 25.0, 120.0, 120.0, _LARGEST_DEPTH_CHANGE_MM))
    low, high = pose - reach, pose + reach
    low[:2] = np.maximum(low[:2], -_FARTHEST_TURN_DEG - 1)
    high[:2] = np.minimum(high[:2], _FARTHEST_TURN_DEG + 1)
    low[5] = max(low[5], 1.0)
    return low, high


def local_search(at: Level, pose: np.ndarray, *, steps: int = 25) -> tuple[np.ndarray, int]:
    """One climb at one level, without starts: (the pose (6,) where it ends, how many projections it made)."""
    search = Search(at, Teller(None))
    return search.climb(pose, steps)[1], search.evaluations
