"""Radiograph: pixels and what they mean."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from .errors import XrayToCTError


class View(Enum):
    """Direction of the rays, in the terms of DICOM View Position (0018,5101). Stored by name: keep names stable."""

    PA = "PA"
    AP = "AP"
    LATERAL = "LATERAL"


class IntensityScale(Enum):
    """What a pixel value means once bone is bright. Stored by name: keep names stable."""

    LINE_INTEGRAL = "LINE_INTEGRAL"  # integral of mu along the ray, ln(I0/I), dimensionless, calibrated
    LOG_EXPOSURE = "LOG_EXPOSURE"  # gain * line integral + offset, both unknown
    DISPLAY = "DISPLAY"  # an unknown monotone function of the line integral: display-processed


class SpacingSource(Enum):
    """Where the pixel spacing was taken from."""

    IMAGER_PIXEL_SPACING = "ImagerPixelSpacing"  # at the detector plane
    PIXEL_SPACING = "PixelSpacing"  # calibrated, or the detector's, as the file says
    FILE_HEADER = "file header"
    CALLER = "given by the caller"
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True, eq=False)
class Radiograph:
    """A radiograph, bone bright, made whole by a reader and never changed afterwards.

    Attributes:
        pixels: float32, shape (frames, rows, cols), finite, bone brighter than air.
        spacing: (row, column) distance between pixel centres in mm, at the detector.
        spacing_source: where ``spacing`` came from; ``ASSUMED`` means that a default stands in for a missing value.
        scale: what a pixel value means.
        source: file path or node name, for people.
        identity: SOP Instance UID or SHA-256 of the source, for provenance.
        modality: DICOM modality (CR, DX, XA, RF), or "" when unknown.
        view: PA, AP, LATERAL, or None when the source does not say.
        body_part: DICOM Body Part Examined (CHEST, HIP...), or "" when the source does not say.
        frame_time_ms: time between frames for cine and fluoroscopy, or None.
        lossy_ratio: how strongly the source was compressed with loss (10.0 is 10:1; 1.0 where it does not say how
            strongly); None where it was not.
        history: what the reader did, one sentence a step.
        warnings: what the user should know before trusting a result, one sentence each.
    """

    pixels: np.ndarray
    spacing: tuple[float, float]
    spacing_source: SpacingSource
    scale: IntensityScale
    source: str
    identity: str
    modality: str = ""
    view: View | None = None
    body_part: str = ""
    frame_time_ms: float | None = None
    lossy_ratio: float | None = None
    history: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        hint = "Choose a grey-scale X-ray image."
        if self.pixels.ndim != 3 or self.pixels.dtype != np.float32:
            raise XrayToCTError(
                f"A radiograph's pixels must be float32 (frames, rows, cols), "
                f"not {self.pixels.dtype} {self.pixels.shape}.",
                hint=hint,
            )
        if min(self.pixels.shape) < 1:
            raise XrayToCTError(f"{self.source} has no pixels (shape {self.pixels.shape}).", hint=hint)
        if not np.isfinite(self.pixels).all():
            raise XrayToCTError(
                f"{self.source} holds NaN or infinite pixel values.",
                hint="Export it again, or replace the invalid values first.",
            )
        if float(self.pixels.max()) == float(self.pixels.min()):
            raise XrayToCTError(
                f"{self.source} is constant: every pixel has the same value.",
                hint="Choose an image that shows anatomy.",
            )
        if not all(np.isfinite(self.spacing)) or min(self.spacing) <= 0:
            raise XrayToCTError(
                f"{self.source} has an impossible pixel spacing {self.spacing} mm.",
                hint="Correct the spacing in the file, or pass spacing=(row, column) in mm.",
            )

    @property
    def frames(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, cols)"""
        return int(self.pixels.shape[1]), int(self.pixels.shape[2])

    @property
    def extent_mm(self) -> tuple[float, float]:
        """(height, width) of the image in mm."""
        return self.shape[0] * self.spacing[0], self.shape[1] * self.spacing[1]

    def frame(self, index: int) -> Radiograph:
        """One frame as a radiograph of its own.

        Raises:
            XrayToCTError: there is no such frame.
        """
        if not 0 <= index < self.frames:
            raise XrayToCTError(
                f"{self.source} has no frame {index}.", hint=f"Choose a frame from 0 to {self.frames - 1}."
            )
        return replace(self, pixels=self.pixels[index : index + 1])


def require_radiograph(value: object) -> None:
    """Of what a caller gave as a radiograph.

    Raises:
        XrayToCTError: it is something else, such as the path of one.
    """
    if not isinstance(value, Radiograph):
        raise XrayToCTError(
            f"A radiograph is needed here, not a {type(value).__name__}.",
            hint="Read the file first: read_radiograph(path).",
        )
