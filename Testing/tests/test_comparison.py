"""A comparison in a process of its own: the same answer, its progress, its refusals, its page."""

from __future__ import annotations

import dataclasses
import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fidelity_stacks import box_stack, shifted
from html_page import Page

from Testing.tests.alignment_phantom import phantom
from XrayToCTLib import project, reference_stack
from XrayToCTLib.alignment.record import AlignmentKind, AlignmentRecord
from XrayToCTLib.comparison import ALIGNMENTS, Candidate, ComparisonRequest, VolumeReference, measure
from XrayToCTLib.comparison.charts import charts
from XrayToCTLib.comparison.child import PAGE, command
from XrayToCTLib.comparison.files import read_reports, read_request, write_reports, write_request
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.fidelity.candidate_table import candidate_table
from XrayToCTLib.progress import ComparisonCancelled
from XrayToCTLib.projection import ProjectionGeometry


def request(**changes) -> ComparisonRequest:
    reference = box_stack()
    candidates = (Candidate("near", shifted(reference, 10)), Candidate("far", shifted(reference, 90)))
    return dataclasses.replace(ComparisonRequest(candidates, reference, "the CT"), **changes)


def answer(verb: str, folder: Path) -> list[dict]:
    """The lines that the process says."""
    run = subprocess.run(command(sys.executable, verb, folder), capture_output=True, text=True, timeout=120, check=True)
    return [json.loads(line) for line in run.stdout.splitlines()]


def test_each_candidate_gets_a_report_with_its_name():
    reports = measure(request())
    assert [(report.candidate, report.reference) for report in reports] == [("near", "the CT"), ("far", "the CT")]
    assert [report.row("MAE").value for report in reports] == pytest.approx([10, 90], abs=0.1)


def test_a_cancelled_comparison_ends():
    with pytest.raises(ComparisonCancelled):
        measure(request(), lambda fraction, phase: False)


def test_a_request_survives_its_folder(tmp_path):
    mask = np.zeros((48, 40), bool)
    mask[20:30, 10:30] = True
    volume = VolumeReference(np.arange(24, dtype=np.int16).reshape(2, 3, 4), np.diag((1.0, 2.0, 3.0, 1.0)), "MR")
    given = request(reference=volume, mask=mask, alignment="axes", view="AP")
    write_request(tmp_path, given, slab=3)
    read, options = read_request(tmp_path)
    assert (read.alignment, read.view, read.reference_name, options) == ("axes", "AP", "the CT", {"slab": 3})
    np.testing.assert_array_equal(read.reference.values, volume.values)
    np.testing.assert_array_equal(read.reference.ijk_to_ras, volume.ijk_to_ras)
    np.testing.assert_array_equal(read.mask, mask)
    np.testing.assert_array_equal(read.candidates[1].image.hu, given.candidates[1].image.hu)


def test_reports_survive_their_folder_with_what_json_has_no_word_for(tmp_path):
    report = measure(request())[0]
    record = AlignmentRecord(AlignmentKind.REGISTRATION, "PA", matrix=(1.0, 0.0, 2.0, 0.0, 1.0, 3.0), starts=9)
    rows = (dataclasses.replace(report.rows[0], value=math.inf), dataclasses.replace(report.rows[1], value=math.nan))
    given = dataclasses.replace(report, alignment_record=record, rows=rows, warnings=("A remark.",))
    write_reports(tmp_path, [given], charts([given]))
    (read,), drawn = read_reports(tmp_path)
    assert read.rows[0] == rows[0] and math.isnan(read.rows[1].value)
    assert read.alignment_record.sentence == record.sentence
    assert (read.spacing, read.window, read.warnings) == (given.spacing, given.window, given.warnings)
    for name in ("difference", "result_image", "reference_image", "ssim_map", "region"):
        np.testing.assert_array_equal(getattr(read, name), getattr(given, name))
    assert [chart.kind for chart in drawn] == ["histogram", "line profile", "joint histogram", "Bland-Altman"]
    np.testing.assert_array_equal(drawn[0].series[1].y, charts([given])[0].series[1].y)


def test_another_process_gives_the_same_numbers_and_makes_the_page(tmp_path):
    write_request(tmp_path, request())
    said = answer("measure", tmp_path)
    assert said[-1] == {"done": True}
    fractions = [line["fraction"] for line in said[:-1]]
    assert fractions == sorted(fractions) and "far: measuring" in [line["phase"] for line in said[:-1]]
    reports, _ = read_reports(tmp_path)
    assert [report.rows for report in reports] == [report.rows for report in measure(request())]
    assert answer("page", tmp_path)[-1] == {"done": True}
    page = Page(tmp_path / PAGE)
    shown = [report.row("MAE").value_text for report in reports]
    assert ["MAE", *shown] in page.rows
    assert "near, far against the CT" in page.text


def test_what_cannot_be_compared_is_said_by_the_process_too(tmp_path):
    write_request(tmp_path, request(mask=np.zeros((48, 40), bool)))
    last = answer("measure", tmp_path)[-1]
    assert "mask is empty" in last["error"] and last["hint"]


def test_a_folder_without_a_request_is_a_fault_that_is_said(tmp_path):
    assert "FileNotFoundError" in answer("measure", tmp_path)[-1]["error"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"candidates": ()}, "Nothing is chosen"),
        ({"alignment": "guess"}, "no alignment 'guess'"),
    ],
)
def test_a_request_that_makes_no_sense_gets_a_sentence(changes, sentence):
    with pytest.raises(XrayToCTError, match=sentence):
        request(**changes)


def test_charts_hold_the_same_voxels_and_lines_as_the_numbers():
    report = measure(request())[1]
    by_kind = {chart.kind: chart for chart in charts([report])}
    cloud, bias = by_kind["Bland-Altman"].series[:2]
    assert cloud.x.shape == cloud.y.shape == (2000,)
    assert bias.y == pytest.approx(report.row("ME", slabs="all slabs").value, abs=0.01)
    assert by_kind["joint histogram"].series[-1].name == "equal"
    assert sum(by_kind["histogram"].series[0].y) == pytest.approx(100)


def test_beside_an_mri_no_chart_needs_a_common_scale():
    report = dataclasses.replace(measure(request())[0], modality="MR", unit="", window=None)
    by_kind = {chart.kind: chart for chart in charts([report])}
    assert set(by_kind) == {"histogram", "line profile", "joint histogram"}
    assert all("voxels a bin" in series.name for series in by_kind["joint histogram"].series)


def test_the_joint_histogram_has_every_bin_in_the_series_of_its_count():
    report = measure(request())[0]
    *counted, equal = next(c for c in charts([report]) if c.kind == "joint histogram").series
    assert equal.x.tolist() == equal.y.tolist()
    inside = report.region
    reference, result = report.reference_image[inside], report.result_image[inside]
    bins = np.linspace(*equal.x, 65)
    counts, _, _ = np.histogram2d(np.clip(reference, *equal.x), np.clip(result, *equal.x), (bins, bins))
    assert counts.sum() == inside.sum()
    assert sum(series.x.size for series in counted) == (counts > 0).sum()
    for series in counted:
        low, high = (int(word) for word in series.name.split()[:3:2])
        found = counts[np.digitize(series.x, bins) - 1, np.digitize(series.y, bins) - 1]
        assert found.size and (found >= low).all() and (found <= high).all()


def test_a_drawn_line_is_followed():
    report = measure(request())[0]
    (profile,) = [c for c in charts([report], line=((0.0, 0.5), (1.0, 0.5)), slab=1) if c.kind == "line profile"]
    assert profile.series[0].x[-1] == pytest.approx(47 * 3.0)
    assert profile.title == "Line profile, the drawn line, slab 2 of 4"


GEOMETRY = ProjectionGeometry(shape=(88, 100), spacing=(4.0, 4.0))
RAS = np.diag((-3.0, -3.0, 4.0, 1.0))  # IJK to RAS of the phantom's voxels


def of_a_volume(**changes) -> ComparisonRequest:
    """Two stacks against the CT volume that they were made from: one exact, one 50 HU too dense."""
    ct = phantom()
    exact = reference_stack(ct, geometry=GEOMETRY, slabs=8, slab_thickness=25.0)
    given = ComparisonRequest(
        candidates=(Candidate("exact", exact), Candidate("dense", dataclasses.replace(exact, hu=exact.hu + 50))),
        reference=VolumeReference(ct.hu, RAS, "CT"),
        reference_name="the CT",
        alignment="axes",
    )
    return dataclasses.replace(given, **changes)


def test_a_volume_is_projected_along_its_axes_and_the_exact_stack_is_best():
    exact, dense = measure(of_a_volume())
    assert exact.row("MAE", slabs="all slabs").value < 1
    assert dense.row("ME", slabs="all slabs").value == pytest.approx(50, abs=1)
    assert exact.alignment_record.kind is AlignmentKind.AXES
    lines = {(line.metric, line.scope): line for line in candidate_table([exact, dense])}
    assert lines["MAE", ("all slabs", "body")].best == {0}


def test_a_volume_of_other_axes_under_a_transform_gives_the_same_numbers():
    ct = phantom()
    turned = np.flip(ct.hu.transpose(2, 0, 1), 0)  # (x reversed, z, y)
    matrix = np.array([[0, 0, 3.0, -3.0 * 95], [-3.0, 0, 0, 0], [0, 4.0, 0, 0], [0, 0, 0, 1]])
    matrix[:3, 3] += (7.0, -40.0, 1000.0)  # wherever it lies: its own centre counts
    plain, other = (
        measure(of_a_volume(reference=VolumeReference(values, place, "CT")))[1]
        for values, place in ((ct.hu, RAS), (np.ascontiguousarray(turned), matrix))
    )
    for row, again in zip(plain.rows, other.rows, strict=True):
        assert again.value == pytest.approx(row.value, rel=1e-3, abs=1e-3, nan_ok=True), row.metric


def test_a_registration_is_made_once_and_said_of_all_candidates():
    radiograph = project(phantom(), geometry=dataclasses.replace(GEOMETRY, rotation_deg=(4.0, -3.0, 2.0)))
    phases: list[str] = []
    made = measure(of_a_volume(alignment="", radiograph=radiograph), lambda fraction, phase: phases.append(phase))
    assert {report.alignment_record.kind for report in made} == {AlignmentKind.REGISTRATION}
    assert made[0].alignment == made[1].alignment
    np.testing.assert_allclose(made[0].alignment_record.rotation_deg, (4, -3, 2), atol=1)
    assert math.isfinite(made[0].alignment_record.residual)


def test_an_mri_is_compared_along_its_axes_by_what_makes_sense_across_contrasts():
    mri = VolumeReference(np.clip(phantom().hu + 1000, 0, None).astype(np.int16), RAS, "MR")
    radiograph = project(phantom(), geometry=GEOMETRY)
    exact, _ = measure(of_a_volume(reference=mri, alignment="", radiograph=radiograph))
    metrics = {row.metric for row in exact.rows}
    assert exact.modality == "MR" and "NMI" in metrics and not {"MAE", "PSNR-2500", "SSIM"} & metrics
    assert exact.ssim_map is None


@pytest.mark.parametrize(
    ("values", "matrix", "modality", "sentence"),
    [
        (None, np.diag((0.0, 3.0, 4.0, 1.0)), "CT", "no voxel spacing"),
        (None, RAS, "PT", "modality PT"),
        (np.zeros((9, 9, 9), np.int16), RAS, "CT", "constant"),
        (np.zeros((1, 9, 9), np.int16), RAS, "CT", "no volume"),
    ],
)
def test_a_volume_that_is_no_reference_is_named(values, matrix, modality, sentence):
    given = phantom().hu if values is None else values
    with pytest.raises(XrayToCTError, match=sentence):
        measure(of_a_volume(reference=VolumeReference(given, matrix, modality)))


def test_every_alignment_of_the_library_can_be_asked_for():
    from importlib import import_module

    assert tuple(ALIGNMENTS) == import_module("XrayToCTLib.fidelity.compare").ALIGNMENTS
