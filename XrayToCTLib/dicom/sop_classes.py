"""Which DICOM objects are radiographs, and what to say about those that are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import XrayToCTError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_STORAGE = "1.2.840.10008.5.1.4.1.1."

RADIOGRAPH_CLASSES = {
    _STORAGE + "1": "Computed Radiography",
    _STORAGE + "1.1": "Digital X-Ray, for presentation",
    _STORAGE + "1.1.1": "Digital X-Ray, for processing",
    _STORAGE + "1.2": "Digital Mammography, for presentation",
    _STORAGE + "1.2.1": "Digital Mammography, for processing",
    _STORAGE + "1.3": "Digital Intra-Oral X-Ray, for presentation",
    _STORAGE + "1.3.1": "Digital Intra-Oral X-Ray, for processing",
    _STORAGE + "12.1": "X-Ray Angiography",
    _STORAGE + "12.1.1": "Enhanced X-Ray Angiography",
    _STORAGE + "12.2": "X-Ray Radiofluoroscopy",
    _STORAGE + "12.2.1": "Enhanced X-Ray Radiofluoroscopy",
    _STORAGE + "12.3": "X-Ray Angiography, biplane (retired)",
}
# A secondary capture says nothing of how it was made: its Modality must.
SECONDARY_CAPTURE_CLASSES = {_STORAGE + suffix for suffix in ("7", "7.1", "7.2", "7.3", "7.4")}
RADIOGRAPH_MODALITIES = frozenset({"CR", "DX", "XA", "RF", "RG", "MG", "IO", "PX"})
PROJECTION_CINE_MODALITIES = frozenset({"XA", "RF"})

_VOLUME_MODALITIES = {
    "CT": "CT",
    "MR": "MR",
    "PT": "PET",
    "NM": "nuclear medicine",
}
_CHOOSE = "Choose a DICOM image of modality CR, DX, XA or RF."
_REFERENCE = (
    "Use it as a reference: pass it to `compare`, or pass a CT to `project` to simulate a radiograph from it. "
    "To translate, choose an image of modality CR, DX, XA or RF."
)


def check_radiograph(dataset: Dataset, source: str) -> tuple[str, ...]:
    """Accept a radiograph; return warnings about it.

    Raises:
        XrayToCTError: the object is something else, with a hint where that belongs.
    """
    uid = str(dataset.get("SOPClassUID", "") or "")
    modality = str(dataset.get("Modality", "") or "").upper()
    if uid in RADIOGRAPH_CLASSES:
        if modality in _VOLUME_MODALITIES:
            return (f"The file is stored as {RADIOGRAPH_CLASSES[uid]} but names the modality {modality}.",)
        if modality == "MG":
            return ("This is a mammogram: no chest or bone model was made for it.",)
        return ()
    if (uid in SECONDARY_CAPTURE_CLASSES or not uid) and modality in RADIOGRAPH_MODALITIES:
        return (f"The file is a secondary capture of modality {modality}: its grey levels are those of a screen.",)
    if uid in SECONDARY_CAPTURE_CLASSES and modality in ("", "OT", "SC"):
        return ("The file is a secondary capture that does not say that it is a radiograph: check that it is one.",)
    if modality in _VOLUME_MODALITIES:
        kind = _VOLUME_MODALITIES[modality]
        raise XrayToCTError(f"{source} is a {kind} image, not a radiograph.", hint=_REFERENCE)
    if modality == "US":
        raise XrayToCTError(f"{source} is an ultrasound image, not a radiograph.", hint=_CHOOSE)
    kind = _class_name(uid)
    raise XrayToCTError(f"{source} is a DICOM object that is no radiograph ({kind}).", hint=_CHOOSE)


def _class_name(uid: str) -> str:
    from pydicom.uid import UID

    return UID(uid).name if uid else "it names no SOP class and no X-ray modality"
