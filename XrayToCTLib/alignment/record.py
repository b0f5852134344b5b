"""AlignmentRecord: what was done to bring a reference to the image, and how well it fits afterwards."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any


class AlignmentKind(Enum):
    """How a reference was brought to the image. Stored by value: keep the words stable."""

    NONE = "none"  # compared where the two lay
    AXES = "volume axes"  # projected along the axes of the volume's own header
    GIVEN_POSE = "given pose"  # projected with the pose that the caller gave
    REGISTRATION = "2D/3D registration"  # pose found by fitting the projection to the radiograph
    RIGID = "2D rigid"  # the reference image moved and turned in its plane
    AFFINE = "2D affine"


@dataclass(frozen=True, slots=True)
class AlignmentRecord:
    """What was applied, in numbers.

    Attributes:
        kind: how.
        view: "PA", "AP" or "LATERAL", or "" for 2D alignments.
        rotation_deg: of the gantry about the patient's centre: about the head-foot axis, about the image's column
            direction, in the image plane (``projection.ProjectionGeometry``).
        shift_mm: the patient's centre seen from the detector's centre, along (rows, columns) of the image.
        isocentre_detector_mm, source_detector_mm: distance of the patient's centre and of the source to the detector;
            infinite for parallel rays.
        origin_mm: the patient's centre in the reference's RAS coordinates, mm; None where no volume was projected.
        matrix: the 2D transform, row-major 2 x 3: a point (column, row) in mm from the field's centre of the image ->
            the point of the reference that was shown there. None for poses.
        similarity: name of the measure of the fit, "" where nothing was fitted. A 2D/3D registration maximises it; 2D
            alignments maximise Mattes mutual information, which has no scale of its own, and are judged by it.
        start_similarity, end_similarity: its value before and after.
        residual: 1 - ``end_similarity``: 0 is a perfect fit. NaN where nothing was fitted.
        residual_mm: median shift, on the detector, between features of the two images after the alignment; NaN where
            it was not measured.
        starts, evaluations: how many poses the search began from, and how many projections it made.
        warnings: what the user should know before trusting the fit.
    """

    kind: AlignmentKind = AlignmentKind.NONE
    view: str = ""
    rotation_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)
    shift_mm: tuple[float, float] = (0.0, 0.0)
    isocentre_detector_mm: float = math.nan
    source_detector_mm: float = math.nan
    origin_mm: tuple[float, float, float] | None = None
    matrix: tuple[float, ...] | None = None
    similarity: str = ""
    start_similarity: float = math.nan
    end_similarity: float = math.nan
    residual: float = math.nan
    residual_mm: float = math.nan
    starts: int = 0
    evaluations: int = 0
    warnings: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The record in words, without a full stop; "none" when nothing was applied."""
        if self.kind is AlignmentKind.NONE:
            return "none"
        if self.matrix is not None:
            numbers = ", ".join(f"{value:.4g}" for value in self.matrix)
            said = f"{self.kind.value}, reference resampled by [{numbers}] (mm about the field's centre)"
        else:
            turn = ", ".join(f"{angle:.2f}" for angle in self.rotation_deg)
            shift = ", ".join(f"{mm:.1f}" for mm in self.shift_mm)
            said = (
                f"{self.kind.value}, {self.view} view, rotation ({turn}) degrees (head-foot axis, image columns, in "
                f"plane), shift ({shift}) mm (rows, columns), patient's centre {self.isocentre_detector_mm:.0f} mm "
                "from the detector, "
                + (
                    f"source at {self.source_detector_mm:.0f} mm"
                    if math.isfinite(self.source_detector_mm)
                    else "parallel rays"
                )
            )
        if self.similarity:
            said += (
                f"; {self.similarity} {self.start_similarity:.3f} before, {self.end_similarity:.3f} after "
                f"(residual {self.residual:.3f}"
            )
            said += f", {self.residual_mm:.1f} mm" if math.isfinite(self.residual_mm) else ""
            said += f"; {self.starts} starts, {self.evaluations} evaluations)"
        return said

    def as_dict(self) -> dict[str, Any]:
        """For JSON: NaN and infinite numbers become None."""
        content = asdict(self) | {"kind": self.kind.value}
        return {key: _finite(value) for key, value in content.items()}


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, tuple):
        return [_finite(item) for item in value]
    return value
