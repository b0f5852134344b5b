"""What the stored values of a DICOM radiograph say about X-ray exposure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from .sop_classes import PROJECTION_CINE_MODALITIES

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_FOR_PROCESSING_CLASSES = (
    "1.2.840.10008.5.1.4.1.1.1.1.1",
    "1.2.840.10008.5.1.4.1.1.1.2.1",
    "1.2.840.10008.5.1.4.1.1.1.3.1",
)


class Relationship(Enum):
    """How the stored values relate to X-ray exposure."""

    LINEAR = "proportional to exposure"
    LOGARITHMIC = "logarithmic in exposure"
    DISPLAY = "processed for display"


@dataclass(frozen=True, slots=True)
class Intensity:
    """Relationship to exposure, and whether higher values mean bone, each with the reason why.

    Attributes:
        bone_high: True if bone has the higher values: the stored ones for LINEAR and LOGARITHMIC, those after the
            Modality and VOI look-ups for DISPLAY.
        history: sentences for the radiograph's history.
        warnings: sentences for the user.
    """

    relationship: Relationship
    bone_high: bool
    history: tuple[str, ...]
    warnings: tuple[str, ...]


def intensity(dataset: Dataset, *, polarity: str) -> Intensity:
    """Decide relationship and polarity from the header, or from the caller's polarity.

    Presentation Intent Type and Pixel Intensity Relationship: PS3.3 C.8.11.3.1.1 and C.8.7.1.1.2. Its Sign is 1 when
    low values mean little exposure (bone low) and -1 when high values mean little exposure (bone high).
    ``polarity`` tells how the image looks when shown as its photometric interpretation says.
    """
    relationship, why = _relationship(dataset)
    sign = dataset.get("PixelIntensityRelationshipSign")
    sign = int(sign) if sign in (1, -1) else None
    shown_inverted, warnings = _shown_inverted(dataset)
    cine = str(dataset.get("Modality", "")).upper() in PROJECTION_CINE_MODALITIES
    interpretation = str(dataset.get("PhotometricInterpretation", "") or "MONOCHROME2")

    if polarity != "auto":
        bone_high = (polarity == "bone-bright") != shown_inverted
        reason = f"the caller says {polarity} and the file is {interpretation}"
    elif relationship is not Relationship.DISPLAY and sign is not None:
        bone_high = sign == -1
        reason = f"Pixel Intensity Relationship Sign is {sign}"
    elif relationship is Relationship.LINEAR or (relationship is Relationship.LOGARITHMIC and cine):
        bone_high = False
        reason = "values rise with exposure"
    else:
        bone_high = not shown_inverted
        reason = f"the file is {interpretation}" + (" shown inverted" if shown_inverted else "")
        if sign is not None and (sign == -1) != bone_high:
            warnings.append(
                f"{interpretation} gives bone the {'high' if bone_high else 'low'} values, and Pixel Intensity "
                f"Relationship Sign {sign} the others; the former was followed. Look at the image."
            )
        if cine:
            warnings.append(
                "The file does not say how its values relate to exposure; in fluoroscopy and angiography bone is often "
                'dark. Look at the image, and pass polarity="bone-dark" if so.'
            )
    stands = "high" if bone_high else "low"
    history = (f"Values are {relationship.value}: {why}.", f"Bone has the {stands} values: {reason}.")
    return Intensity(relationship, bone_high, history, tuple(warnings))


def _relationship(dataset: Dataset) -> tuple[Relationship, str]:
    stated = str(dataset.get("PixelIntensityRelationship", "") or "").upper()
    intent = str(dataset.get("PresentationIntentType", "") or "").upper()
    if not intent and str(dataset.get("SOPClassUID", "")) in _FOR_PROCESSING_CLASSES:
        intent = "FOR PROCESSING"
    # XA and RF have no intent: there the relationship alone tells.
    cine = str(dataset.get("Modality", "")).upper() in PROJECTION_CINE_MODALITIES
    if intent == "FOR PROCESSING" or (cine and not intent):
        subject = "for processing" if intent else "no presentation intent"
        if stated == "LIN":
            return Relationship.LINEAR, f"{subject}, Pixel Intensity Relationship LIN"
        if stated == "LOG":
            return Relationship.LOGARITHMIC, f"{subject}, Pixel Intensity Relationship LOG"
        return Relationship.DISPLAY, f"{subject}, Pixel Intensity Relationship {stated or 'not stated'}"
    return Relationship.DISPLAY, intent.lower() or "no presentation intent stated"


def _shown_inverted(dataset: Dataset) -> tuple[bool, list[str]]:
    """Whether the file is shown with low values white: MONOCHROME1, or Presentation LUT Shape INVERSE.

    The two are one inversion, not two: the DX IOD demands INVERSE of a MONOCHROME1 image (PS3.3 C.8.11.3.1.2).
    """
    monochrome1 = str(dataset.get("PhotometricInterpretation", "")) == "MONOCHROME1"
    shape = str(dataset.get("PresentationLUTShape", "") or "").upper()
    warnings = []
    if (shape == "INVERSE" and not monochrome1) or (shape == "IDENTITY" and monochrome1):
        inverted = shape == "INVERSE" or monochrome1
        warnings.append(
            f"Photometric Interpretation {'MONOCHROME1' if monochrome1 else 'MONOCHROME2'} and Presentation LUT Shape "
            f"{shape} contradict each other; the image was taken as {'inverted' if inverted else 'not inverted'}."
        )
    return monochrome1 or shape == "INVERSE", warnings
