"""Report, alignment: what was done to bring the reference to the image, and how well it fits."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..alignment.record import AlignmentKind, AlignmentRecord
from . import page
from .candidate_table import candidate_names
from .fidelity_report import FidelityReport


def alignment_section(reports: Sequence[FidelityReport]) -> str:
    """The section; "" without reports. Candidates that share an alignment are said together."""
    if not reports:
        return ""
    groups: dict[str, list[int]] = {}
    for index, report in enumerate(reports):
        groups.setdefault(report.alignment, []).append(index)
    names = candidate_names(reports)
    parts = []
    for indices in groups.values():
        if len(groups) > 1:
            parts.append(page.subheading(", ".join(names[index] for index in indices)))
        parts += _one(reports[indices[0]])
    return page.section("Alignment", *parts)


def _one(report: FidelityReport) -> list[str]:
    record = report.alignment_record
    said = page.paragraph(f"Alignment: {report.alignment}.")
    if record.kind is AlignmentKind.NONE:
        return [said, page.paragraph("The two were compared where they lay; nothing was moved.", soft=True)]
    return [said, page.bullets(record.warnings, style="warnings"), page.facts(_facts(record))]


def _facts(record: AlignmentRecord) -> dict[str, str]:
    facts = {"method": record.kind.value, "view": record.view}
    if record.matrix is None:
        facts["rotation"] = ", ".join(f"{angle:.2f}°" for angle in record.rotation_deg)
        facts["shift"] = ", ".join(f"{mm:.1f} mm" for mm in record.shift_mm)
    else:
        facts["transform (2 x 3)"] = ", ".join(f"{value:.5g}" for value in record.matrix)
    if record.similarity:
        facts[record.similarity] = f"{record.start_similarity:.4f} before, {record.end_similarity:.4f} after"
    if math.isfinite(record.residual):
        facts["residual"] = f"{record.residual:.4f} (0 is a perfect fit)"
    if math.isfinite(record.residual_mm):
        facts["residual shift"] = f"{record.residual_mm:.2f} mm on the detector"
    if record.starts:
        facts["search"] = f"{record.starts} starts, {record.evaluations} evaluations"
    return facts
