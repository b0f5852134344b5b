"""Fidelity: how far a stack is from its reference, in numbers, pictures and a page to send on."""

from __future__ import annotations

from .compare import compare
from .fidelity_report import FidelityReport, MetricRow

__all__ = ["FidelityReport", "MetricRow", "compare"]
