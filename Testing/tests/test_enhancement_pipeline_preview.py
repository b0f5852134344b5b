"""Preview: what is shown while a slider moves, and how it agrees with the full resolution."""

from __future__ import annotations

import numpy as np
import pytest
from enhancement_radiographs import chest_like

import XrayToCTLib as x2ct
from XrayToCTLib.enhancement.image import enhance_image
from XrayToCTLib.enhancement.pipeline import Pipeline, Step
from XrayToCTLib.enhancement.presets import presets
from XrayToCTLib.enhancement.preview import PreviewRunner, preview, reduced
from XrayToCTLib.enhancement.transfer_curve import transfer_curve
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.progress import EnhancementCancelled

THREE = Pipeline("three", (Step.of("median", size=3.0), Step.of("window_level", gamma=2.0), Step.of("unsharp_mask")))


@pytest.mark.parametrize("preset", presets().bundled, ids=lambda preset: preset.name)
def test_an_image_that_is_small_enough_is_shown_at_full_resolution(preset):
    radiograph = chest_like()
    shown, full = preview(radiograph, preset), x2ct.enhance(radiograph, preset)
    np.testing.assert_array_equal(shown.pixels, full.pixels)
    assert (shown.history, shown.spacing, shown.scale) == (full.history, full.spacing, full.scale)


def test_a_reduced_image_keeps_field_shape_and_grey_levels():
    radiograph = chest_like((400, 300))
    source = PreviewRunner(radiograph, 5000).source
    assert source.pixels[0].size <= 5000
    assert source.extent_mm == pytest.approx(radiograph.extent_mm)
    assert source.pixels.mean() == pytest.approx(float(radiograph.pixels.mean()), rel=1e-3)
    assert reduced(np.zeros((1, 90_000), np.float32), 100).shape[0] == 1


def test_pointwise_filters_give_each_level_the_same_grey_as_at_full_resolution():
    radiograph = chest_like((400, 300), noise=0.15)  # noise enough to fill the range with levels
    pipeline = Pipeline("a", (Step.of("window_level", level=0.4, window=0.6, gamma=1.7),))
    runner = PreviewRunner(radiograph, 5000)
    limits = (float(radiograph.pixels.min()), float(radiograph.pixels.max()))
    expected = enhance_image(runner.source.pixels[0], pipeline, spacing=(1, 1), value_range=limits)
    np.testing.assert_array_equal(runner.run(pipeline).pixels[0], expected)
    # and, over the levels of the full image, the full image's own curve
    full = x2ct.enhance(radiograph, pipeline)
    order = np.argsort(radiograph.pixels, axis=None)
    curve = np.interp(
        runner.source.pixels.ravel(), radiograph.pixels.ravel()[order], full.pixels.ravel()[order].astype(float)
    )
    np.testing.assert_allclose(runner.run(pipeline).pixels.ravel(), curve, atol=0.002 * (limits[1] - limits[0]))


def test_millimetres_keep_their_meaning_in_the_preview():
    radiograph = chest_like((480, 400), noise=0.0)
    pipeline = Pipeline("a", (Step.of("background_compression", scale=60.0, strength=0.8),))
    shown = preview(radiograph, pipeline, 480 * 400 // 16).pixels[0]
    full = x2ct.enhance(radiograph, pipeline).pixels[0]
    span = float(np.ptp(radiograph.pixels))
    assert np.abs(shown - reduced(full, 480 * 400 // 16)).mean() < 0.01 * span
    in_pixels = Pipeline("b", (Step.of("background_compression", scale=60.0 / 4, strength=0.8),))
    assert np.abs(shown - preview(radiograph, in_pixels, 480 * 400 // 16).pixels[0]).mean() > 0.02 * span


def test_moving_one_slider_runs_the_filters_from_that_one_on():
    runner = PreviewRunner(chest_like())
    runner.run(THREE)
    assert runner.filters_run == 3
    last = Pipeline("x", (*THREE.steps[:2], THREE.steps[2].with_values(amount=2.0)))
    result = runner.run(last)
    assert runner.filters_run == 4
    np.testing.assert_array_equal(result.pixels, PreviewRunner(chest_like()).run(last).pixels)
    runner.run(last)
    assert runner.filters_run == 4
    first = Pipeline("x", (THREE.steps[0].with_values(size=4.0), *THREE.steps[1:]))
    runner.run(first)
    assert runner.filters_run == 7
    runner.run(Pipeline("x", first.steps[:1]))  # the steps after it were switched off
    assert runner.filters_run == 7


def test_a_kept_output_is_never_changed_by_a_later_filter():
    runner = PreviewRunner(chest_like())
    one, all_three = runner.run(Pipeline("x", THREE.steps[:1])), runner.run(THREE)
    again = runner.run(Pipeline("x", THREE.steps[:1]))
    np.testing.assert_array_equal(one.pixels, again.pixels)
    assert not np.array_equal(all_three.pixels, one.pixels)
    np.testing.assert_array_equal(runner.source.pixels, chest_like().pixels)


def test_cancelling_a_preview_keeps_what_was_computed():
    runner = PreviewRunner(chest_like())
    with pytest.raises(EnhancementCancelled):
        runner.run(THREE, progress=lambda fraction, _: fraction < 0.5)
    assert runner.filters_run == 2
    runner.run(THREE)
    assert runner.filters_run == 3


def test_a_pipeline_without_filters_shows_the_source():
    runner = PreviewRunner(chest_like())
    assert runner.run("none") is runner.source


def test_a_preview_shows_the_frame_that_was_asked_for():
    cine = chest_like(frames=3)
    np.testing.assert_array_equal(PreviewRunner(cine, frame=2).source.pixels[0], cine.pixels[2])
    with pytest.raises(XrayToCTError, match="no frame 3"):
        PreviewRunner(cine, frame=3)


def test_the_curve_of_a_pointwise_pipeline_is_its_formula():
    radiograph = chest_like()
    result = x2ct.enhance(radiograph, Pipeline("a", (Step.of("window_level", gamma=2.0),)))
    curve = transfer_curve(radiograph.pixels[0], result.pixels[0], bins=64)
    assert curve.monotone
    assert curve.counts.sum() == radiograph.pixels.size
    low, high = float(radiograph.pixels.min()), float(radiograph.pixels.max())
    expected = low + (high - low) * ((curve.levels - low) / (high - low)) ** 2
    filled = curve.counts > 20
    np.testing.assert_allclose(curve.output[filled], expected[filled], atol=2.2 * (high - low) / 64)


def test_the_curve_of_a_filter_that_looks_around_is_a_band():
    radiograph = chest_like()
    curve = transfer_curve(radiograph.pixels[0], x2ct.enhance(radiograph, "local_contrast_normalisation").pixels[0])
    assert not curve.monotone
    filled = curve.counts > 20
    assert (curve.upper[filled] > curve.lower[filled]).all()
    assert ((curve.lower[filled] <= curve.output[filled]) & (curve.output[filled] <= curve.upper[filled])).all()


def test_the_runner_draws_the_same_curve_from_what_it_keeps():
    runner = PreviewRunner(chest_like((300, 200)), 5000)
    shown = runner.run(THREE)
    expected = transfer_curve(runner.source.pixels[0], shown.pixels[0], bins=32)
    for _ in range(2):
        curve = runner.transfer_curve(shown, bins=32)
        np.testing.assert_array_equal(curve.output, expected.output)
        np.testing.assert_array_equal(curve.counts, expected.counts)
        assert curve.monotone == expected.monotone


def test_levels_without_pixels_have_no_output():
    before = np.array([[0, 0, 100]], np.float32)
    curve = transfer_curve(before, before * 2, bins=10)
    assert curve.counts.tolist() == [2, *[0] * 8, 1]
    assert (curve.output[0], curve.output[9]) == (0, 200)
    assert np.isnan(curve.output[1:9]).all()


def test_a_curve_between_different_images_is_refused():
    with pytest.raises(XrayToCTError, match="no curve"):
        transfer_curve(np.zeros((2, 2)), np.zeros((2, 3)))
