"""Pixel spacing, view and frame time of a DICOM radiograph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..radiograph import SpacingSource, View

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


@dataclass(frozen=True, slots=True)
class DetectorSpacing:
    """(row, column) spacing in mm and where it was found; ``value`` is None when the file states none."""

    value: tuple[float, float] | None
    source: SpacingSource
    history: str
    warnings: tuple[str, ...] = ()


def detector_spacing(dataset: Dataset) -> DetectorSpacing:
    """Spacing at the detector plane, with the first value between rows and the second between columns.

    Imager Pixel Spacing (0018,1164) is measured at the detector; Pixel Spacing (0028,0030) may have been calibrated
    to a plane in the patient, and comes second (PS3.3 10.7.1.3).
    """
    warnings: list[str] = []
    imager = _pair(dataset, "ImagerPixelSpacing", warnings)
    plain = _pair(dataset, "PixelSpacing", warnings)
    scanned = _pair(dataset, "NominalScannedPixelSpacing", warnings)
    if imager is not None:
        history = f"Spacing {_mm(imager)} from Imager Pixel Spacing, at the detector."
        if plain is not None and not np.allclose(imager, plain, rtol=1e-3):
            history += f" Pixel Spacing {_mm(plain)} is another plane's and was not used."
        return DetectorSpacing(imager, SpacingSource.IMAGER_PIXEL_SPACING, history, tuple(warnings))
    if plain is not None:
        kind = str(dataset.get("PixelSpacingCalibrationType", "") or "")
        if kind in ("GEOMETRY", "FIDUCIAL"):
            warnings.append(
                f"Pixel Spacing is calibrated ({kind}) to a plane in the patient, and the file lacks the detector's: "
                "sizes at the detector are larger."
            )
        history = f"Spacing {_mm(plain)} from Pixel Spacing."
        return DetectorSpacing(plain, SpacingSource.PIXEL_SPACING, history, tuple(warnings))
    if scanned is not None:
        history = f"Spacing {_mm(scanned)} from Nominal Scanned Pixel Spacing, of the film scanner."
        return DetectorSpacing(scanned, SpacingSource.FILE_HEADER, history, tuple(warnings))
    return DetectorSpacing(None, SpacingSource.ASSUMED, "The file states no pixel spacing.", tuple(warnings))


def pixel_aspect(dataset: Dataset) -> tuple[float, float]:
    """(vertical, horizontal) size of a pixel in relative units, from Pixel Aspect Ratio (0028,0034), or (1, 1)."""
    ignored: list[str] = []
    return _pair(dataset, "PixelAspectRatio", ignored) or (1.0, 1.0)


def view_position(dataset: Dataset) -> View | None:
    """The view from View Position, else from the meaning of the View Code; None when neither tells."""
    position = str(dataset.get("ViewPosition", "") or "").upper().strip()
    if position in ("PA", "AP"):
        return View[position]
    if position in ("LL", "RL", "LATERAL", "LAT", "LLD", "RLD", "ML", "LM"):
        # LLD and RLD are decubitus positions: the patient lies on a side and the rays are still frontal.
        return None if position in ("LLD", "RLD") else View.LATERAL
    codes = dataset.get("ViewCodeSequence") or []
    meaning = str(codes[0].get("CodeMeaning", "")).lower().replace(" ", "-") if codes else ""
    if "postero-anterior" in meaning or "posteroanterior" in meaning:
        return View.PA
    if "antero-posterior" in meaning or "anteroposterior" in meaning:
        return View.AP
    return View.LATERAL if meaning in ("lateral", "left-lateral", "right-lateral") else None


def frame_time_ms(dataset: Dataset) -> float | None:
    """Time between frames in ms, from Frame Time, Frame Time Vector or a display rate; None for a still."""
    time = _number(dataset.get("FrameTime"))
    if time:
        return time
    vector = dataset.get("FrameTimeVector")
    if vector is not None and not isinstance(vector, (str, float, int)) and len(vector) > 1:
        # Its first value is 0 by definition; cine steps may vary, the median is their usual length.
        return float(np.median([float(step) for step in vector][1:])) or None
    rate = _number(dataset.get("CineRate")) or _number(dataset.get("RecommendedDisplayFrameRate"))
    return 1000.0 / rate if rate else None


def _pair(dataset: Dataset, keyword: str, warnings: list[str]) -> tuple[float, float] | None:
    value = dataset.get(keyword)
    if value is None or value == "":
        return None
    try:
        row, column = (float(part) for part in value)
    except (TypeError, ValueError):
        warnings.append(f"{keyword} {value!r} is not a pair of numbers and was ignored.")
        return None
    if not (np.isfinite([row, column]).all() and min(row, column) > 0):
        warnings.append(f"{keyword} {row:g} x {column:g} is impossible and was ignored.")
        return None
    return row, column


def _number(value: object) -> float | None:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if np.isfinite(number) and number > 0 else None


def _mm(pair: tuple[float, float]) -> str:
    return f"{pair[0]:g} x {pair[1]:g} mm (row x column)"
