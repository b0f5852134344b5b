"""Study table: the measures of a reader study as a table node, a row a measure."""

from __future__ import annotations

from typing import Any

from XrayToCTLib.reader_study import StudyResults
from XrayToCTLib.translation.engine import NOT_FOR_DIAGNOSTIC_USE

from .provenance import PREFIX

_TEXTS = ("group", "question", "statistic", "subject", "interval", "resampled")
_NUMBERS = ("value", "low95", "high95")


def tableFromResults(results: StudyResults) -> Any:
    """A new vtkMRMLTableNode; what is undefined is NaN. It is unblinded: it names the methods."""
    import slicer
    import vtk

    nan = float("nan")
    name = slicer.mrmlScene.GenerateUniqueName(f"{results.ratings.study.id} results")
    table = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", name)
    for title in (*_TEXTS, *_NUMBERS, "n"):
        column = (
            vtk.vtkStringArray() if title in _TEXTS else vtk.vtkDoubleArray() if title != "n" else vtk.vtkIntArray()
        )
        column.SetName(title)
        for measure in results.measures:
            low, high = measure.interval95 or (nan, nan)
            column.InsertNextValue({"low95": low, "high95": high}.get(title, getattr(measure, title, nan)))
        table.AddColumn(column)
    table.SetAttribute(PREFIX + "NotForDiagnosticUse", NOT_FOR_DIAGNOSTIC_USE)
    return table
