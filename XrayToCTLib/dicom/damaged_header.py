"""Damaged attributes of a DICOM header: found before anything relies on them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom.dataelem import DataElement
    from pydicom.dataset import Dataset

_NUMBERS = frozenset({"DS", "IS", "FL", "FD", "US", "SS", "UL", "SL"})


def drop_damaged_attributes(dataset: Dataset) -> tuple[str, ...]:
    """Delete attributes whose bytes do not fit their type, at every depth; return a warning that names them.

    pydicom converts an attribute when it is first used, and raises then; and it lets text stand for a number.
    """
    dropped: list[str] = []
    _drop(dataset, dropped)
    return (f"The header is damaged; ignored: {', '.join(dropped)}.",) if dropped else ()


def _drop(dataset: Dataset, dropped: list[str]) -> None:
    for tag in list(dataset.keys()):
        try:
            element = dataset[tag]
            sound = _is_sound(element)
        except Exception:  # each type of value fails in its own way
            sound = False
        if not sound:
            dropped.append(str(tag))
            del dataset[tag]
        elif element.VR == "SQ":
            for item in element.value:
                _drop(item, dropped)


def _is_sound(element: DataElement) -> bool:
    """Whether numbers are finite numbers, as many as the dictionary says; other types are taken as they are."""
    from pydicom.datadict import dictionary_VM, dictionary_VR

    try:
        types, count = dictionary_VR(element.tag), dictionary_VM(element.tag)
    except KeyError:  # private or unknown: nothing here relies on it
        return True
    if element.value is None or not _NUMBERS.intersection(types.split(" or ")) or "OW" in types:
        return True
    if element.VM > 1 and count == "1":
        return False
    values = element.value if element.VM > 1 else [element.value]
    return all(math.isfinite(float(value)) for value in values)
