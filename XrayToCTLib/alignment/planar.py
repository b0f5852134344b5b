"""Planar alignment: a reference image turned, moved or sheared in its plane until it fits another (SimpleITK).

It is for images that show the same thing along the same rays. It cannot undo another pose: that is ``registration``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk

from ..errors import XrayToCTError
from .local_contrast import local_contrast, similarity
from .record import AlignmentKind, AlignmentRecord

SIMILARITY = "local normalised cross-correlation"
_NEIGHBOURHOOD_MM = 14.0
_BINS = 50
_SMALLEST = 32


@dataclass(frozen=True, slots=True, eq=False)
class PlanarAlignment:
    """A transform in the plane.

    Attributes:
        record: with the matrix and what it improved.
        transform: of points (x, y) in mm from the field's centre.
    """

    record: AlignmentRecord
    transform: sitk.Transform

    def apply(self, image: np.ndarray, spacing: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
        """An image (rows, cols) or every slab of (slabs, rows, cols) moved, and where it has values there: bool
        (rows, cols). Linear interpolation; float32."""
        if image.ndim == 3:
            moved = [self.apply(slab, spacing) for slab in image]
            return np.stack([slab for slab, _ in moved]), moved[0][1]
        source = _centred(image, spacing)
        made = sitk.Resample(source, source, self.transform, sitk.sitkLinear, float(image.min()), sitk.sitkFloat32)
        seen = sitk.Resample(
            _centred(np.ones_like(image), spacing), source, self.transform, sitk.sitkLinear, 0.0, sitk.sitkFloat32
        )
        return sitk.GetArrayFromImage(made), sitk.GetArrayFromImage(seen) > 0.99


def align_in_plane(
    fixed: np.ndarray, moving: np.ndarray, spacing: tuple[float, float], kind: AlignmentKind
) -> PlanarAlignment:
    """Fit ``moving`` to ``fixed``: Mattes mutual information over all pixels, three resolutions, regular-step descent.

    Args:
        fixed, moving: (rows, cols) on one grid; neither is changed.
        spacing: (row, column) in mm.
        kind: RIGID or AFFINE.

    Raises:
        XrayToCTError: images of different or too small shape, a constant one, or a search that fails.
    """
    if fixed.shape != moving.shape or min(fixed.shape) < _SMALLEST:
        raise XrayToCTError(
            f"Images of {fixed.shape} and {moving.shape} pixels cannot be aligned in their plane.",
            hint=f"Bring them onto one grid of at least {_SMALLEST} x {_SMALLEST} pixels.",
        )
    if float(np.ptp(fixed)) == 0 or float(np.ptp(moving)) == 0:
        raise XrayToCTError("A constant image cannot be aligned.", hint="Choose images that show anatomy.")
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(_BINS)
    method.SetMetricSamplingStrategy(method.NONE)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(2.0, 1e-3, 200, gradientMagnitudeTolerance=1e-6)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel([4, 2, 1])
    method.SetSmoothingSigmasPerLevel([4.0, 2.0, 0.0])
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    start = sitk.Euler2DTransform() if kind is AlignmentKind.RIGID else sitk.AffineTransform(2)
    method.SetInitialTransform(start, inPlace=True)
    try:
        method.Execute(_centred(fixed, spacing), _centred(moving, spacing))
    except RuntimeError as error:
        raise XrayToCTError(
            "The images could not be aligned in their plane.", hint="Compare them where they lie, or check the view."
        ) from error
    found = PlanarAlignment(AlignmentRecord(), start)
    before = _fit(fixed, moving, np.ones(fixed.shape, bool), spacing)
    after = _fit(fixed, *found.apply(moving, spacing), spacing)
    warnings: tuple[str, ...] = ()
    if not after >= before:
        start = sitk.Euler2DTransform() if kind is AlignmentKind.RIGID else sitk.AffineTransform(2)
        after = before
        warnings = ("The alignment found nothing better than leaving the reference where it lay.",)
    matrix = np.array(start.GetMatrix()).reshape(2, 2)
    offset = np.array(start.TransformPoint((0.0, 0.0)))
    record = AlignmentRecord(
        kind=kind,
        matrix=tuple(float(value) for value in np.column_stack((matrix, offset)).ravel()),
        similarity=SIMILARITY,
        start_similarity=before,
        end_similarity=after,
        residual=1.0 - after,
        starts=1,
        evaluations=int(method.GetOptimizerIteration()),
        warnings=warnings,
    )
    return PlanarAlignment(record, start)


def _fit(fixed: np.ndarray, moving: np.ndarray, inside: np.ndarray, spacing: tuple[float, float]) -> float:
    sigma = _NEIGHBOURHOOD_MM / math.sqrt(spacing[0] * spacing[1])
    return similarity(local_contrast(fixed, sigma), local_contrast(moving, sigma), inside.astype(np.float32))


def _centred(image: np.ndarray, spacing: tuple[float, float]) -> sitk.Image:
    made = sitk.GetImageFromArray(np.asarray(image, np.float32))
    made.SetSpacing((spacing[1], spacing[0]))
    rows, cols = image.shape
    made.SetOrigin((-(cols - 1) / 2 * spacing[1], -(rows - 1) / 2 * spacing[0]))
    return made
