"""What XrayToCT writes into a DICOM radiograph beyond the standard: the quantity of its pixel values, and its history.

A standard radiograph cannot say "these are line integrals": Rescale Slope and Intercept are fixed to 1 and 0 in the DX
IOD. So the numbers go where the standard puts them, into a Real World Value Mapping item (PS3.3 C.7.6.16.2.11:
value = slope * stored value + intercept), and one private block names the quantity:

    (0079,0010)  LO  "XRAYTOCT"       private creator
    (0079,1001)  CS  LINE_INTEGRAL    name of an IntensityScale
    (0079,1002)  LO                   the quantity in words
    (0079,1003)  UT                   what was done to the image, one sentence a line (only where something was)
    (0079,1004)  DS  row\\column      the pixel spacing in mm that nobody knew, and that was assumed (only where it was)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..radiograph import IntensityScale

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

GROUP = 0x0079
CREATOR = "XRAYTOCT"
_QUANTITY = 0x01
_QUANTITY_IN_WORDS = 0x02
_PROCESSING = 0x03
_ASSUMED_SPACING = 0x04

_WORDS = {
    IntensityScale.LINE_INTEGRAL: "integral of the attenuation along the ray, ln(I0/I)",
    IntensityScale.LOG_EXPOSURE: "gain * ln(I0/I) + offset, both unknown",
    IntensityScale.DISPLAY: "display-processed value, bone bright",
}


def write_quantity(dataset: Dataset, scale: IntensityScale, slope: float, intercept: float, last_value: int) -> None:
    """State that ``slope * stored value + intercept`` is a radiograph's value on ``scale``, for 0 <= stored <= last."""
    from pydicom.dataset import Dataset as Item

    block = dataset.private_block(GROUP, CREATOR, create=True)
    block.add_new(_QUANTITY, "CS", scale.name)
    block.add_new(_QUANTITY_IN_WORDS, "LO", _WORDS[scale])

    unit = Item()
    unit.CodeValue, unit.CodingSchemeDesignator, unit.CodeMeaning = "1", "UCUM", "no units"
    mapping = Item()
    mapping.LUTExplanation = _WORDS[scale]
    mapping.MeasurementUnitsCodeSequence = [unit]
    mapping.LUTLabel = scale.name
    mapping.add_new((0x0040, 0x9211), "US", last_value)  # Real World Value Last Value Mapped
    mapping.add_new((0x0040, 0x9216), "US", 0)  # Real World Value First Value Mapped
    mapping.RealWorldValueIntercept = float(intercept)
    mapping.RealWorldValueSlope = float(slope)
    dataset.RealWorldValueMappingSequence = [mapping]


def read_quantity(dataset: Dataset) -> tuple[IntensityScale, float, float] | None:
    """(scale, slope, intercept) that `write_quantity` stated; None for a file that is not ours or is incomplete."""
    try:
        block = dataset.private_block(GROUP, CREATOR)
        name = block[_QUANTITY].value
        if isinstance(name, bytes):  # private attributes lose their VR in Implicit VR files
            name = name.decode("ascii", "replace").rstrip(" \0")
        scale = IntensityScale[str(name)]
        mapping = dataset.RealWorldValueMappingSequence[0]
        return scale, float(mapping.RealWorldValueSlope), float(mapping.RealWorldValueIntercept)
    except (KeyError, AttributeError, IndexError, TypeError, ValueError):
        return None


def write_processing(dataset: Dataset, sentences: Iterable[str]) -> None:
    """State what was done to the image before it was written, whole: Derivation Description holds 1024 characters."""
    text = "\n".join(" ".join(sentence.split()) for sentence in sentences)
    if text:
        dataset.private_block(GROUP, CREATOR, create=True).add_new(_PROCESSING, "UT", text)


def read_processing(dataset: Dataset) -> tuple[str, ...]:
    """The sentences that `write_processing` stated; none for a file that is not ours."""
    try:
        text = dataset.private_block(GROUP, CREATOR)[_PROCESSING].value
    except KeyError:
        return ()
    if isinstance(text, bytes):  # private attributes lose their VR in Implicit VR files
        text = text.decode("utf-8", "replace").rstrip(" \0")
    return tuple(str(text).splitlines())


def write_assumed_spacing(dataset: Dataset, spacing: tuple[float, float]) -> None:
    """State that the (row, column) spacing in the standard's attribute was assumed."""
    values = [f"{length:.10g}" for length in spacing]
    dataset.private_block(GROUP, CREATOR, create=True).add_new(_ASSUMED_SPACING, "DS", values)


def read_assumed_spacing(dataset: Dataset) -> tuple[float, float] | None:
    """What `write_assumed_spacing` stated; None for a file whose spacing is known, or that is not ours."""
    try:
        value = dataset.private_block(GROUP, CREATOR)[_ASSUMED_SPACING].value
        if isinstance(value, bytes):  # private attributes lose their VR in Implicit VR files
            value = value.decode("ascii", "replace").rstrip(" \0").split("\\")
        row, column = (float(length) for length in value)
    except (KeyError, TypeError, ValueError):
        return None
    return row, column
