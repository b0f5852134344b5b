"""Plot nodes: the charts of a comparison as vtkMRMLPlotChartNode, with their series and tables."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import numpy as np
from XrayToCTLib.comparison.charts import Chart, Series

from .placement import placeBeside

CHART_OF = "XrayToCT.ChartOf"
KIND = "XrayToCT.ChartKind"
# Okabe and Ito's colours, which the colour-blind tell apart; grey is the reference's.
_GREY, _COLOURS = (0.5, 0.5, 0.5), (
    (0.34, 0.71, 0.91), (0.90, 0.62, 0.0), (0.0, 0.62, 0.45), (0.80, 0.47, 0.65), (0.84, 0.37, 0.0), (0.0, 0.45, 0.70),
)  # fmt: skip


# Of a joint histogram's series, from few voxels to many: viridis from its bright end, since plots are drawn on white.
_COUNT_COLOURS = (
    (0.78, 0.88, 0.13), (0.37, 0.79, 0.38), (0.13, 0.64, 0.52), (0.17, 0.44, 0.56), (0.27, 0.23, 0.51),
    (0.27, 0.00, 0.33),
)  # fmt: skip


def chartSteps(chart: Chart, candidate: Any, replaced: Sequence[Any] = ()) -> Generator[Any, Any, Any]:
    """Adds a chart with its series and their tables, a node a step; what was added is gone again if it ends early.

    Args:
        candidate: node that the chart is about; the chart lies beside it.
        replaced: charts that will be removed then: the new one takes the name of the one with its title.
    """
    import slicer

    scene = slicer.mrmlScene
    made: list[Any] = []
    node: Any = None
    try:
        names = [each.GetName() for each in replaced if each.GetTitle() == chart.title]
        name = names[0] if names else scene.GenerateUniqueName(f"{candidate.GetName()} {chart.title}")
        node = scene.AddNewNodeByClass("vtkMRMLPlotChartNode", name)
        made.append(node)
        node.SetTitle(chart.title)
        node.SetXAxisTitle(chart.x_label)
        node.SetYAxisTitle(chart.y_label)
        node.SetAttribute(KIND, chart.kind)
        node.SetNodeReferenceID(CHART_OF, candidate.GetID())
        yield None
        for table, columns in _tables(chart, name, made):
            yield None
            for series, (x, y) in columns:
                seriesNode = _seriesNode(series, table, x, y, made)
                number = node.GetNumberOfPlotSeriesNodes()
                _paint(seriesNode, chart.series[number], number, chart)
                node.AddAndObservePlotSeriesNodeID(seriesNode.GetID())
                yield None
        placeBeside(node, candidate)
    except BaseException:  # also GeneratorExit: the run was cancelled
        for each in reversed(made):
            scene.RemoveNode(each)
        raise
    return node


def chartsOf(candidate: Any) -> list[Any]:
    """The charts about a candidate."""
    import slicer

    charts = slicer.util.getNodesByClass("vtkMRMLPlotChartNode")
    return [node for node in charts if node.GetNodeReference(CHART_OF) is candidate]


def removeChart(node: Any) -> None:
    """Removes a chart with its series and their tables."""
    import slicer

    series = [node.GetNthPlotSeriesNode(i) for i in range(node.GetNumberOfPlotSeriesNodes())]
    tables = {each.GetTableNode().GetID(): each.GetTableNode() for each in series if each.GetTableNode() is not None}
    for each in (node, *series, *tables.values()):
        if each.GetScene() is not None:
            slicer.mrmlScene.RemoveNode(each)


def _tables(chart: Chart, name: str, made: list[Any]) -> list[tuple[Any, list[tuple[Series, tuple[str, str]]]]]:
    """A table a length of series, since the columns of a table are equally long; hidden, in the order of the series."""
    import slicer

    groups: list[tuple[Any, list[tuple[Series, tuple[str, str]]]]] = []
    length, previous = -1, None
    for number, series in enumerate(chart.series):
        if len(series.x) != length:
            table = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", f"{name} values")
            table.SetHideFromEditors(True)
            made.append(table)
            groups.append((table, []))
            length, previous = len(series.x), None
        table, columns = groups[-1]
        if previous is not None and np.array_equal(previous[0], series.x):
            x = previous[1]
        else:
            x = chart.x_label if previous is None else f"{chart.x_label} ({number})"
            _addColumn(table, x, series.x)
        y = series.name if series.name != x else f"{series.name} (y)"
        _addColumn(table, y, series.y)
        previous = (series.x, x)
        columns.append((series, (x, y)))
    return groups


def _addColumn(table: Any, name: str, values: Sequence[float] | np.ndarray) -> None:
    import vtk
    from vtk.util.numpy_support import numpy_to_vtk

    column = numpy_to_vtk(np.ascontiguousarray(values, np.float64), deep=True, array_type=vtk.VTK_DOUBLE)
    column.SetName(name)
    table.AddColumn(column)


def _seriesNode(series: Series, table: Any, x: str, y: str, made: list[Any]) -> Any:
    import slicer

    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLPlotSeriesNode", series.name)
    made.append(node)
    node.SetAndObserveTableNodeID(table.GetID())
    node.SetXColumnName(x)
    node.SetYColumnName(y)
    node.SetPlotType(node.PlotTypeScatter)
    return node


def _paint(node: Any, series: Series, number: int, chart: Chart) -> None:
    isGuide = chart.kind in ("joint histogram", "Bland-Altman") and series.line
    isReference = chart.kind in ("histogram", "line profile") and number == 0
    place = number - 1 if chart.kind in ("histogram", "line profile") else 0
    node.SetColor(*(_GREY if isGuide or isReference else _COLOURS[place % len(_COLOURS)]))
    node.SetLineWidth(2.0)
    if series.line:
        node.SetLineStyle(node.LineStyleDash if isGuide and number > 1 else node.LineStyleSolid)
        node.SetMarkerStyle(node.MarkerStyleNone)
    else:
        node.SetLineStyle(node.LineStyleNone)
        node.SetMarkerStyle(node.MarkerStyleCircle)
        node.SetMarkerSize(3.0)
    if chart.kind == "joint histogram" and not series.line:
        node.SetColor(*_COUNT_COLOURS[min(number, len(_COUNT_COLOURS) - 1)])
        node.SetMarkerStyle(node.MarkerStyleSquare)
        node.SetMarkerSize(5.0)
