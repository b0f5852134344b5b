"""Radiograph header: what XrayToCT knows of a radiograph, in the .nrrd or .mha file that it writes it to.

A program may keep such entries when it writes a changed image, so the words hold for the very pixels that they were
written with and for no others.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .enhancement.history import enhancement_sentences
from .radiograph import IntensityScale, Radiograph, SpacingSource, View

HEADER_KEY = "XrayToCT_radiograph"


@dataclass(frozen=True, slots=True)
class RadiographHeader:
    """The attributes of a ``Radiograph`` that pixels and a grid do not tell; by default, of a file that says nothing.

    Attributes:
        spacing: (row, column) in mm, to which ``spacing_source`` belongs.
        spacing_source, scale, modality, view, body_part, frame_time_ms, lossy_ratio: as of ``Radiograph``.
        enhancement: the sentences of the history that tell of one.
    """

    spacing: tuple[float, float] | None = None
    spacing_source: SpacingSource = SpacingSource.FILE_HEADER
    scale: IntensityScale = IntensityScale.DISPLAY
    modality: str = ""
    view: View | None = None
    body_part: str = ""
    frame_time_ms: float | None = None
    lossy_ratio: float | None = None
    enhancement: tuple[str, ...] = ()

    def source_of(self, spacing: tuple[float, float]) -> SpacingSource:
        """Of the spacing in the file: somebody may have corrected it since."""
        known = self.spacing is not None and np.allclose(spacing, self.spacing, rtol=1e-5, atol=0)
        return self.spacing_source if known else SpacingSource.FILE_HEADER


def header_text(radiograph: Radiograph) -> str:
    """The value of ``HEADER_KEY``."""
    record = {
        "pixels_sha256": _digest(radiograph.pixels),
        "spacing": radiograph.spacing,
        "spacing_source": radiograph.spacing_source.name,
        "scale": radiograph.scale.name,
        "modality": radiograph.modality,
        "view": radiograph.view.name if radiograph.view else "",
        "body_part": radiograph.body_part,
        "frame_time_ms": radiograph.frame_time_ms,
        "lossy_ratio": radiograph.lossy_ratio,
        "enhancement": enhancement_sentences(radiograph.history),
    }
    return json.dumps(record)


def read_header(entries: Mapping[str, str], pixels: np.ndarray) -> RadiographHeader | None:
    """What a file says of itself.

    Args:
        entries: of the file's header.
        pixels: shape (rows, cols) or (frames, rows, cols), in the file's own order.

    Returns:
        None where XrayToCT did not write the file, or where it was changed since.
    """
    text = entries.get(HEADER_KEY)
    if text is None or pixels.dtype != np.float32:
        return None
    try:
        record = json.loads(text)
        if record["pixels_sha256"] != _digest(pixels):
            return None
        row, column = map(float, record["spacing"])
        return RadiographHeader(
            (row, column),
            SpacingSource[record["spacing_source"]],
            IntensityScale[record["scale"]],
            str(record["modality"]),
            View[record["view"]] if record["view"] else None,
            str(record["body_part"]),
            _positive(record["frame_time_ms"]),
            _positive(record["lossy_ratio"]),
            tuple(map(str, record["enhancement"])),
        )
    except (ValueError, TypeError, KeyError):  # of another version, or edited by hand
        return None


def _digest(pixels: np.ndarray) -> str:
    """Of the values in reading order; one frame is the same with and without an axis for it."""
    return hashlib.sha256(np.ascontiguousarray(pixels, dtype="<f4").data).hexdigest()


def _positive(value: object) -> float | None:
    """Raises ValueError, TypeError."""
    if value is None:
        return None
    number = float(value)  # type: ignore[arg-type]
    if not (math.isfinite(number) and number > 0):
        raise ValueError(value)
    return number
