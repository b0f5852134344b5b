"""Report, metrics: the numbers of one candidate by scope, or of several beside each other with the best marked."""

from __future__ import annotations

from collections.abc import Sequence

from . import page
from .candidate_table import CandidateLine, candidate_names, candidate_table
from .fidelity_report import FidelityReport, MetricRow

_BETTER = {"lower": "lower is better", "higher": "higher is better", "zero": "nearest to 0 is better"}
_NOTHING = "–"


def metrics_section(reports: Sequence[FidelityReport]) -> str:
    """The section; "" without reports."""
    if not reports:
        return ""
    table = _of_one(reports[0]) if len(reports) == 1 else _of_several(reports)
    return page.section(
        "Fidelity against the reference",
        page.bullets(dict.fromkeys(w for report in reports for w in report.warnings), style="warnings"),
        table,
        *_protocols(reports),
        page.details("Every number with its whole protocol", *_every_number(reports)),
    )


def _of_one(report: FidelityReport) -> str:
    scopes = list(dict.fromkeys((row.slabs, row.region) for row in report.rows))
    lines: dict[tuple[str, str], dict[tuple[str, str], MetricRow]] = {}
    for row in report.rows:
        lines.setdefault((row.metric, row.variant), {})[row.slabs, row.region] = row
    return page.table(
        [f"{slabs}, {region}" for slabs, region in scopes],
        [
            (
                _metric(metric, variant, next(iter(found.values())).better),
                [found[scope].value_text if scope in found else _NOTHING for scope in scopes],
                "",
            )
            for (metric, variant), found in lines.items()
        ],
        caption="Metrics by slabs and region",
    )


def _of_several(reports: Sequence[FidelityReport]) -> str:
    names, lines = candidate_names(reports), candidate_table(reports)
    scopes = list(dict.fromkeys(line.scope for line in lines))
    tables = [
        page.table(
            names,
            [(_metric_of(line), _cells(line), "") for line in lines if line.scope == scope],
            caption=f"{scope[0]}, {scope[1]}".capitalize(),
        )
        for scope in scopes
    ]
    rest = page.details("The other slabs and regions", *tables[1:]) if len(tables) > 1 else ""
    note = "The best of a line is marked where its numbers were taken alike: same voxels, window, range and kernel."
    return tables[0] + page.paragraph(note, soft=True) + rest


def _metric_of(line: CandidateLine) -> page.Cell:
    better = next(row.better for row in line.rows if row is not None)
    return _metric(line.metric, line.variant, better)


def _metric(metric: str, variant: str, better: str) -> page.Cell:
    below = ", ".join(filter(None, (variant, _BETTER.get(better, ""))))
    return (metric, below) if below else metric


def _cells(line: CandidateLine) -> list[page.Cell]:
    return [
        _NOTHING if row is None else page.Best(row.value_text) if index in line.best else row.value_text
        for index, row in enumerate(line.rows)
    ]


def _protocols(reports: Sequence[FidelityReport]) -> list[str]:
    """What holds for all rows: said once where all candidates share it."""
    if len({report.protocol for report in reports}) == 1:
        return [page.paragraph(reports[0].protocol, soft=True)]
    return [
        page.paragraph(f"{name}: {report.protocol}", soft=True)
        for name, report in zip(candidate_names(reports), reports, strict=True)
    ]


def _every_number(reports: Sequence[FidelityReport]) -> list[str]:
    return [
        page.table(
            ["value", "protocol"],
            [(row.metric, [row.value_text, row.protocol], "") for row in report.rows],
            first="metric",
            caption=f"All rows of {name}",
            numbers=[True, False],
            style="rows",
        )
        for name, report in zip(candidate_names(reports), reports, strict=True)
    ]
