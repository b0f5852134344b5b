"""Alignment: a reference volume or image brought into the geometry of a radiograph, and a record of how."""

from __future__ import annotations

from .record import AlignmentKind, AlignmentRecord

__all__ = ["AlignmentKind", "AlignmentRecord"]
