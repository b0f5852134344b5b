"""Reading radiographs from files."""

from __future__ import annotations

from .polarity import Polarity, estimate_polarity
from .read import read_radiograph

__all__ = ["Polarity", "estimate_polarity", "read_radiograph"]
