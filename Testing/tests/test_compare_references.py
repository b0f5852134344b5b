"""compare with references of every kind: volumes, images, MRI; registered where asked, nothing moved in silence."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk

from Testing.tests.alignment_phantom import DETECTOR, as_image, phantom
from XrayToCTLib.alignment import AlignmentKind, reference_from_array, reference_from_image
from XrayToCTLib.alignment.pose import pose_of, with_pose
from XrayToCTLib.ct_stack import CtStack
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.fidelity import compare
from XrayToCTLib.fidelity.metric_specs import SPECS
from XrayToCTLib.progress import ComparisonCancelled
from XrayToCTLib.projection import CtVolume, project, reference_stack
from XrayToCTLib.radiograph import IntensityScale, Radiograph, View
from XrayToCTLib.translation.stack_file import write_stack


@pytest.fixture(scope="module")
def body() -> CtVolume:
    return phantom()


@pytest.fixture(scope="module")
def image(body: CtVolume) -> sitk.Image:
    made = as_image(body)
    made.SetMetaData("0008|0060", "CT")
    return made


@pytest.fixture(scope="module")
def stack(body: CtVolume) -> CtStack:
    """The perfect translation at the detector's own pose."""
    return reference_stack(body, geometry=DETECTOR, slabs=10, slab_thickness=20.0)


@pytest.fixture(scope="module")
def radiograph(body: CtVolume) -> Radiograph:
    return project(body, geometry=DETECTOR)


def with_noise(stack: CtStack, sigma: float = 40.0) -> CtStack:
    noise = np.random.default_rng(1).normal(0, sigma, stack.hu.shape)
    return replace(stack, hu=(stack.hu + noise).astype(np.float32))


def test_a_volume_is_projected_along_its_axes_and_agrees_with_its_own_stack(stack, image):
    whole = reference_from_image(image, keep_table=True)
    report = compare(stack, whole, geometry=DETECTOR)
    assert report.row("MAE").value < 1.0
    assert report.row("SSIM", slabs="all slabs", region="whole field").value > 0.999
    record = report.alignment_record
    assert record.kind is AlignmentKind.GIVEN_POSE
    assert compare(stack, image).alignment_record.kind is AlignmentKind.AXES
    assert record.origin_mm == pytest.approx(whole.origin_mm)
    assert "PA view" in report.alignment and "not changed" in report.protocol
    assert report.modality == "CT" and report.unit == "HU"


def test_a_turned_volume_is_compared_as_it_lies_and_found_by_registration(body, image, rng):
    """The radiograph is of a patient who stood turned and moved; the volume's own axes do not know it."""
    true = with_pose(DETECTOR, pose_of(DETECTOR) + np.array((6.0, -4.0, 3.0, 8.0, -10.0, 5.0)))
    stack = reference_stack(body, geometry=true, slabs=10, slab_thickness=20.0)
    pixels = project(body, geometry=true).pixels
    pixels = (1000 * np.tanh(pixels / 3) + rng.normal(0, 3, pixels.shape)).astype(np.float32)
    radiograph = replace(project(body, geometry=true), pixels=pixels, scale=IntensityScale.DISPLAY)
    lying = compare(stack, image, geometry=DETECTOR)
    told: list[float] = []
    fitted = compare(
        stack,
        image,
        geometry=DETECTOR,
        align="registration",
        radiograph=radiograph,
        progress=lambda done, phase: told.append(done) or True,
    )
    record = fitted.alignment_record
    assert record.kind is AlignmentKind.REGISTRATION
    assert np.abs(np.subtract(record.rotation_deg, true.rotation_deg)).max() < 1.0
    assert np.abs(np.subtract(record.shift_mm, true.shift_mm)).max() < 1.5
    assert fitted.row("MAE", slabs="all slabs").value < 0.35 * lying.row("MAE", slabs="all slabs").value
    assert 0 <= record.residual < 0.2 and "residual" in fitted.alignment
    assert told == sorted(told) and told[-1] == 1.0
    content = json.loads(fitted.to_json())["alignment_record"]
    assert content["residual"] == pytest.approx(record.residual) and content["evaluations"] == record.evaluations


def test_cancelling_the_registration_cancels_the_comparison(stack, image, radiograph):
    with pytest.raises(ComparisonCancelled):
        compare(stack, image, align="registration", radiograph=radiograph, progress=lambda done, _: done < 0.1)


def test_a_radiograph_is_compared_with_the_projection_of_a_volume(body, radiograph, image):
    whole = reference_from_image(image, keep_table=True)
    report = compare(radiograph, whole, geometry=DETECTOR, metrics="all")
    assert report.unit == "" and report.slab_thickness == 0
    assert report.row("MAE", slabs="image").value < 0.01
    assert report.row("NCC", slabs="image").value > 0.9999
    assert report.row("gradient correlation", slabs="image").value > 0.999
    assert not any(row.unit == "HU" or "Dice" in row.metric for row in report.rows)
    shown = replace(radiograph, pixels=700 - 90 * radiograph.pixels, scale=IntensityScale.DISPLAY)
    fitted = compare(shown, whole, geometry=DETECTOR)
    assert "fitted to the reference by least squares, gain -0.0111" in fitted.protocol
    assert fitted.row("MAE", slabs="image").value == pytest.approx(report.row("MAE", slabs="image").value, abs=1e-4)


def test_two_radiographs_of_one_field_are_compared_where_they_lie(radiograph):
    brighter = replace(radiograph, pixels=radiograph.pixels + np.float32(0.5))
    report = compare(brighter, radiograph)
    assert report.alignment == "none" and "No registration" in report.protocol
    assert report.modality == "X-ray"
    spread = float(radiograph.pixels.max() - radiograph.pixels.min())
    row = report.row("PSNR", slabs="image", region="whole field")
    clipped = np.minimum(brighter.pixels, radiograph.pixels.max()) - radiograph.pixels
    assert row.value == pytest.approx(10 * math.log10(spread**2 / np.mean(clipped.astype(float) ** 2)), abs=1e-3)
    assert row.data_range == f"{spread:.6g}" and row.better == "higher"


def test_a_stack_stands_for_the_radiograph_that_it_adds_up_to(stack, radiograph):
    report = compare(stack, radiograph, geometry=DETECTOR)
    # 200 mm of slabs hold nearly all of the body.
    assert report.row("MAE", slabs="image", region="whole field").value < 0.05


def test_an_mri_gets_only_what_holds_across_contrasts(stack, image):
    values = sitk.GetArrayFromImage(image).astype(np.float32)
    contrast = np.interp(values, (-1000, -850, 30, 100, 550), (0, 20, 400, 700, 60)).astype(np.float32)
    axes = np.diag((-3.0, -3.0, 4.0, 1.0))
    reference = reference_from_array(contrast, axes, modality="MR", name="T1")
    report = compare(stack, reference, geometry=DETECTOR, metrics="all")
    assert {row.metric for row in report.rows} == {"NMI", "edge alignment"}
    assert report.modality == "MR" and report.ssim_map is None and np.isnan(report.difference).all()
    assert "share no scale" in report.protocol
    # Edges lie where the CT's own lie, whatever their sign.
    unrelated = replace(stack, hu=np.ascontiguousarray(stack.hu[:, ::-1, ::-1]))
    other = compare(unrelated, reference, geometry=DETECTOR)
    for metric in ("NMI", "edge alignment"):
        assert report.row(metric, slabs="all slabs").value > 1.1 * other.row(metric, slabs="all slabs").value
    with pytest.raises(XrayToCTError, match="SSIM makes no sense"):
        compare(stack, reference, metrics=["SSIM"])
    with pytest.raises(XrayToCTError, match="cannot be registered"):
        compare(stack, reference, align="registration")


def test_all_metrics_carry_their_protocol_columns(body):
    big = replace(DETECTOR, shape=(190, 190), spacing=(1.8, 1.8))
    reference = reference_stack(body, geometry=big, slabs=8, slab_thickness=20.0)
    report = compare(with_noise(reference), reference, metrics="all")
    assert report.warnings == ()
    names = {row.metric for row in report.rows}
    expected = {spec.name for spec in SPECS if "HU" in spec.kinds} - {"PSNR"} | {"PSNR-2500"}
    assert names == expected
    for row in report.rows:
        assert row.grid == "190 x 190 at 1.8 x 1.8 mm" and row.window and row.pooling
        assert math.isfinite(row.value) and row.n > 0
        assert f"n = {row.n} voxels" in row.protocol
        assert (row.variant != "") == ("-style" in row.metric)
        if row.metric.startswith(("PSNR", "SSIM", "MS-SSIM")):
            assert row.data_range.endswith("HU")
        if "SSIM" in row.metric or row.metric in ("VIF", "HFEN", "GMSD"):
            assert row.kernel
    assert report.row("ME").better == "zero" and report.row("MAE").better == "lower"
    own, theirs = report.row("PSNR-2500", slabs="all slabs", region="whole field"), "PSNR (X2CT-GAN-style)"
    gap = report.row(theirs, slabs="all slabs", region="whole field").value - own.value
    assert gap == pytest.approx(20 * math.log10(4095 / 2500), abs=0.05)


def test_a_window_of_the_caller_s_is_stated(stack):
    report = compare(with_noise(stack), stack, window=(-200.0, 300.0))
    row = report.row("PSNR-500", slabs="all slabs")
    assert row.window == "[-200, 300] HU" and row.data_range == "500 HU"
    result, truth = (np.clip(item.hu.astype(float), -200, 300) for item in (with_noise(stack), stack))
    mse = np.mean((result - truth)[report.region] ** 2)
    assert row.value == pytest.approx(10 * math.log10(500**2 / mse), abs=1e-3)
    with pytest.raises(XrayToCTError, match="impossible"):
        compare(stack, stack, window=(100.0, 100.0))


@pytest.mark.parametrize("kind", ["rigid", "affine"])
def test_a_reference_moved_in_the_plane_is_found_and_reported(stack, kind):
    angle, shift = np.deg2rad(4.0), (9.0, -6.0)
    grid = sitk.GetImageFromArray(stack.hu[0])
    grid.SetSpacing(stack.spacing[::-1])
    rows, cols = stack.hu.shape[1:]
    grid.SetOrigin((-(cols - 1) / 2 * stack.spacing[1], -(rows - 1) / 2 * stack.spacing[0]))
    moved = []
    for slab in stack.hu:
        source = sitk.GetImageFromArray(slab)
        source.CopyInformation(grid)
        moved.append(
            sitk.GetArrayFromImage(
                sitk.Resample(source, grid, sitk.Euler2DTransform((0.0, 0.0), angle, shift), sitk.sitkLinear, -1000.0)
            )
        )
    reference = replace(stack, hu=np.stack(moved).astype(np.float32))
    before = reference.hu.copy()
    lying, fitted = compare(stack, reference), compare(stack, reference, align=kind)
    assert fitted.row("MAE", slabs="all slabs").value < 0.5 * lying.row("MAE", slabs="all slabs").value
    record = fitted.alignment_record
    assert record.kind.value == f"2D {kind}" and len(record.matrix) == 6
    found = math.degrees(math.atan2(record.matrix[3], record.matrix[0]))
    assert found == pytest.approx(-4.0, abs=1.0)
    assert record.end_similarity > record.start_similarity
    assert record.kind.value in fitted.alignment and "moved in the image plane" in fitted.protocol
    np.testing.assert_array_equal(reference.hu, before)


def test_files_are_told_apart_by_what_their_headers_say(tmp_path, stack, image):
    write_stack(stack, tmp_path / "stack.nrrd", as_float=True)
    sitk.WriteImage(image, str(tmp_path / "ct.nii.gz"))
    assert compare(stack, tmp_path / "stack.nrrd").row("MAE").value == 0
    by_volume = compare(stack, tmp_path / "ct.nii.gz", geometry=DETECTOR)
    assert by_volume.alignment_record.kind is AlignmentKind.GIVEN_POSE and by_volume.row("MAE").value < 1.0
    with pytest.raises(XrayToCTError, match="There is no file"):
        compare(stack, tmp_path / "missing.nrrd")


def test_references_are_never_modified(stack, image, radiograph):
    values, hu, pixels = sitk.GetArrayFromImage(image), stack.hu.copy(), radiograph.pixels.copy()
    compare(with_noise(stack), image, metrics="all")
    compare(with_noise(stack), stack, metrics="all", align="rigid")
    compare(radiograph, image)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image), values)
    np.testing.assert_array_equal(stack.hu, hu)
    np.testing.assert_array_equal(radiograph.pixels, pixels)


def test_a_lateral_view_of_a_pa_stack_can_be_asked_for(stack, image):
    report = compare(stack, image, view="lateral", geometry=DETECTOR)
    assert report.alignment_record.view == "LATERAL"
    assert report.row("MAE").value > 50


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"align": "magic"}, "no alignment 'magic'"),
        ({"view": "OBLIQUE"}, "no view 'OBLIQUE'"),
        ({"metrics": ["LPIPS"]}, "no metric 'LPIPS'"),
        ({"mask": np.zeros((110, 120), bool)}, "mask is empty"),
        ({"geometry": replace(DETECTOR, shift_mm=(2000.0, 0.0))}, "do not overlap"),
    ],
)
def test_what_cannot_be_done_with_a_volume_gets_a_sentence(stack, image, given, sentence):
    with pytest.raises(XrayToCTError, match=sentence):
        compare(stack, image, **given)


def test_what_is_no_reference_and_what_does_not_fit_gets_a_sentence(stack, radiograph, body):
    with pytest.raises(XrayToCTError, match="ndarray is no reference"):
        compare(stack, np.zeros((3, 3)))
    with pytest.raises(XrayToCTError, match="str cannot be compared"):
        compare("stack.nrrd", stack)
    with pytest.raises(XrayToCTError, match="is for CT volumes"):
        compare(stack, stack, align="registration")
    with pytest.raises(XrayToCTError, match="do not show the same field"):
        compare(radiograph, replace(radiograph, spacing=(5.0, 5.0)))
    with pytest.raises(XrayToCTError, match="from where it was taken"):
        compare(replace(radiograph, view=None), body)
    frames = replace(radiograph, pixels=np.concatenate([radiograph.pixels, radiograph.pixels]))
    with pytest.raises(XrayToCTError, match="2 frames"):
        compare(frames, body, view=View.PA)


def test_metrics_that_a_small_image_cannot_have_are_left_out_and_said(stack):
    report = compare(with_noise(stack), stack, metrics="all")
    assert any("MS-SSIM was left out" in warning for warning in report.warnings)
    assert not any(row.metric == "MS-SSIM" for row in report.rows)
    with pytest.raises(XrayToCTError, match="MS-SSIM"):
        compare(with_noise(stack), stack, metrics=["MS-SSIM"])


def test_errors_in_one_tissue_come_back_in_that_tissue_s_row_alone():
    hu = np.full((3, 60, 60), -1000, np.float32)
    hu[:, 10:50, 10:50] = 40
    hu[:, 15:30, 15:30] = -800
    hu[:, 35:40, 35:40] = 600
    reference = CtStack(hu=hu, spacing=(3.0, 3.0), slab_thickness=20.0, view=View.PA)
    made = hu.copy()
    made[hu == -800] += 70
    made[:, 35:40, 35:38] = 40  # three fifths of the bone are lost
    report = compare(replace(reference, hu=made), reference, metrics="all")
    assert report.row("MAE lung").value == pytest.approx(70)
    assert report.row("MAE soft tissue").value == 0
    assert report.row("MAE bone").value == pytest.approx(560 * 3 / 5)
    assert report.row("MAE air", region="whole field").value == 0
    assert report.row("bone Dice").value == pytest.approx(2 * 10 / (10 + 25))
    assert report.row("lung Dice").value == 1
    assert any("MAE fat has no value" in warning for warning in report.warnings)
