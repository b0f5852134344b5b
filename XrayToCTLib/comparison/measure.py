"""Measure: the answer to a request."""

from __future__ import annotations

from dataclasses import replace

from ..ct_stack import CtStack
from ..errors import XrayToCTError
from ..fidelity.compare import compare
from ..fidelity.fidelity_report import FidelityReport
from ..progress import ComparisonCancelled, ProgressCallback, report
from .request import Candidate, ComparisonRequest


def measure(request: ComparisonRequest, progress: ProgressCallback | None = None) -> tuple[FidelityReport, ...]:
    """One report a candidate, in their order, with images.

    Raises:
        ComparisonCancelled: ``progress`` returned False.
        XrayToCTError: what cannot be compared, named.
    """
    made = []
    for number, candidate in enumerate(request.candidates):
        count = len(request.candidates)
        report(progress, number / count, f"comparing {candidate.name}", cancelled=ComparisonCancelled)
        made.append(replace(_one(request, candidate), candidate=candidate.name, reference=request.reference_name))
    report(progress, 1.0, "compared", cancelled=ComparisonCancelled)
    return tuple(made)


def _one(request: ComparisonRequest, candidate: Candidate) -> FidelityReport:
    if isinstance(candidate.image, CtStack) and isinstance(request.reference, CtStack):
        return compare(candidate.image, request.reference, mask=request.mask)
    raise XrayToCTError(
        f"{candidate.name} cannot be compared with {request.reference_name}.",
        hint="Choose a stack and a reference stack of the same slabs.",
    )
