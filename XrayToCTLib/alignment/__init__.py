"""Alignment: a reference volume or image brought into the geometry of a radiograph, and a record of how."""

from __future__ import annotations

from .record import AlignmentKind, AlignmentRecord
from .reference_volume import ReferenceVolume, read_reference, reference_from_array, reference_from_image
from .registration import Registration, register
from .search import RegistrationCancelled

__all__ = [
    "AlignmentKind",
    "AlignmentRecord",
    "ReferenceVolume",
    "Registration",
    "RegistrationCancelled",
    "read_reference",
    "reference_from_array",
    "reference_from_image",
    "register",
]
