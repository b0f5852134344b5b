"""2D/3D registration: the pose at which the projection of a CT looks like a radiograph.

Intensity-based, coarse to fine, from several starts. The measure is the local normalised cross-correlation (see
``local_contrast``), which needs to know nothing of the radiograph's grey levels. It is a sum of squares, so it is
maximised by scipy's trust-region least squares (Branch, Coleman, Li, SIAM J. Sci. Comput. 21, 1999) on the six numbers
of the pose with a Jacobian of differences: every projection tells how EVERY pixel moves, where a simplex or Powell's
method would learn one number from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from ..errors import XrayToCTError
from ..progress import ProgressCallback
from ..projection.ct_volume import CtVolume
from ..projection.geometry import ProjectionGeometry
from ..radiograph import Radiograph
from .pose import pose_of, with_pose
from .pyramid import level
from .record import AlignmentKind, AlignmentRecord
from .residual import shift_between
from .search import START_TURNS_DEG, Search, Teller

SIMILARITY = "local normalised cross-correlation"
# Pixel on the detector and standard deviation of the neighbourhood in mm; steps of a local search, at most; how many
# candidates go on. The second stage goes over the survivors of the first with the display curve that they show.
_STAGES = ((6.0, 24.0, 12, 4), (3.0, 14.0, 12, 2), (3.0, 14.0, 12, 1), (1.75, 10.0, 8, 1), (1.75, 10.0, 8, 1))
_SHARES = (0.05, 0.35, 0.55, 0.65, 0.85, 0.98)  # of the time: the progress at which a stage begins
_CLEAR = 0.9  # similarity at which no other candidate is looked at: the next best basin is far below
POOR_SIMILARITY = 0.35
POOR_SHIFT_MM = 4.0


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
        return _register(volume, radiograph.pixels[0], geometry, Teller(progress))


def _register(volume: CtVolume, image: np.ndarray, geometry: ProjectionGeometry, tell: Teller) -> Registration:
    tell(0.0, "preparing")
    start = pose_of(geometry)
    search = Search(level(volume, image, geometry, *_STAGES[0][:2]), tell, central=False)
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
                search = Search(finer, tell, search.evaluations)
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
        starts=len(START_TURNS_DEG) ** 3,
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
