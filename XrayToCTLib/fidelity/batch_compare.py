"""Batch compare: many cases one after another; one that fails is a sentence, never the end of the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import XrayToCTError
from ..progress import ComparisonCancelled, ProgressCallback, report
from .batch_cases import Case
from .fidelity_report import FidelityReport, MetricRow

Comparer = Callable[[Path, Path], FidelityReport]
"""(stack, reference) -> the report."""


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What came out for one case: rows, or the reason why there are none."""

    case: Case
    rows: tuple[MetricRow, ...] = ()
    protocol: str = ""
    alignment: str = ""
    error: str = ""

    @property
    def failed(self) -> bool:
        return bool(self.error)


def compare_files(stack: Path, reference: Path) -> FidelityReport:
    """The report of two stack files, compared where they lie."""
    from ..translation.stack_file import read_stack
    from .compare import compare

    return compare(read_stack(stack), read_stack(reference))


def compare_cases(
    cases: Sequence[Case], *, comparer: Comparer = compare_files, progress: ProgressCallback | None = None
) -> list[CaseResult]:
    """Compare every case; the images are let go at once, so that memory does not grow with the number of cases.

    Args:
        comparer: how one case is compared.

    Raises:
        ComparisonCancelled: ``progress`` returned False.
    """
    results = []
    for number, case in enumerate(cases):
        report(progress, number / len(cases), f"comparing {case.name}", cancelled=ComparisonCancelled)
        try:
            made = comparer(case.stack, case.reference)
            results.append(CaseResult(case, made.rows, made.protocol, made.alignment))
        except XrayToCTError as error:
            results.append(CaseResult(case, error=str(error)))
    report(progress, 1.0, "done", cancelled=ComparisonCancelled)
    return results
