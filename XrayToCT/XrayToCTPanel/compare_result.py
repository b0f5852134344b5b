"""Compare result: the first scope of a comparison as a small table in the panel."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from slicer.i18n import tr as _
from XrayToCTLib.fidelity import FidelityReport
from XrayToCTLib.fidelity.candidate_table import CandidateLine, candidate_names, candidate_table


def resultHtml(reports: Sequence[FidelityReport]) -> str:
    """Rich text: a line a metric of the first slabs and region, a column a candidate, the best bold and named."""
    lines = candidate_table(reports)
    shown = [line for line in lines if line.scope == lines[0].scope]
    heads = "".join(f"<th align='right'>&nbsp; {escape(name)}</th>" for name in candidate_names(reports))
    rows = "".join(_row(line) for line in shown)
    slabs, region = lines[0].scope
    first = reports[0]
    return (
        f"<p>{escape(slabs.capitalize())}, {escape(region)}:</p>"
        f"<table cellspacing='3'><tr><td></td>{heads}</tr>{rows}</table>"
        f"<p><small>{escape(_('Alignment'))}: {escape(first.alignment)}. {escape(first.protocol)}</small></p>"
    )


def _row(line: CandidateLine) -> str:
    name = " ".join(filter(None, (line.metric, line.variant)))
    cells = []
    for index, row in enumerate(line.rows):
        text = escape(row.value_text) if row is not None else "–"
        best = index in line.best
        cells.append(f"<td align='right'>&nbsp; {f'<b>{text}</b> ★' if best else text}</td>")
    return f"<tr><td>{escape(name)}</td>{''.join(cells)}</tr>"
