"""Comparison: one question, asked by whatever front end: how far are these candidates from this reference?

The request travels through a folder, so that another process can answer it while the one that asked stays usable.
"""

from __future__ import annotations

from .measure import measure
from .request import ALIGNMENTS, Candidate, ComparisonRequest, VolumeReference

__all__ = ["ALIGNMENTS", "Candidate", "ComparisonRequest", "VolumeReference", "measure"]
