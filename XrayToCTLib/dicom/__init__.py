"""What DICOM says about radiographs, and writing radiographs as DICOM."""

from __future__ import annotations

from .write_dx import write_dx

__all__ = ["write_dx"]
