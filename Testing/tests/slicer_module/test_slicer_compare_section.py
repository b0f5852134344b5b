"""The Compare section: choose, press, look at table, maps, plots and layout, save, copy, open the page."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import slicer
from Testing.host import SlicerHost

from compare_scene import (
    COLS,
    ROWS,
    SLABS,
    add_stack,
    body_values,
    cell,
    choose,
    columns,
    compare,
    pixels_of,
    section,
)
from panel_driver import wait_until
from scene_probe import OBLIQUE, add_volume, chest_values, ijk_to_ras, node_ids


@pytest.fixture
def panel(gui: SlicerHost) -> Any:
    return gui.open_panel("XrayToCT")


def two_candidates(panel: Any) -> tuple[Any, Any, Any]:
    near, far, reference = add_stack("near", 10), add_stack("far", 90), add_stack("reference")
    choose(panel, [near, far], reference)
    return near, far, reference


def test_two_candidates_come_into_one_table_with_the_best_marked_and_nothing_else_is_touched(panel: Any) -> None:
    near, far, reference = two_candidates(panel)
    before, places = pixels_of(near, far, reference), [ijk_to_ras(node) for node in (near, far, reference)]
    made = compare(panel)
    table = made.table
    assert columns(table)[:4] == ["metric", "near", "far", "best"]
    assert {"unit", "slabs", "region", "n", "protocol", "window", "kernel", "grid"} <= set(columns(table))
    metrics = [cell(table, i, "metric").ToString() for i in range(table.GetNumberOfRows())]
    mae = metrics.index("MAE")
    assert cell(table, mae, "near").ToDouble() == pytest.approx(10)
    assert cell(table, mae, "far").ToDouble() == pytest.approx(90)
    assert cell(table, mae, "best").ToString() == "near"
    assert table.GetNthNodeReference("XrayToCT.Translated", 1) is far
    assert pixels_of(near, far, reference) == before
    for node, place in zip((near, far, reference), places, strict=True):
        np.testing.assert_array_equal(ijk_to_ras(node), place)
    shown = panel.ui.compareResultBrowser.toPlainText()
    assert "10.0 HU ★" in shown and "90.0 HU" in shown
    assert "Compared in" in panel.ui.compareStatusLabel.text


def test_the_maps_lie_where_the_candidate_lies_with_colours_symmetric_about_zero(panel: Any) -> None:
    stack, reference = add_stack("stack"), add_stack("reference")
    slicer.util.arrayFromVolume(stack)[1, 40:50, 30:40] += 300
    choose(panel, [stack], reference)
    compare(panel)
    (difference,) = [n for n in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
                     if n.GetAttribute("XrayToCT.Map") == "difference"]  # fmt: skip
    (similarity,) = [n for n in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
                     if n.GetAttribute("XrayToCT.Map") == "ssim"]  # fmt: skip
    values = slicer.util.arrayFromVolume(difference)
    k, j, i = np.unravel_index(np.argmax(values), values.shape)
    np.testing.assert_allclose(ijk_to_ras(difference), ijk_to_ras(stack), atol=1e-9)
    assert (k, values.max()) == (1, 300) and 40 <= j < 50 and 30 <= i < 40
    display = difference.GetDisplayNode()
    assert display.GetWindowLevelMin() == -display.GetWindowLevelMax() < 0
    colours = display.GetColorNode()
    ends = [[0.0] * 4, [0.0] * 4]
    for index, place in enumerate((0, colours.GetNumberOfColors() - 1)):
        colours.GetColor(place, ends[index])
    assert ends[0][2] > ends[0][0] and ends[1][0] > ends[1][2]  # blue below, red above
    assert slicer.util.arrayFromVolume(similarity).max() == pytest.approx(1)
    assert slicer.util.arrayFromVolume(similarity).shape == (SLABS, ROWS, COLS)


def test_maps_of_a_coarser_reference_fill_the_same_box_in_the_world(panel: Any) -> None:
    stack = add_stack("stack")
    coarse = body_values()[:, ::2, ::2]
    matrix = OBLIQUE.copy()
    matrix[:3, :2] *= 2
    matrix[:3, 3] += OBLIQUE[:3, :2] @ (0.5, 0.5)
    reference = slicer.util.addVolumeFromArray(coarse, matrix, "coarse")
    choose(panel, [stack], reference)
    made = compare(panel)
    for node in made.maps:
        assert slicer.util.arrayFromVolume(node).shape == coarse.shape
        np.testing.assert_allclose(ijk_to_ras(node), matrix, atol=1e-9)


def test_four_plots_are_made_with_their_series(panel: Any) -> None:
    two_candidates(panel)
    made = compare(panel)
    kinds = [chart.GetAttribute("XrayToCT.ChartKind") for chart in made.charts]
    assert kinds == ["histogram", "line profile", "joint histogram", "Bland-Altman", "joint histogram", "Bland-Altman"]
    names = [[chart.GetNthPlotSeriesNode(i).GetName() for i in range(chart.GetNumberOfPlotSeriesNodes())]
             for chart in made.charts]  # fmt: skip
    assert names[0] == ["reference", "near", "far"]
    assert names[3][0] == "voxels of near" and names[3][1].startswith("mean 1")
    for chart in made.charts:
        for i in range(chart.GetNumberOfPlotSeriesNodes()):
            series = chart.GetNthPlotSeriesNode(i)
            table = series.GetTableNode().GetTable()
            x, y = (table.GetColumnByName(name) for name in (series.GetXColumnName(), series.GetYColumnName()))
            assert x.GetNumberOfTuples() == y.GetNumberOfTuples() >= 2, series.GetName()
    histogram = made.charts[0].GetNthPlotSeriesNode(0)
    column = histogram.GetTableNode().GetTable().GetColumnByName(histogram.GetYColumnName())
    assert sum(column.GetValue(i) for i in range(column.GetNumberOfTuples())) == pytest.approx(100)
    assert made.charts[0].GetXAxisTitle() == "HU"


def test_comparing_again_replaces_maps_and_plots_instead_of_piling_them_up(panel: Any) -> None:
    two_candidates(panel)
    names = [chart.GetName() for chart in compare(panel).charts]
    first = [slicer.mrmlScene.GetNodeByID(i).GetClassName() for i in node_ids()]
    assert [chart.GetName() for chart in compare(panel).charts] == names
    second = [slicer.mrmlScene.GetNodeByID(i).GetClassName() for i in node_ids()]
    for kind in ("vtkMRMLScalarVolumeNode", "vtkMRMLPlotChartNode", "vtkMRMLPlotSeriesNode"):
        assert first.count(kind) == second.count(kind), kind
    assert second.count("vtkMRMLTableNode") == first.count("vtkMRMLTableNode") + 1  # every table is kept


def test_a_drawn_line_is_the_profile(panel: Any) -> None:
    stack, reference = add_stack("stack", 10), add_stack("reference")
    line = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsLineNode", "line")
    for column in (0.0, 40.0):
        line.AddControlPointWorld(*(OBLIQUE @ (column, 48.0, 2.0, 1.0))[:3])
    choose(panel, [stack], reference)
    panel.ui.compareLineSelector.setCurrentNode(line)
    made = compare(panel)
    chart = next(c for c in made.charts if c.GetAttribute("XrayToCT.ChartKind") == "line profile")
    assert chart.GetTitle() == "Line profile, the drawn line, slab 3 of 4"
    series = chart.GetNthPlotSeriesNode(0)
    x = series.GetTableNode().GetTable().GetColumnByName(series.GetXColumnName())
    assert x.GetValue(x.GetNumberOfTuples() - 1) == pytest.approx(40 * 2.5)


def test_the_layout_shows_candidate_reference_difference_plots_and_table(gui: SlicerHost, panel: Any) -> None:
    gui.show_main_window()
    near, _, reference = two_candidates(panel)
    made = compare(panel)
    scene = slicer.mrmlScene
    shown = {
        tag: scene.GetSingletonNode(tag, "vtkMRMLSliceCompositeNode").GetBackgroundVolumeID()
        for tag in ("XrayToCTCandidate", "XrayToCTReference", "XrayToCTDifference", "XrayToCTSimilarity")
    }
    assert list(shown.values())[:2] == [near.GetID(), reference.GetID()]
    assert [scene.GetNodeByID(i).GetAttribute("XrayToCT.Map") for i in list(shown.values())[2:]] == [
        "difference",
        "ssim",
    ]
    for tag, kind in (("XrayToCTHistogram", "histogram"), ("XrayToCTBlandAltman", "Bland-Altman")):
        view = scene.GetSingletonNode(tag, "vtkMRMLPlotViewNode")
        assert view.GetPlotChartNode().GetAttribute("XrayToCT.ChartKind") == kind
    assert scene.GetSingletonNode("XrayToCTFidelity", "vtkMRMLTableViewNode").GetTableNode() is made.table


def test_csv_json_and_clipboard_have_the_table_s_numbers(gui: SlicerHost, panel: Any, tmp_path: Path) -> None:
    import qt

    two_candidates(panel)
    made = compare(panel)
    for name in ("table.csv", "all.json"):
        panel.ui.compareSavePathEdit.setCurrentPath(str(tmp_path / name))
        panel.ui.compareSaveButton.click()
        assert "Saved" in panel.ui.compareStatusLabel.text
    with (tmp_path / "table.csv").open(encoding="utf-8", newline="") as stream:
        lines = [line for line in csv.DictReader(stream) if line["candidate"] == "far"]
    key = ("metric", "variant", "slabs", "region")
    saved = {tuple(line[name] for name in key): float(line["value"]) for line in lines}
    rows = {tuple(getattr(row, name) for name in key): row.value for row in made.reports[1].rows}
    assert saved == pytest.approx(rows, nan_ok=True)
    record = json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))
    assert [each["candidate"] for each in record["candidates"]] == ["near", "far"]
    panel.ui.compareCopyButton.click()
    copied = [line.split("\t") for line in qt.QApplication.clipboard().text().splitlines()]
    assert copied[0][:4] == ["metric", "near", "far", "best"]
    assert copied[1][:4] == ["MAE", "10.0 HU", "90.0 HU", "near"]


def test_the_report_is_drawn_elsewhere_and_opened(gui: SlicerHost, panel: Any) -> None:
    two_candidates(panel)
    compare(panel)
    panel.ui.compareReportButton.click()
    assert panel.ui.compareReportButton.text == "Cancel"
    wait_until(lambda: section(panel).page.run is None, "the page")
    assert len(gui.gui.opened) == 1, panel.ui.compareStatusLabel.text
    (address,) = gui.gui.opened
    path = Path(address.removeprefix("file://"))
    text = path.read_text(encoding="utf-8")
    assert "near, far against reference" in text and "10.0 HU" in text and "Not for diagnostic use" in text


def test_cancel_leaves_nothing_behind(panel: Any) -> None:
    two_candidates(panel)
    before = node_ids()
    panel.ui.compareButton.click()
    assert panel.ui.compareButton.text == "Cancel"
    panel.ui.compareButton.click()
    assert section(panel).controls.run is None
    assert panel.ui.compareStatusLabel.text == "Cancelled. Nothing was changed."
    assert node_ids() == before
    assert section(panel).comparison is None
    assert not panel.ui.compareReportButton.enabled


def test_cancel_while_the_result_is_put_into_the_scene_takes_it_back(
    panel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import XrayToCTPanel.comparison_run as comparison_run

    show = comparison_run.showMaps

    def cancelled(*arguments: Any) -> Any:
        nodes = show(*arguments)
        section(panel).controls.run.cancel()
        return nodes

    two_candidates(panel)
    before = node_ids()
    monkeypatch.setattr(comparison_run, "showMaps", cancelled)
    assert compare(panel) is None
    assert panel.ui.compareStatusLabel.text == "Cancelled. Nothing was changed."
    left = [slicer.mrmlScene.GetNodeByID(i) for i in node_ids() if i not in before]
    assert [node.GetName() for node in left if not node.IsA("vtkMRMLColorTableNode")] == []  # colours of maps are kept


def test_a_deleted_reference_ends_the_comparison_in_one_sentence(panel: Any) -> None:
    _, _, reference = two_candidates(panel)
    panel.ui.compareButton.click()
    slicer.mrmlScene.RemoveNode(reference)
    wait_until(lambda: section(panel).controls.run is None, "the end")
    assert "reference is gone" in panel.ui.compareStatusLabel.text


def test_closing_the_scene_forgets_the_comparison_and_its_files(gui: SlicerHost, panel: Any) -> None:
    two_candidates(panel)
    folder = compare(panel).folder.path
    assert folder.is_dir()
    gui.close_scene()
    assert not folder.exists()
    assert not panel.ui.compareButton.enabled
    assert not panel.ui.compareCopyButton.enabled


def test_a_look_at_another_module_keeps_the_result(gui: SlicerHost, panel: Any) -> None:
    two_candidates(panel)
    made = compare(panel)
    gui.gui.leave_panel("XrayToCT")
    gui.open_panel("XrayToCT")
    assert section(panel).comparison is made and made.folder.path.is_dir()
    assert panel.ui.compareReportButton.enabled and panel.ui.compareResultBrowser.toPlainText()


@pytest.mark.parametrize(
    ("prepare", "sentence"),
    [
        (lambda panel: None, "Choose one or more candidates"),
        (lambda panel: choose(panel, [add_stack("a")], None), "Choose a reference"),
        (lambda panel: choose(panel, [add_stack("a"), add_volume(chest_values(), name="x")], add_stack("b")),
         "Stacks and single images"),
    ],
)  # fmt: skip
def test_what_is_missing_is_said_before_it_is_pressed(panel: Any, prepare: Any, sentence: str) -> None:
    prepare(panel)
    assert not panel.ui.compareButton.enabled
    assert sentence in panel.ui.compareButton.toolTip
    assert sentence in panel.ui.compareHintLabel.text


def test_a_node_on_both_sides_is_refused(panel: Any) -> None:
    stack = add_stack("stack")
    choose(panel, [stack], stack)
    assert "candidate and reference at once" in panel.ui.compareHintLabel.text


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda stack, reference: slicer.util.arrayFromVolume(reference).fill(-1000), "body is empty"),
        (lambda stack, reference: reference.SetSpacing(9, 9, 1.25), "do not show the same field"),
    ],
)
def test_bad_references_are_said_plainly_in_the_panel(panel: Any, spoil: Any, sentence: str) -> None:
    stack, reference = add_stack("stack"), add_stack("reference")
    spoil(stack, reference)
    choose(panel, [stack], reference)
    before = node_ids()
    assert compare(panel) is None
    assert sentence in panel.ui.compareStatusLabel.text
    assert node_ids() == before
    assert panel.ui.compareButton.enabled


def test_an_empty_mask_is_said_in_the_panel(panel: Any) -> None:
    stack, reference = add_stack("stack"), add_stack("reference")
    zeros = np.zeros((SLABS, ROWS, COLS), np.uint8)
    mask = slicer.util.addVolumeFromArray(zeros, OBLIQUE, "nothing", "vtkMRMLLabelMapVolumeNode")
    choose(panel, [stack], reference)
    panel.ui.compareMaskSelector.setCurrentNode(mask)
    assert compare(panel) is None
    assert "nothing is empty" in panel.ui.compareStatusLabel.text


def test_an_unwritable_name_is_said_and_nothing_is_written(panel: Any, tmp_path: Path) -> None:
    choose(panel, [add_stack("stack", 5)], add_stack("reference"))
    compare(panel)
    for name, sentence in (("table.xls", "Use .csv, .json or .html"), ("none/table.csv", "could not be written")):
        panel.ui.compareSavePathEdit.setCurrentPath(str(tmp_path / name))
        panel.ui.compareSaveButton.click()
        assert sentence in panel.ui.compareStatusLabel.text
    assert list(tmp_path.iterdir()) == []


def test_the_choice_is_saved_with_the_scene(gui: SlicerHost, panel: Any, tmp_path: Path) -> None:
    two_candidates(panel)
    panel.ui.compareViewComboBox.setCurrentIndex(2)
    assert gui.save_scene(tmp_path / "scene.mrb")
    gui.close_scene()
    assert gui.load_scene(tmp_path / "scene.mrb")
    gui.gui.leave_panel("XrayToCT")
    panel = gui.open_panel("XrayToCT")
    assert [node.GetName() for node in panel.ui.compareCandidatesComboBox.checkedNodes()] == ["near", "far"]
    assert panel.ui.compareReferenceSelector.currentNode().GetName() == "reference"
    assert panel.ui.compareViewComboBox.currentText == "AP"


def test_the_verb_does_the_same_without_the_panel(gui: SlicerHost, panel: Any) -> None:
    near, far, reference = add_stack("near", 10), add_stack("far", 90), add_stack("reference")
    seen: list[float] = []
    made = panel.logic.compare([near, far], reference, progress=lambda fraction, phase: seen.append(fraction))
    assert [report.candidate for report in made.reports] == ["near", "far"]
    assert seen == sorted(seen) and seen[-1] == 1
    made.forget()
