"""compare: the right numbers on the right grid, with their protocol, and sentences for what cannot be compared."""

from __future__ import annotations

import csv
import dataclasses
import json
import math

import numpy as np
import pytest

from XrayToCTLib.ct_stack import CtStack
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.fidelity.compare import compare
from XrayToCTLib.radiograph import View


def make_reference(
    slabs: int = 4, rows: int = 48, cols: int = 40, spacing: tuple[float, float] = (3.0, 2.0)
) -> CtStack:
    """A box of soft tissue with a lung in air, HU (slabs, rows, cols)."""
    hu = np.full((slabs, rows, cols), -1000, np.float32)
    hu[:, rows // 6 : -rows // 6, cols // 5 : -cols // 5] = 40
    hu[:, rows // 3 : rows // 2, cols // 3 : cols // 2] = -800
    return CtStack(hu=hu, spacing=spacing, slab_thickness=20.0, view=View.PA)


def shifted(reference: CtStack, offset: float) -> CtStack:
    return dataclasses.replace(reference, hu=reference.hu + np.float32(offset))


def test_an_offset_comes_back_as_mae_bias_rmse_and_psnr_in_every_scope():
    reference = make_reference()
    report = compare(shifted(reference, 25), reference)
    for slabs in ("central slab", "all slabs"):
        for region in ("body", "whole field"):
            assert report.row("MAE", slabs=slabs, region=region).value == pytest.approx(25)
            assert report.row("ME", slabs=slabs, region=region).value == pytest.approx(25)
            assert report.row("RMSE", slabs=slabs, region=region).value == pytest.approx(25)
            assert report.row("PSNR-2500", slabs=slabs, region=region).value == pytest.approx(40)
            assert 0.9 < report.row("SSIM", slabs=slabs, region=region).value < 1
    assert len(report.rows) == 20
    np.testing.assert_allclose(report.difference, 25, atol=1e-3)
    assert report.alignment == "none"


def test_the_central_slab_rows_see_the_central_slab_alone():
    reference = make_reference()
    hu = reference.hu.copy()
    hu[reference.slabs // 2] += 80
    report = compare(dataclasses.replace(reference, hu=hu), reference)
    assert report.row("MAE").value == pytest.approx(80)
    assert report.row("MAE", slabs="all slabs").value == pytest.approx(80 / reference.slabs)


def test_the_body_rows_ignore_errors_in_the_air_around():
    reference = make_reference()
    hu = reference.hu.copy()
    hu[:, :, :3] = 500
    report = compare(dataclasses.replace(reference, hu=hu), reference)
    assert report.row("MAE", region="body").value == 0
    assert report.row("MAE", region="whole field").value == pytest.approx(1500 * 3 / 40)


def test_a_finer_stack_is_area_averaged_to_the_reference_grid():
    reference = make_reference()
    fine = np.repeat(np.repeat(reference.hu, 3, axis=1), 2, axis=2)
    checker = np.where(np.indices(fine.shape).sum(0) % 2, 60, -60).astype(np.float32)  # averages to 0 over 3 x 2
    stack = CtStack(hu=fine + checker, spacing=(1.0, 1.0), slab_thickness=20.0, view=View.PA)
    report = compare(stack, reference)
    assert report.row("MAE", region="whole field").value == pytest.approx(0, abs=1e-3)
    assert report.difference.shape == reference.hu.shape
    assert report.spacing == reference.spacing
    assert "area averaging" in report.protocol
    assert all("by area averaging" in row.protocol for row in report.rows)


def test_a_grid_without_a_whole_factor_shifts_nothing():
    """A ramp in HU, sampled on two grids of one extent: where edges align, the two agree to a fraction of a step."""
    fine = np.broadcast_to(np.arange(120, dtype=np.float32), (1, 90, 120))
    centres = (np.arange(47) + 0.5) * 120 / 47 - 0.5
    coarse = np.broadcast_to(centres.astype(np.float32), (1, 35, 47))
    stack = CtStack(fine.copy(), (1.0, 1.0), 20.0, View.PA)
    reference = CtStack(coarse.copy(), (90 / 35, 120 / 47), 20.0, View.PA)
    assert np.abs(compare(stack, reference).difference).max() < 0.06


def test_a_reference_can_be_given_as_a_file(tmp_path):
    stack_file = pytest.importorskip("XrayToCTLib.translation.stack_file")
    reference = make_reference()
    path = tmp_path / "reference.nrrd"
    stack_file.write_stack(reference, path)
    assert compare(shifted(reference, 10), path).row("MAE").value == pytest.approx(10, abs=1e-3)


def test_a_mask_replaces_the_body_and_may_lie_on_either_grid():
    reference = make_reference()
    hu = reference.hu.copy()
    hu[:, :10] += 100
    stack = dataclasses.replace(reference, hu=hu)
    mask = np.zeros(reference.hu.shape[1:], bool)
    mask[:20] = True
    assert compare(stack, reference, mask=mask).row("MAE", region="given mask").value == pytest.approx(50)
    fine = CtStack(np.repeat(hu, 2, axis=1), (1.5, 2.0), 20.0, View.PA)
    on_the_stack = np.broadcast_to(np.repeat(mask, 2, axis=0), fine.hu.shape)
    assert compare(fine, reference, mask=on_the_stack).row("MAE", region="given mask").value == pytest.approx(50)


def test_every_row_states_its_whole_protocol():
    reference = make_reference()
    for row in compare(shifted(reference, 5), reference).rows:
        assert "[-1024, 1476] HU" in row.protocol
        assert "48 x 40 at 3 x 2 mm" in row.protocol
        assert f"n = {row.n} voxels" in row.protocol
        assert ("2D" in row.protocol) or ("3D" in row.protocol)
        assert ("body of the reference" in row.protocol) == (row.region == "body")
        assert ("range 2500 HU" in row.protocol) == (row.metric in ("PSNR-2500", "SSIM"))


def test_n_counts_the_voxels_of_the_scope():
    reference = make_reference()
    report = compare(shifted(reference, 5), reference)
    assert report.row("MAE", slabs="all slabs", region="whole field").n == reference.hu.size
    assert report.row("SSIM", region="whole field").n == (48 - 10) * (40 - 10)


def test_json_csv_and_text_carry_the_same_numbers(tmp_path):
    reference = make_reference()
    report = compare(shifted(reference, 12.5), reference)
    content = json.loads(report.to_json())
    assert [row["value"] for row in content["rows"]] == [row.value for row in report.rows]
    with report.to_csv(tmp_path / "report.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [float(line["value"]) for line in lines] == [row.value for row in report.rows]
    assert [line["protocol"] for line in lines] == [row.protocol for row in report.rows]
    text = report.table_text()
    assert "12.5 HU" in text and "Alignment: none." in text
    assert all(row.value_text in text for row in report.rows)


def test_a_perfect_result_has_an_infinite_psnr_that_json_can_carry():
    reference = make_reference()
    report = compare(reference, reference)
    assert report.row("PSNR-2500").value == math.inf
    rows = json.loads(report.to_json())["rows"]
    assert [row["value"] for row in rows if row["metric"] == "PSNR-2500"] == [None] * 4
    assert "inf dB" in report.table_text()


def test_a_csv_that_cannot_be_written_gets_a_sentence_and_leaves_nothing(tmp_path):
    reference = make_reference()
    report = compare(reference, reference)
    with pytest.raises(XrayToCTError, match="could not be written"):
        report.to_csv(tmp_path / "missing" / "report.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(XrayToCTError, match="could not be written"):
        report.to_csv(tmp_path / "folder.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["folder.csv"]


def test_asking_for_a_row_that_is_not_there_gets_a_sentence():
    reference = make_reference()
    with pytest.raises(XrayToCTError, match="no LPIPS"):
        compare(reference, reference).row("LPIPS")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"view": View.LATERAL}, "seen PA, the reference LATERAL"),
        ({"hu": np.zeros((3, 48, 40), np.float32)}, "has 4 slabs, the reference 3"),
        ({"slab_thickness": 10.0}, "20 mm thick in the translation and 10 mm"),
        ({"spacing": (3.0, 2.5)}, "do not show the same field"),
        ({"hu": np.full((4, 48, 40), np.nan, np.float32)}, "reference holds NaN"),
        ({"hu": np.full((4, 48, 40), -1000, np.float32)}, "body is empty"),
    ],
)
def test_stacks_that_do_not_belong_together_get_a_sentence(change, sentence):
    stack = make_reference()
    with pytest.raises(XrayToCTError, match=sentence):
        compare(stack, dataclasses.replace(stack, **change))


def test_a_stack_with_nan_gets_a_sentence():
    reference = make_reference()
    hu = reference.hu.copy()
    hu[0, 0, 0] = np.nan
    with pytest.raises(XrayToCTError, match="translation holds NaN"):
        compare(dataclasses.replace(reference, hu=hu), reference)


@pytest.mark.parametrize(
    ("mask", "sentence"),
    [
        (np.zeros((48, 40), bool), "mask is empty"),
        (np.ones((7, 7), bool), "mask has shape"),
        (np.full((48, 40), np.nan), "mask holds NaN"),
    ],
)
def test_bad_masks_get_a_sentence(mask, sentence):
    reference = make_reference()
    with pytest.raises(XrayToCTError, match=sentence):
        compare(reference, reference, mask=mask)
