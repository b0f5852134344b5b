"""Sanity: what the user should know about an input before trusting what a model makes of it."""

from __future__ import annotations

from ..enhancement.history import enhancement_names
from ..errors import XrayToCTError
from ..models.card import NO_ENHANCEMENT, ModelCard
from ..radiograph import IntensityScale, Radiograph, SpacingSource

# Body Part Examined of images that a model of an anatomy may be given (DICOM PS3.16, Annex L).
_BODY_PARTS = {"chest": {"CHEST", "THORAX", "LUNG", "HEART", "MEDIASTINUM", "RIB", "THORACICAORTA"}}

SMALLEST_FIELD_MM = 100.0
LARGEST_FIELD_MM = 700.0
IMPOSSIBLE_FIELD_MM = 2000.0  # stitched whole-spine and long-leg images reach about 1300 mm


def check_field(radiograph: Radiograph) -> None:
    """Refuse a field that no detector has, before a huge network grid is allocated for it.

    Raises:
        XrayToCTError: the field is larger than 2 m on an axis.
    """
    height, width = radiograph.extent_mm
    if max(height, width) > IMPOSSIBLE_FIELD_MM:
        raise XrayToCTError(
            f"{radiograph.source} would cover {height:.0f} mm x {width:.0f} mm with its pixel spacing of "
            f"{radiograph.spacing[0]:g} mm x {radiograph.spacing[1]:g} mm: no detector is that large.",
            hint="Pass the right spacing=(row, column) in mm.",
        )


def input_warnings(radiograph: Radiograph, card: ModelCard) -> tuple[str, ...]:
    """Sentences on the input as ``card``'s model sees it; none for an input of the kind it was trained on."""
    warnings = []
    height, width = radiograph.extent_mm
    if min(height, width) < SMALLEST_FIELD_MM or max(height, width) > LARGEST_FIELD_MM:
        warnings.append(
            f"The field is {height:.0f} mm x {width:.0f} mm: check the pixel spacing; "
            f"the model expects fields from {SMALLEST_FIELD_MM:.0f} to {LARGEST_FIELD_MM:.0f} mm."
        )
    told = any("spacing" in warning for warning in radiograph.warnings)  # by the reader, in its own words
    if radiograph.spacing_source is SpacingSource.ASSUMED and not told:
        warnings.append(
            f"The file gives no pixel spacing; {radiograph.spacing[0]:g} mm x {radiograph.spacing[1]:g} mm was assumed."
        )
    if radiograph.scale is IntensityScale.DISPLAY:
        warnings.append("HU are estimated from a display-processed image: they are not calibrated.")
    elif radiograph.scale is IntensityScale.LOG_EXPOSURE:
        warnings.append("HU are estimated from an image of unknown exposure and gain: they are not calibrated.")
    expected = ", ".join(view.value for view in card.views)
    if radiograph.view is None:
        warnings.append(f"The file does not say its view: {card.views[0].value} was assumed.")
    elif radiograph.view not in card.views:
        warnings.append(f"The view is {radiograph.view.value}, but the model was trained on {expected} only.")
    fitting = _BODY_PARTS.get(card.anatomy.lower(), {card.anatomy.upper()})
    if radiograph.body_part and radiograph.body_part not in fitting:
        warnings.append(
            f"The image shows {radiograph.body_part}, but the model was trained on {card.anatomy} only: "
            "the result means nothing."
        )
    warnings += _enhancement_warnings(radiograph, card)
    return tuple(warnings)


def _enhancement_warnings(radiograph: Radiograph, card: ModelCard) -> list[str]:
    """What was done to the image must be what was done to the images that the model learned from."""
    mismatch = enhancement_mismatch(enhancement_names(radiograph.history), card)
    return [mismatch] if mismatch else []


def enhancement_mismatch(ran: tuple[str, ...], card: ModelCard) -> str:
    """A sentence where pipelines of these names, one after the other, are not what the model expects; else ""."""
    expected = () if card.enhancement.casefold() == NO_ENHANCEMENT else (card.enhancement,)
    if tuple(name.casefold() for name in ran) == tuple(name.casefold() for name in expected):
        return ""
    learned = f'enhanced with "{card.enhancement}"' if expected else "that were not enhanced"
    given = "was enhanced with " + " and then ".join(f'"{name}"' for name in ran) if ran else "was not enhanced"
    return f"The radiograph {given}, but the model was trained on radiographs {learned}: HU may be off."
