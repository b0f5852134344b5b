"""Pyramid: a CT and a radiograph at one resolution, and the projection of the one onto the grid of the other."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..projection.ct_volume import CtVolume
from ..projection.geometry import ProjectionGeometry
from ..projection.opencv_projector import line_integrals
from ..projection.plane_warps import plane_warps
from .local_contrast import local_contrast
from .pose import with_pose

Triple = tuple[float, float, float]

_CURVE_STEPS = 64
_FEWEST_PIXELS = 8  # in a step, so that its mean is one
_AIR = 0.02  # of the attenuation of water


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """One resolution of a registration.

    Attributes:
        mu: float32 (z, y, x), attenuation relative to water, averaged to about the detector's pixels.
        spacing, centre: of ``mu``, (z, y, x), in mm and as an index.
        geometry: detector at this resolution; its pose is that of the start.
        image: the radiograph on it, float32 (rows, cols).
        target: local contrast of the radiograph, float32 (rows, cols).
        sigma: of the local contrast, in pixels.
        curve: (line integrals, grey levels), both rising: how the radiograph shows line integrals; None for linearly.
    """

    mu: np.ndarray
    spacing: Triple
    centre: Triple
    geometry: ProjectionGeometry
    image: np.ndarray
    target: np.ndarray
    sigma: float
    curve: tuple[np.ndarray, np.ndarray] | None = None

    def integrals(self, pose: np.ndarray) -> np.ndarray:
        """The projection at a pose (6,), dimensionless, float32 (rows, cols)."""
        return line_integrals(self.mu, self.spacing, self.centre, with_pose(self.geometry, pose))

    def features(self, pose: np.ndarray) -> np.ndarray:
        """Its local contrast, float32 (rows, cols), on the radiograph's grey scale if that is known."""
        made = self.integrals(pose)
        if self.curve is not None:
            made = np.interp(made, *self.curve).astype(np.float32)
        return local_contrast(made, self.sigma)

    def with_curve_at(self, pose: np.ndarray) -> Level:
        """The same with the curve that the two images show at a pose.

        A curve moves edges: on a display-processed radiograph a body looks wider or narrower than it is, which a
        registration without the curve takes for another distance to the detector. The curve is the mean grey level of
        the pixels of each of 64 steps of the line integral, made to rise.
        """
        made = self.integrals(pose)
        chosen = self.weight(pose, self.sigma * self.geometry.spacing[0]) > 0.5
        integral, grey = made[chosen], self.image[chosen]
        top = float(np.quantile(integral, 0.998)) if integral.size else 0.0
        if not top > 0:
            return self
        # Steps of equal height, not of equal frequency: at the skin, where a curve matters most, few pixels lie.
        step = np.minimum((integral * (_CURVE_STEPS / top)).astype(np.int64), _CURVE_STEPS)
        count = np.bincount(step, minlength=_CURVE_STEPS + 1)
        kept = count >= _FEWEST_PIXELS
        if kept.sum() < _CURVE_STEPS // 4:
            return self
        at, shown = (
            np.bincount(step, weights=values, minlength=_CURVE_STEPS + 1)[kept] / count[kept]
            for values in (integral, grey)
        )
        shown = np.maximum.accumulate(shown)
        if shown[-1] <= shown[0]:
            return self
        return replace(self, curve=(at, shown))

    def weight(self, pose: np.ndarray, margin_mm: float) -> np.ndarray:
        """1 where the ray passes the patient within the scanned length, fading to 0 over ``margin_mm`` before its ends:
        there the CT shows less than the radiograph; float32 (rows, cols).
        """
        geometry = with_pose(self.geometry, pose)
        inside = rays_within_scan(self.mu.shape, self.spacing, self.centre, geometry)
        reach = margin_mm / geometry.magnification
        seen: np.ndarray = np.clip(inside / max(reach, 1e-6), 0.0, 1.0)
        return seen.astype(np.float32)


def level(
    volume: CtVolume, image: np.ndarray, geometry: ProjectionGeometry, pixel_mm: float, neighbourhood_mm: float
) -> Level:
    """A level whose detector pixels are about ``pixel_mm`` wide, and no narrower than the radiograph's.

    Args:
        volume: in the patient's axes.
        image: radiograph, bone bright, float32 (rows, cols), on ``geometry``'s detector.
        geometry: of that detector, at the pose to start from.
        neighbourhood_mm: standard deviation of the local contrast, on the detector.
    """
    import cv2

    steps = [max(pixel_mm, mm) for mm in geometry.spacing]
    shape = [max(8, round(n * mm / step)) for n, mm, step in zip(geometry.shape, geometry.spacing, steps, strict=True)]
    spacing = [n * mm / m for n, mm, m in zip(geometry.shape, geometry.spacing, shape, strict=True)]
    coarse = replace(geometry, shape=(shape[0], shape[1]), spacing=(spacing[0], spacing[1]))
    small = cv2.resize(np.asarray(image, np.float32), (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
    # Planes are cut across the rays: where they lie in memory as whole blocks, warping them copies nothing.
    axis = plane_warps(coarse, (2, 2, 2), volume.spacing, (0.5, 0.5, 0.5)).axis
    mu, mu_spacing, centre = averaged(volume, pixel_mm / geometry.magnification, along=axis)
    mu = np.moveaxis(np.ascontiguousarray(np.moveaxis(mu, axis, 0)), 0, axis)
    sigma = neighbourhood_mm / float(np.sqrt(spacing[0] * spacing[1]))
    return Level(mu, mu_spacing, centre, coarse, small, local_contrast(small, sigma), sigma)


def averaged(volume: CtVolume, step_mm: float, *, along: int) -> tuple[np.ndarray, Triple, Triple]:
    """Attenuation averaged over blocks of about ``step_mm``, twice that along the axis ``along`` of the rays, whose
    structures a projection adds up anyway: (mu float32 (z, y, x), spacing in mm, index of the centre).

    Air beside the patient, in front and behind, is cut off. A rest at the far end of an axis that fills no block is
    padded with air.
    """
    factors = [max(1, int(step_mm * (2 if axis == along else 1) / mm + 0.5)) for axis, mm in enumerate(volume.spacing)]
    mu = volume.relative_attenuation()
    first = [0, 0, 0]
    for axis in (1, 2):  # not the length: where it ends, rays leave the scan
        profile = np.flatnonzero(mu.max(axis=tuple({0, 1, 2} - {axis})) > _AIR)
        if profile.size:
            first[axis] = int(profile[0])
            mu = mu.take(range(profile[0], profile[-1] + 1), axis)
    rest = [-n % factor for n, factor in zip(mu.shape, factors, strict=True)]
    if any(rest):
        mu = np.pad(mu, [(0, more) for more in rest])
    blocks = [size for n, factor in zip(mu.shape, factors, strict=True) for size in (n // factor, factor)]
    mu = mu.reshape(blocks).mean((1, 3, 5), dtype=np.float32)
    z, y, x = (mm * factor for mm, factor in zip(volume.spacing, factors, strict=True))
    # The middle of the first block is at index (factor - 1) / 2 of what was averaged.
    at = [
        (index - cut - (factor - 1) / 2) / factor
        for index, cut, factor in zip(volume.centre, first, factors, strict=True)
    ]
    return mu, (z, y, x), (at[0], at[1], at[2])


def rays_within_scan(
    shape: tuple[int, ...], spacing: Triple, centre: Triple, geometry: ProjectionGeometry
) -> np.ndarray:
    """How far inside the scanned length (head to foot) each ray stays while it crosses the volume, mm, (rows, cols);
    negative where it leaves through an end."""
    source, pixels = geometry.pixel_rays()
    *_, normal = geometry.axes()
    main = int(np.argmax(np.abs(normal[:2])))  # x or y: the axis that the rays run along
    row, col = np.mgrid[0 : geometry.shape[0], 0 : geometry.shape[1]]
    at = np.tensordot(pixels, np.stack((col, row, np.ones_like(row))), 1)
    direction = np.broadcast_to(-source[:, None, None], at.shape) if geometry.parallel else at - source[:, None, None]
    low, high = -centre[0] * spacing[0], (shape[0] - 1 - centre[0]) * spacing[0]
    index = 2 - main
    ends = (-centre[index] * spacing[index], (shape[index] - 1 - centre[index]) * spacing[index])
    inside = np.full(geometry.shape, np.inf)
    for end in ends:
        height = at[2] + direction[2] * (end - at[main]) / direction[main]
        inside = np.minimum(inside, np.minimum(height - low, high - height))
    return inside
