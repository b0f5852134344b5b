"""Protocols: what a row says of itself is what was done: its voxels, its constants, its region and its resampling."""

from __future__ import annotations

import dataclasses

import numpy as np
from fidelity_stacks import box_stack, shifted

from XrayToCTLib.ct_stack import CtStack
from XrayToCTLib.fidelity.aligned_pair import BODY, AlignedPair, resampling
from XrayToCTLib.fidelity.compare import compare
from XrayToCTLib.fidelity.fidelity_report import MetricRow
from XrayToCTLib.fidelity.measure_pair import measure_pair
from XrayToCTLib.fidelity.metric_spec import HU
from XrayToCTLib.fidelity.metrics import body_mask
from XrayToCTLib.radiograph import IntensityScale, Radiograph, SpacingSource


def partly_scanned(*, slabs: int = 8) -> AlignedPair:
    """A pair whose reference knows nothing of the upper part of the field."""
    stack = box_stack(slabs, 48, 48)
    inside = np.zeros(stack.hu.shape, bool)
    inside[:, 20:] = True
    return AlignedPair(
        result=stack.hu + 10, reference=stack.hu, kind=HU, unit="HU", window=(-1024.0, 1476.0),
        region=body_mask(stack.hu), region_name=BODY, region_text="body of the reference", spacing=(3.0, 2.0),
        slab_thickness=20.0, modality="CT", inside=inside,
    )  # fmt: skip


def all_rows(pair: AlignedPair) -> dict[str, MetricRow]:
    """The rows of all slabs, the body's before the whole field's."""
    rows = [row for row in measure_pair(pair, "all").rows if row.slabs == "all slabs"]
    return {f"{row.metric}, {row.region}": row for row in rows}


def test_the_error_of_a_tissue_counts_the_voxels_of_that_tissue() -> None:
    pair = partly_scanned()
    rows = all_rows(pair)
    counted = body_mask(pair.reference) & pair.inside
    for tissue, found in (("lung", pair.reference < -500), ("soft tissue", np.abs(pair.reference - 60) < 90)):
        row = rows[f"MAE {tissue}, body"]
        assert row.n == (counted & found & (pair.reference >= -950)).sum() > 0
        assert f"n = {row.n} voxels" in row.protocol


def test_what_looks_at_the_mask_says_where_the_reference_was_scanned_and_what_does_not_says_whole_field() -> None:
    pair = partly_scanned()
    rows = all_rows(pair)
    air = rows["MAE air, whole field"]
    assert air.n == ((pair.reference < -950) & pair.inside).sum()
    assert "whole field where the reference was scanned" in air.protocol
    for name in ("VIF", "MAE (X2CT-GAN-style)"):
        row = rows[f"{name}, whole field"]
        assert row.n == pair.reference.size
        assert "where the reference was scanned" not in row.protocol


def test_a_row_states_the_constants_and_edges_of_its_metric() -> None:
    pair = partly_scanned()
    rows = all_rows(pair)
    for name in ("SSIM, body", "SSIM (SynthRAD2023-style), body"):
        assert "K1 0.01, K2 0.03" in rows[name].protocol
    assert "2 edge pixels left out" in rows["GMSD, body"].protocol
    assert "between the extremes of each" in rows["NMI, body"].protocol
    counted = body_mask(pair.reference) & pair.inside
    assert rows["SSIM (SynthRAD2023-style), body"].n == counted[3:-3, 3:-3, 3:-3].sum()
    assert rows["GMSD, body"].n == counted[:, 2:-2, 2:-2].sum()


def test_resampling_is_said_as_it_was_done() -> None:
    assert resampling((40, 30), (40, 30)) == ""
    assert resampling((40, 30), (20, 15)) == "by area averaging"
    assert resampling((40, 30), (80, 60)) == "by linear interpolation"
    assert resampling((40, 30), (80, 15)) == "by area averaging and by linear interpolation"
    reference = box_stack()
    coarse = CtStack(reference.hu[:, ::2, ::2].copy(), (6.0, 4.0), 20.0, reference.view)
    report = compare(coarse, reference)
    assert "result brought to it by linear interpolation" in report.row("MAE").protocol
    assert "(48 x 40) by linear interpolation." in report.protocol
    assert "brought to it" not in compare(shifted(reference, 5), reference).row("MAE").protocol


def test_a_reference_image_that_is_resampled_is_said() -> None:
    pixels = np.random.default_rng(3).random((1, 48, 40), np.float32)
    image = Radiograph(
        pixels=pixels, spacing=(2.0, 2.0), spacing_source=SpacingSource.CALLER, scale=IntensityScale.DISPLAY,
        source="image", identity="",
    )  # fmt: skip
    fine = dataclasses.replace(image, pixels=np.kron(pixels, np.ones((1, 2, 2), np.float32)), spacing=(1.0, 1.0))
    assert "It was brought to the result's grid by area averaging." in compare(image, fine).protocol
    report = compare(fine, image)
    assert "result brought to it by area averaging" in report.rows[0].protocol
    assert "brought to the result's grid" not in report.protocol
