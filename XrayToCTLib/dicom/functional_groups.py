"""Enhanced XA and XRF keep pixel attributes in functional groups: bring those up to the top level."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

# The attributes that decide what a pixel means; nothing else is read from the groups.
_WANTED = (
    "ImagerPixelSpacing",
    "PixelSpacing",
    "RescaleSlope",
    "RescaleIntercept",
    "RescaleType",
    "WindowCenter",
    "WindowWidth",
    "VOILUTFunction",
    "VOILUTSequence",
    "PixelIntensityRelationship",
    "PixelIntensityRelationshipSign",
)


def raise_functional_groups(dataset: Dataset) -> tuple[str, ...]:
    """Copy pixel attributes of shared groups, then of the first frame, to the top level where they are absent.

    Changes ``dataset``. Returns one warning a attribute that differs from frame to frame, as the first frame's value
    is used for all (PS3.3 C.7.6.16).
    """
    warnings = []
    shared = _attributes(dataset.get("SharedFunctionalGroupsSequence"), first_only=True)
    frames = _attributes(dataset.get("PerFrameFunctionalGroupsSequence"), first_only=False)
    for keyword in _WANTED:
        if keyword in dataset and dataset.get(keyword) is not None:
            continue
        found = [attributes[keyword] for attributes in frames if keyword in attributes]
        if shared and keyword in shared[0]:
            setattr(dataset, keyword, shared[0][keyword])
        elif found:
            setattr(dataset, keyword, found[0])
            if any(value != found[0] for value in found):
                warnings.append(f"{keyword} differs between frames; the first frame's value was used for all.")
    return tuple(warnings)


def _attributes(groups: object, *, first_only: bool) -> list[dict[str, object]]:
    """keyword -> value of every wanted attribute, for each item of a functional groups sequence."""
    result = []
    for group in list(groups or [])[: 1 if first_only else None]:  # type: ignore[call-overload]
        attributes: dict[str, object] = {}
        for macro in group:
            if macro.VR != "SQ" or not macro.value:
                continue
            item = macro.value[0]
            attributes.update({keyword: item.get(keyword) for keyword in _WANTED if item.get(keyword) is not None})
        result.append(attributes)
    return result
