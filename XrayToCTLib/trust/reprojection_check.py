"""Re-projection check: where the slabs do not add up to the radiograph that they were made from.

A CT-like stack that is right must, summed along the rays, give the radiograph's line integrals. The reverse does not
hold: slabs can add up and still lie at the wrong depth. For grey levels that were mapped onto a model's reference
distribution, the sums are held against what the network was fed, not against the patient.
"""

from __future__ import annotations

import numpy as np

from ..fidelity.reprojection import reprojection_error
from ..models.bundle import Bundle
from ..projection.plane_warps import MU_WATER_PER_MM
from ..projection.project import resum
from ..radiograph import IntensityScale
from ..trust_map import TrustMap
from .trust_report import TrustFlag, TrustLevel

# Rays with less in their way are the air beside the patient: 25 mm of water, as the input gate has it.
BODY_INTEGRAL = 0.5
# Two models on two inputs each of four patients that neither was trained on: 0.02 to 0.15, and means over 10 mm x 10 mm
# never more than 75 mm of water. A model's own gate knows better.
USUAL_ERROR = 0.2
USUAL_LOCAL_MM = 80.0
_NEIGHBOURHOOD_MM = 10.0
_LARGEST_SHARE = 0.01  # of the rays of the body that may be further off
_MEASURED = "just above the largest of eight held-out simulated radiographs and two models"
_SHOWN_MM = 80.0


def reprojection_map(
    hu: np.ndarray, integrals: np.ndarray, spacing: tuple[float, float], slab_thickness: float, scale: IntensityScale
) -> TrustMap:
    """Re-summed slabs - line integrals, in mm of water, for each ray of the body; 0 beside it.

    Rays are taken as normal to the slabs: where the source stood is not known of a radiograph (1 % in the corner of a
    field of 384 mm at 1.8 m).

    Args:
        hu: (slabs, rows, cols), HU.
        integrals: (rows, cols), dimensionless.
        spacing: (row, column) in mm.
        slab_thickness: mm.
        scale: of the radiograph.
    """
    again = resum(hu, np.ones((), np.float32), slab_thickness)
    difference = np.where(integrals > BODY_INTEGRAL, (again - integrals) / np.float32(MU_WATER_PER_MM), 0.0)
    held_against = (
        "the radiograph's line integrals"
        if scale is IntensityScale.LINE_INTEGRAL
        else "the line integrals that its grey levels were mapped onto, which are an estimate themselves"
    )
    return TrustMap(
        name="reprojection",
        title="Re-projection error",
        unit="mm of water",
        values=difference.astype(np.float32)[None],
        spacing=spacing,
        limits=(-_SHOWN_MM, _SHOWN_MM),
        explanation=(
            f"The slabs added up along each ray, minus {held_against}. Positive: the slabs hold too much. "
            "Zero does not prove that the depth is right."
        ),
    )


def reprojection_flags(
    hu: np.ndarray, integrals: np.ndarray, slab_thickness: float, shown: TrustMap, bundle: Bundle | None
) -> list[TrustFlag]:
    """The whole of the body, and its worst part.

    Args:
        hu, integrals, slab_thickness: as for ``reprojection_map``.
        shown: what that gave.
        bundle: of the model; its gate's limit is taken where there is one.
    """
    body = integrals > BODY_INTEGRAL
    if not body.any():
        sentence = "No ray of the radiograph meets anything: the re-projection could not be checked."
        return [TrustFlag("reprojection", TrustLevel.UNKNOWN, sentence)]
    limit, source = _limit(bundle)
    error = reprojection_error(hu, integrals, np.ones(integrals.shape, np.float32), slab_thickness, body)
    if error > limit:
        level = TrustLevel.DOUBTFUL
        text = f"The slabs do not add up to the radiograph: {error:.0%} off, where {limit:.0%} is the limit. "
        text += "Do not trust their HU; check the exposure and the spacing."
    else:
        level = TrustLevel.FINE
        text = f"The slabs add up to the radiograph within {error:.1%} (limit {limit:.0%})."
    whole = TrustFlag("reprojection", level, text, error, limit, source)
    return [whole, _local_flag(shown, body)]


def _limit(bundle: Bundle | None) -> tuple[float, str]:
    if bundle is not None and bundle.gate is not None and "physics" in bundle.gate.limits:
        return bundle.gate.limits["physics"][1], f"the gate of {bundle.card.name}, from its ordinary inputs"
    return USUAL_ERROR, _MEASURED


def _local_flag(shown: TrustMap, body: np.ndarray) -> TrustFlag:
    import cv2

    size = tuple(max(1, round(_NEIGHBOURHOOD_MM / step)) for step in (shown.spacing[1], shown.spacing[0]))
    smooth = cv2.blur(np.ascontiguousarray(shown.values[0]), size)
    off = (np.abs(smooth) > USUAL_LOCAL_MM) & body
    share = float(off.sum()) / float(body.sum())
    if share <= _LARGEST_SHARE:
        text = f"No part of the body is further off than {USUAL_LOCAL_MM:g} mm of water."
        return TrustFlag("reprojection-local", TrustLevel.FINE, text, share, _LARGEST_SHARE, _MEASURED)
    direction = "too much" if float(smooth[off].mean()) > 0 else "too little"
    text = (
        f"{share:.0%} of the body, {_place(off)}, holds {direction}: more than {USUAL_LOCAL_MM:g} mm of water off. "
        "Look at the re-projection map before you believe anything there."
    )
    return TrustFlag("reprojection-local", TrustLevel.DOUBTFUL, text, share, _LARGEST_SHARE, _MEASURED)


def _place(where: np.ndarray) -> str:
    """The part of the image that the centre of a region lies in, as one sees it."""
    rows, cols = np.nonzero(where)
    vertical = ("upper ", "", "lower ")[min(2, int(3 * (rows.mean() + 0.5) / where.shape[0]))]
    horizontal = ("left", "middle", "right")[min(2, int(3 * (cols.mean() + 0.5) / where.shape[1]))]
    return f"in the {vertical}{horizontal} of the image"
