"""2D/3D registration: the pose at which the projection of a CT looks like a radiograph.

Intensity-based, coarse to fine, from several starts. The measure is the local normalised cross-correlation (see
``local_contrast``), which needs to know nothing of the radiograph's grey levels. It is a sum of squares, so it is
maximised by scipy's trust-region least squares (Branch, Coleman, Li, SIAM J. Sci. Comput. 21, 1999) on the six numbers
of the pose with a Jacobian of differences: every projection tells how EVERY pixel moves, where a simplex or Powell's
method would learn one number from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from ..errors import XrayToCTError
from ..progress import ComparisonCancelled, ProgressCallback, report
from ..projection.ct_volume import CtVolume
from ..projection.geometry import ProjectionGeometry
from ..radiograph import Radiograph
from .local_contrast import similarity
from .pose import pose_of, with_pose
from .pyramid import Level, level
from .record import AlignmentKind, AlignmentRecord
from .residual import shift_between

SIMILARITY = "local normalised cross-correlation"
# Pixel on the detector and standard deviation of the neighbourhood in mm; steps of a local search, at most; how many
# candidates go on. The second stage goes over the survivors of the first with the display curve that they show.
_STAGES = ((6.0, 24.0, 12, 4), (3.0, 14.0, 12, 2), (3.0, 14.0, 12, 1), (1.75, 10.0, 8, 1), (1.75, 10.0, 8, 1))
_SHARES = (0.05, 0.35, 0.55, 0.65, 0.85, 0.98)  # of the time: the progress at which a stage begins
_CLEAR = 0.9  # similarity at which no other candidate is looked at: the next best basin is far below
_START_TURNS = (-8.0, 0.0, 8.0)  # degrees, about each axis
# Steps of the differences per mm of the level's pixels: each moves an edge 100 mm away by a good part of a pixel.
_STEP_PER_PIXEL_MM = np.array((0.15, 0.15, 0.15, 0.25, 0.25, 4.0))
_SCALE = np.array((1.0, 1.0, 1.0, 2.0, 2.0, 20.0))  # degrees and mm that matter alike
_FARTHEST_TURN_DEG = 35.0
_LARGEST_DEPTH_CHANGE_MM = 150.0
POOR_SIMILARITY = 0.35
POOR_SHIFT_MM = 4.0


class RegistrationCancelled(ComparisonCancelled):
    """The caller's progress callback returned False while a pose was searched."""

    def __init__(self) -> None:
        XrayToCTError.__init__(self, "The registration was cancelled.", hint="Start it again when you like.")


@dataclass(frozen=True, slots=True)
class Registration:
    """A pose that was found.

    Attributes:
        geometry: of the radiograph's own detector, at that pose.
        record: what was done and how well it fits.
    """

    geometry: ProjectionGeometry
    record: AlignmentRecord


def register(
    volume: CtVolume,
    radiograph: Radiograph,
    geometry: ProjectionGeometry,
    *,
    progress: ProgressCallback | None = None,
) -> Registration:
    """Find the pose of a CT in a radiograph.

    Args:
        volume: CT in HU; unchanged.
        radiograph: its first frame is fitted; bone bright, any intensity scale.
        geometry: the radiograph's detector, source distance and view, and the pose to search about: within about 15
            degrees about each axis and a third of the field.
        progress: called with (fraction, phase); returning False cancels.

    Raises:
        XrayToCTError: the detector is not the radiograph's, or no ray meets the CT.
        RegistrationCancelled: by ``progress``.
    """
    _check(radiograph, geometry)
    with _one_thread():
        return _register(volume, radiograph.pixels[0], geometry, _Teller(progress))


def _register(volume: CtVolume, image: np.ndarray, geometry: ProjectionGeometry, tell: _Teller) -> Registration:
    tell(0.0, "preparing")
    start = pose_of(geometry)
    search = _Search(level(volume, image, geometry, *_STAGES[0][:2]), tell, central=False)
    if not search.level.integrals(start).any():
        raise XrayToCTError(
            f"No ray meets {volume.source} at the pose that the search should begin with.",
            hint="Check the view, or give a geometry that sees the patient.",
        )
    candidates = search.starts(start)
    end, best = -1.0, start
    for number, (pixel_mm, neighbourhood_mm, steps, keep) in enumerate(_STAGES):
        if number:
            if _STAGES[number - 1][0] != pixel_mm:
                finer = level(volume, image, geometry, pixel_mm, neighbourhood_mm)
                search = _Search(finer, tell, search.evaluations)
            search.level = search.level.with_curve_at(candidates[0])
        low, high = _SHARES[number : number + 2]
        found = []
        for index, pose in enumerate(candidates):
            tell.between(*(low + (high - low) * (index + at) / len(candidates) for at in (0, 1)))
            found.append(search.climb(pose, steps))
            if number and found[-1][0] > _CLEAR:
                break
        found.sort(key=lambda item: -item[0])
        candidates = [pose for _, pose in found[:keep]]
        end, best = found[0]
    shift = shift_between(search.level, best)
    began = search.similarity(start)
    tell(1.0, "done")
    found_geometry = with_pose(geometry, best)
    record = record_of(
        found_geometry,
        kind=AlignmentKind.REGISTRATION,
        similarity=SIMILARITY,
        start_similarity=began,
        end_similarity=end,
        residual=1.0 - end,
        residual_mm=shift,
        starts=len(_START_TURNS) ** 3,
        evaluations=search.evaluations,
        warnings=_warnings(end, shift),
    )
    return Registration(found_geometry, record)


@contextmanager
def _one_thread() -> Iterator[None]:
    """OpenCV on one thread: on images this small its pool costs more than it brings (measured: 23 s of CPU for 9)."""
    import cv2

    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)


def record_of(geometry: ProjectionGeometry, *, kind: AlignmentKind, **more: object) -> AlignmentRecord:
    """The record of a pose; ``more`` are further fields of ``AlignmentRecord``."""
    return AlignmentRecord(
        kind=kind,
        view=geometry.view.name,
        rotation_deg=geometry.rotation_deg,
        shift_mm=geometry.shift_mm,
        isocentre_detector_mm=geometry.isocentre_detector_mm,
        source_detector_mm=geometry.source_detector_mm,
        **more,  # type: ignore[arg-type]  # the fields' own types
    )


def local_search(at: Level, pose: np.ndarray, *, steps: int = 25) -> tuple[np.ndarray, int]:
    """One climb at one level, without starts: (the pose (6,) where it ends, how many projections it made)."""
    search = _Search(at, _Teller(None))
    return search.climb(pose, steps)[1], search.evaluations


class _Teller:
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


class _Search:
    """Poses at one level."""

    def __init__(self, at: Level, tell: _Teller, evaluations: int = 0, *, central: bool = True) -> None:
        self.level, self._tell, self.evaluations = at, tell, evaluations
        self._central = central
        self._step = _STEP_PER_PIXEL_MM * at.geometry.spacing[0]

    def similarity(self, pose: np.ndarray) -> float:
        return similarity(self._features(pose), self.level.target, self._weight(pose))

    def starts(self, pose: np.ndarray) -> list[np.ndarray]:
        """Poses tilted this way and that, each turned in its plane and shifted to where the two images match best."""
        found = []
        for first in _START_TURNS:
            for second in _START_TURNS:
                turned = []
                for third in _START_TURNS:
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


def _warnings(end: float, shift_mm: float) -> tuple[str, ...]:
    if end < POOR_SIMILARITY or shift_mm > POOR_SHIFT_MM:
        return (
            f"The projection fits the radiograph badly after the registration (similarity {end:.2f}, features "
            f"{shift_mm:.1f} mm apart): look at both images before you trust the numbers.",
        )
    return ()


def _check(radiograph: Radiograph, geometry: ProjectionGeometry) -> None:
    same = geometry.shape == radiograph.shape and np.allclose(geometry.spacing, radiograph.spacing, rtol=1e-3)
    if not same:
        raise XrayToCTError(
            f"The geometry's detector ({geometry.shape} pixels of {geometry.spacing} mm) is not the radiograph's "
            f"({radiograph.shape} of {radiograph.spacing}).",
            hint="Make the geometry from the radiograph.",
        )
