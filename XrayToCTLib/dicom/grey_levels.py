"""From stored values to a radiograph's values: every look-up of DICOM, done on the table of possible values.

A radiograph has at most 65,536 stored values and millions of pixels. All steps (rescale, look-up tables, window,
logarithm, inversion) act on a value alone, so they are done once for each possible value, and the pixels are mapped
in one pass: exact, fast, and without full-size copies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import XrayToCTError
from ..radiograph import IntensityScale
from .intensity import Relationship, intensity
from .lookup_table import apply_lookup_table
from .private_block import read_processing, read_quantity
from .pydicom_versions import processing
from .stored_values import StoredValues

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

# A display window that takes more of the range at one end from more of the pixels than this hides anatomy: tell the
# user. Both, as collimated borders fill much of an image with few values.
_LOST_PIXELS_TO_TELL = 0.05
_LOST_RANGE_TO_TELL = 0.10


@dataclass(frozen=True, slots=True)
class GreyLevels:
    """The radiograph's value of every bit pattern.

    Attributes:
        table: float32, shape (2 ** bits allocated,), bone high, finite; padding has the lowest value of the image.
        scale: what the values mean.
        history: what was done, one sentence a step.
        warnings: what the user should know.
    """

    table: np.ndarray
    scale: IntensityScale
    history: tuple[str, ...]
    warnings: tuple[str, ...]


def grey_levels(dataset: Dataset, stored: StoredValues, *, source: str, polarity: str, voi: str | int) -> GreyLevels:
    """Look-ups in the order of PS3.4 N.2: modality, VOI, and only then the inversion.

    Args:
        polarity: "auto", "bone-bright" or "bone-dark": how the file looks when shown as its header says.
        voi: "auto" (look-up table before window, first item), "none", or the index of the VOI to apply. Only display
            values have a VOI applied: linear and logarithmic values are used as they are stored.

    Raises:
        XrayToCTError: nothing but padding, a damaged look-up table, no such VOI.
    """
    present = stored.present
    if not present.any():
        raise XrayToCTError(f"{source} holds nothing but padding.", hint="Choose an image that shows anatomy.")
    history: list[str] = []
    warnings: list[str] = []
    quantity = read_quantity(dataset)
    if quantity is not None:
        scale, slope, intercept = quantity
        values = stored.values * slope + intercept
        history.append(f"Values are {scale.name}: {slope:g} * stored value + {intercept:g}, as XrayToCT wrote them.")
        history += read_processing(dataset)
        if polarity == "bone-dark":
            warnings.append('The file states its quantity; polarity="bone-dark" was not applied.')
    else:
        meaning = intensity(dataset, polarity=polarity)
        history += meaning.history
        warnings += meaning.warnings
        if meaning.relationship is Relationship.DISPLAY:
            scale = IntensityScale.DISPLAY
            values = _modality(dataset, stored.values.astype(np.float64), history)
            values = _voi(dataset, values, stored, voi, history, warnings)
            if not meaning.bone_high:
                values = _invert(values, present, history)
        else:
            scale = IntensityScale.LOG_EXPOSURE
            values = _log_exposure(stored, meaning.relationship, meaning.bone_high, history)
            if voi not in ("auto", "none"):
                warnings.append("A VOI is for display and was not applied to values that follow exposure.")
    return GreyLevels(_fill_padding(values, stored, history), scale, tuple(history), tuple(warnings))


def _log_exposure(stored: StoredValues, relationship: Relationship, bone_high: bool, history: list[str]) -> np.ndarray:
    """Gain * line integral + offset, from values linear in exposure (-ln) or logarithmic already."""
    values = stored.values.astype(np.float64)
    present = stored.present
    if relationship is Relationship.LOGARITHMIC:
        return values if bone_high else _invert(values, present, history)
    exposure = _invert(values, present, history) if bone_high else values
    positive = exposure[present & (exposure > 0)]
    if positive.size == 0:
        raise XrayToCTError(
            "Values that should be proportional to exposure are all zero or negative.",
            hint="Correct Pixel Intensity Relationship LIN in the header, or export the image for presentation.",
        )
    # A pixel without a single count has no logarithm; half of the smallest count stands in for it.
    floor = float(positive.min()) / 2
    history.append(
        f"Took minus the logarithm of exposure, relative to its maximum; values below {floor:g} as {floor:g}."
    )
    return -np.log(np.maximum(exposure, floor) / float(positive.max()))


def _modality(dataset: Dataset, values: np.ndarray, history: list[str]) -> np.ndarray:
    sequence = dataset.get("ModalityLUTSequence")
    if sequence:
        history.append("Applied the Modality LUT.")
        signed = int(dataset.get("PixelRepresentation") or 0) == 1
        return apply_lookup_table(values, sequence[0], signed=signed, little_endian=_little_endian(dataset))
    if dataset.get("RescaleSlope") is None or dataset.get("RescaleIntercept") is None:
        return values
    slope, intercept = float(dataset.RescaleSlope), float(dataset.RescaleIntercept)
    if (slope, intercept) == (1.0, 0.0):
        return values
    history.append(f"Rescaled by slope {slope:g} and intercept {intercept:g}.")
    return values * slope + intercept


def _voi(
    dataset: Dataset, values: np.ndarray, stored: StoredValues, voi: str | int, history: list[str], warnings: list[str]
) -> np.ndarray:
    if voi == "none":
        history.append("No VOI look-up or window was applied, as asked.")
        return values
    luts = list(dataset.get("VOILUTSequence") or [])
    windows = _windows(dataset)
    index = 0 if voi == "auto" else int(voi)
    alternatives = len(luts) or len(windows)
    if voi != "auto" and not 0 <= index < alternatives:
        raise XrayToCTError(
            f"The file holds {alternatives} VOI look-ups, and number {index} was asked for.",
            hint='Pass voi="auto", voi="none", or an index that exists, counted from 0.',
        )
    if luts:
        signed = bool(values[stored.present].min() < 0)
        shown = apply_lookup_table(values, luts[index], signed=signed, little_endian=_little_endian(dataset))
        what = "the VOI LUT"
    elif windows:
        centre, width = windows[index]
        function = str(dataset.get("VOILUTFunction", "") or "LINEAR").upper()
        what = f"the {function} window centre {centre:g} width {width:g}"
        try:
            shown = processing().apply_windowing(values, dataset, index=index)
        except (ValueError, TypeError) as failure:
            warnings.append(f"The display window is invalid and was not applied: {failure}.")
            return values
    else:
        return values
    present = stored.present
    if shown[present].min() == shown[present].max() and values[present].min() != values[present].max():
        warnings.append(f"Applying {what} would leave a constant image; it was not applied.")
        return values
    if alternatives > 1:
        what += f" (number {index} of {alternatives}, counted from 0)"
    history.append(f"Applied {what}.")
    lost = _saturated(values, shown, stored)
    if lost > _LOST_PIXELS_TO_TELL:
        warnings.append(f'{what[0].upper()}{what[1:]} saturates {lost:.0%} of the image; voi="none" reads it without.')
    return shown


def _saturated(values: np.ndarray, shown: np.ndarray, stored: StoredValues) -> float:
    """Share of the image's pixels that lost their differences at either end of a VOI look-up."""
    present = stored.present
    total = stored.counts[present].sum()
    lost = 0
    for end in (shown[present].min(), shown[present].max()):
        at_end = present & (shown == end)
        if np.ptp(values[at_end]) > _LOST_RANGE_TO_TELL * np.ptp(values[present]):
            lost += int(stored.counts[at_end].sum())
    return float(lost / total)


def _windows(dataset: Dataset) -> list[tuple[float, float]]:
    centres, widths = (_numbers(dataset.get(keyword)) for keyword in ("WindowCenter", "WindowWidth"))
    return list(zip(centres, widths, strict=False))


def _numbers(value: object) -> list[float]:
    if value is None or value == "":
        return []
    try:
        return [float(value)]  # type: ignore[arg-type]
    except (TypeError, ValueError):
        pass
    try:
        return [float(part) for part in value]  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        return []


def _invert(values: np.ndarray, present: np.ndarray, history: list[str]) -> np.ndarray:
    low, high = float(values[present].min()), float(values[present].max())
    history.append("Inverted the values.")
    return (low + high) - values


def _fill_padding(values: np.ndarray, stored: StoredValues, history: list[str]) -> np.ndarray:
    present = stored.present
    table = values.astype(np.float32)
    if stored.padded_pixels:
        share = stored.padded_pixels / stored.counts.sum()
        history.append(f"Excluded pixel padding ({share:.1%} of the pixels) and gave it the lowest value of the image.")
    table[~present] = table[present].min()
    return table


def _little_endian(dataset: Dataset) -> bool:
    return bool(dataset.file_meta.TransferSyntaxUID.is_little_endian)
