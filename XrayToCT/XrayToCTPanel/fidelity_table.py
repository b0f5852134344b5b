"""Fidelity reports as a table node: a row a metric, a column a candidate, and the protocol beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from XrayToCTLib.fidelity import FidelityReport
from XrayToCTLib.fidelity.candidate_table import candidate_names, candidate_table
from XrayToCTLib.fidelity.fidelity_report import COLUMNS, MetricRow
from XrayToCTLib.translation.engine import NOT_FOR_DIAGNOSTIC_USE

from .placement import placeBeside
from .provenance import PREFIX

CANDIDATE, REFERENCE = PREFIX + "Translated", PREFIX + "Reference"
_BEFORE = ("metric",)
_PROTOCOL = tuple(name for name in COLUMNS if name not in ("metric", "value"))


def tableFromReports(reports: Sequence[FidelityReport], candidates: Sequence[Any], referenceVolume: Any) -> Any:
    """Adds a vtkMRMLTableNode beside the first candidate.

    Of one candidate, the columns are those of its CSV file: metric, value, unit, slabs, region, n, protocol and what
    the protocol says in parts. Of several, each has a column of its own in place of ``value``, and ``best`` names the
    best one.

    Args:
        candidates: their nodes, in the order of the reports.
    """
    import slicer

    name = slicer.mrmlScene.GenerateUniqueName(f"{candidates[0].GetName()} fidelity")
    table = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", name)
    try:
        for column in _columnsOfOne(reports[0]) if len(reports) == 1 else _columnsOfSeveral(reports):
            table.AddColumn(column)
        table.SetAttribute(PREFIX + "Protocol", reports[0].protocol)
        table.SetAttribute(PREFIX + "Alignment", reports[0].alignment)
        table.SetAttribute(PREFIX + "NotForDiagnosticUse", NOT_FOR_DIAGNOSTIC_USE)
        for candidate in candidates:
            table.AddNodeReferenceID(CANDIDATE, candidate.GetID())
        table.SetNodeReferenceID(REFERENCE, referenceVolume.GetID())
        placeBeside(table, candidates[0])
    except Exception:
        slicer.mrmlScene.RemoveNode(table)
        raise
    return table


def _columnsOfOne(report: FidelityReport) -> list[Any]:
    return [_column(name, [getattr(row, name) for row in report.rows]) for name in COLUMNS]


def _columnsOfSeveral(reports: Sequence[FidelityReport]) -> list[Any]:
    names, lines = candidate_names(reports), candidate_table(reports)
    nan = float("nan")
    given: list[MetricRow] = [next(row for row in line.rows if row is not None) for line in lines]
    columns = [_column(name, [getattr(row, name) for row in given]) for name in _BEFORE]
    for index, name in enumerate(names):
        rows = [line.rows[index] for line in lines]
        columns.append(_column(name, [nan if row is None else row.value for row in rows], kind=float))
    columns.append(_column("best", [", ".join(names[index] for index in sorted(line.best)) for line in lines]))
    return [*columns, *(_column(name, [getattr(row, name) for row in given]) for name in _PROTOCOL)]


def _column(name: str, values: Sequence[Any], kind: type | None = None) -> Any:
    import vtk

    kind = kind or {"value": float, "n": int}.get(name, str)
    column = {float: vtk.vtkDoubleArray, int: vtk.vtkIntArray, str: vtk.vtkStringArray}[kind]()
    column.SetName(name)
    for value in values:
        column.InsertNextValue(value)
    return column
