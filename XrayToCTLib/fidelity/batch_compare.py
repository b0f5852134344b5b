"""Batch compare: many cases one after another; one that fails is a sentence, never the end of the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..errors import XrayToCTError
from ..progress import ComparisonCancelled, ProgressCallback, report
from .batch_cases import Case
from .fidelity_report import FidelityReport, MetricRow

Comparer = Callable[[Case], FidelityReport]
"""How one case is compared."""


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


def compare_stacks(case: Case) -> FidelityReport:
    """The report of two stack files, compared where they lie, in the body; mask and radiograph are not looked at."""
    from ..translation.stack_file import read_stack
    from .compare import compare

    return compare(read_stack(case.stack), read_stack(case.reference))


def compare_cases(
    cases: Sequence[Case], *, comparer: Comparer = compare_stacks, progress: ProgressCallback | None = None
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
            made = comparer(case)
            results.append(CaseResult(case, made.rows, made.protocol, made.alignment))
        except XrayToCTError as error:
            results.append(CaseResult(case, error=str(error)))
    report(progress, 1.0, "done", cancelled=ComparisonCancelled)
    return results
