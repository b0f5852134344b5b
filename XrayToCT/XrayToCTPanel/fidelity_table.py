"""A fidelity report as a table node: one line a number, its protocol beside it."""

from __future__ import annotations

from typing import Any

from XrayToCTLib.fidelity import FidelityReport

from .placement import placeBeside
from .provenance import PREFIX

COLUMNS = ("metric", "value", "unit", "slabs", "region", "n", "protocol")


def tableFromReport(report: FidelityReport, translatedVolume: Any, referenceVolume: Any) -> Any:
    """Adds a vtkMRMLTableNode with the report's rows, beside the translated volume."""
    import slicer
    import vtk

    columns: list[Any] = []
    for name in COLUMNS:
        column = vtk.vtkDoubleArray() if name == "value" else vtk.vtkIntArray() if name == "n" else vtk.vtkStringArray()
        column.SetName(name)
        for row in report.rows:
            column.InsertNextValue(getattr(row, name))
        columns.append(column)
    name = slicer.mrmlScene.GenerateUniqueName(f"{translatedVolume.GetName()} fidelity")
    table = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", name)
    for column in columns:
        table.AddColumn(column)
    table.SetAttribute(PREFIX + "Protocol", report.protocol)
    table.SetAttribute(PREFIX + "Alignment", report.alignment)
    table.SetNodeReferenceID(PREFIX + "Translated", translatedVolume.GetID())
    table.SetNodeReferenceID(PREFIX + "Reference", referenceVolume.GetID())
    placeBeside(table, translatedVolume)
    return table
