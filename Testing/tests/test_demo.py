"""The demo: from the sample to pictures, a scene that opens and a page; and a rendering that can fail alone."""

from __future__ import annotations

import csv
import json
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from Testing.demo.__main__ import main
from Testing.demo.rendering_process import RenderingProcess
from Testing.demo.slice_view import save_slice_view
from Testing.demo.walk import DemoResults, walk
from Testing.host import start_slicer
from XrayToCTLib import CtStack, read_stack, write_stack
from XrayToCTLib.radiograph import View


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> DemoResults:
    return walk(tmp_path_factory.mktemp("demo"), device="cpu")


@pytest.fixture
def stack_file(tmp_path) -> Path:
    """A bright ball, off centre towards the first rows, in air: 16 slabs of 20 mm on 48 x 48 pixels of 8 mm."""
    y, x = np.mgrid[:48, :48] * 8.0
    depth = np.arange(16)[:, None, None] * 20.0
    ball = (y - 120) ** 2 + (x - 192) ** 2 + (depth - 150) ** 2 < 90**2
    stack = CtStack(np.where(ball, 400, -1000).astype(np.float32), (8.0, 8.0), 20.0, View.PA)
    return write_stack(stack, tmp_path / "ball.nrrd")


def test_every_file_that_the_demo_names_is_there(results):
    for path in (results.report_page, results.scene_file, results.stack_file, *results.pictures.values()):
        assert path.stat().st_size > 0, path
        assert str(path.parent) in results.summary()


def test_every_picture_is_a_picture_with_something_on_it(results):
    for path in results.pictures.values():
        image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        assert image is not None, path
        assert min(image.shape) > 300, path
        assert image.std() > 15, path


def test_the_scene_holds_radiograph_stack_and_reference_and_opens_again(results):
    with zipfile.ZipFile(results.scene_file) as bundle:
        assert bundle.testzip() is None
        mrml = next(name for name in bundle.namelist() if name.endswith(".mrml"))
        assert b"XrayToCT.ModelId" in bundle.read(mrml)
    with start_slicer() as host:
        assert host.load_scene(results.scene_file)
        import slicer

        volumes = {node.GetName(): node for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")}
        assert {"Sample chest PA (simulated)", "Sample reference CT stack"} < set(volumes)
        (made,) = (node for node in volumes.values() if node.GetAttribute("XrayToCT.ModelId"))
        assert slicer.util.arrayFromVolume(made).shape == read_stack(results.stack_file).hu.shape


def test_the_reference_lies_on_the_radiograph_in_the_scene(results):
    with start_slicer() as host:
        assert host.load_scene(results.scene_file)
        import slicer

        fields = []
        for name in ("Sample chest PA (simulated)", "Sample reference CT stack"):
            bounds = [0.0] * 6
            slicer.util.getNode(name).GetSliceBounds(bounds, None)
            fields.append(bounds[:4])
        np.testing.assert_allclose(fields[0], fields[1], atol=0.01)


def test_page_table_and_terminal_show_the_reports_numbers(results):
    page, summary = results.report_page.read_text(encoding="utf-8"), results.summary()
    rows = json.loads((results.report_page.parent / "metrics.json").read_text(encoding="utf-8"))["rows"]
    with (results.report_page.parent / "metrics.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    for row, record, line in zip(results.report.rows, rows, lines, strict=True):
        assert row.value_text in page and row.value_text in summary
        assert record["value"] == row.value == float(line["value"])


def test_the_sample_is_called_simulated_and_credited(results):
    page = results.report_page.read_text(encoding="utf-8")
    assert "SIMULATED" in page and "LIDC-IDRI-0001" in page and "CC BY 3.0" in page
    assert "simulated" in results.summary()
    assert "Not for diagnostic use" in page and "Not for diagnostic use" in results.summary()


def test_a_missing_or_unusable_place_ends_in_a_sentence(tmp_path, capsys):
    taken = tmp_path / "taken"
    taken.write_text("a file")
    assert main(["--output", str(taken)]) == 1
    assert "The demo stopped: " in capsys.readouterr().err
    assert taken.read_text() == "a file"


def test_the_slice_view_shows_the_slab_upright(tmp_path, stack_file):
    with start_slicer() as host:
        host.load_module("XrayToCT")
        node = host.load_volume(stack_file, "ball")
        node.SetIJKToRASDirections(-1, 0, 0, 0, -1, 0, 0, 0, 1)  # as a radiograph lies: row 0 in front
        node.CreateDefaultDisplayNodes()
        node.GetDisplayNode().SetAutoWindowLevel(False)
        node.GetDisplayNode().SetWindowLevel(1500, -300)
        node.GetDisplayNode().SetAndObserveColorNodeID("vtkMRMLColorTableNodeGrey")
        path = save_slice_view(host, node, (0.0, 0.0, 140.0), tmp_path / "view.png")
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    panel = image[72:672, 10:610] > 200
    rows, cols = np.nonzero(panel[:500])  # above the scale bar
    assert rows.mean() == pytest.approx(120 / 384 * 600, abs=25)
    assert cols.mean() == pytest.approx(300, abs=25)
    assert np.ptp(rows) == pytest.approx(np.ptp(cols), abs=20)


def test_the_rendering_shows_the_ball(tmp_path, stack_file):
    picture = tmp_path / "ball.png"
    reason = RenderingProcess(stack_file, picture).finish(60)
    if reason:
        pytest.skip(f"no volume rendering on this machine: {reason}")
    image = cv2.imread(str(picture), cv2.IMREAD_GRAYSCALE)[:720]
    bright = np.argwhere(image > 110)
    assert len(bright) > 2000
    assert bright[:, 0].mean() < 340  # towards the first rows, which are on top


def test_a_rendering_that_fails_says_why_and_leaves_no_picture_of_an_earlier_run(tmp_path):
    broken, picture = tmp_path / "broken.nrrd", tmp_path / "old.png"
    broken.write_text("no stack")
    picture.write_text("of an earlier run")
    assert "failed with code" in RenderingProcess(broken, picture).finish(60)
    assert not picture.exists()


def test_a_rendering_that_hangs_is_ended(tmp_path, stack_file):
    rendering = RenderingProcess(stack_file, tmp_path / "late.png")
    assert "more than 0.05 s" in rendering.finish(0.05)
    assert rendering._process.poll() is not None
