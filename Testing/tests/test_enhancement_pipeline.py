"""Pipelines: what they are as JSON, and what running one does to a radiograph."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from enhancement_radiographs import chest_like

import XrayToCTLib as x2ct
from XrayToCTLib.enhancement.history import enhancement_names, enhancement_sentences
from XrayToCTLib.enhancement.image import enhance_image, stored_range
from XrayToCTLib.enhancement.pipeline import Pipeline, Step
from XrayToCTLib.enhancement.pipeline_file import read_pipeline, write_pipeline
from XrayToCTLib.enhancement.presets import presets
from XrayToCTLib.enhancement.table import FILTERS
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.progress import EnhancementCancelled
from XrayToCTLib.radiograph import IntensityScale

TWO = Pipeline("two", (Step.of("window_level", window=0.5), Step.of("clahe", enabled=False)), "For tests.")


def changed(**fields: object) -> str:
    return json.dumps({**TWO.to_record(), **fields})


@pytest.mark.parametrize("pipeline", [TWO, Pipeline("none"), *(Pipeline.of_filter(name) for name in FILTERS)], ids=str)
def test_a_pipeline_survives_json_and_a_file(pipeline, tmp_path):
    assert Pipeline.from_json(pipeline.to_json()) == pipeline
    assert read_pipeline(write_pipeline(pipeline, tmp_path / "a.json")) == pipeline


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{", "not valid JSON"),
        ('{"schema_version": NaN}', "NaN"),
        ("[" * 100_000, "not valid JSON"),
        ("[]", "a JSON object is expected"),
        (changed(schema_version=2), "schema_version 2"),
        (changed(schema_version=True), "schema_version True"),
        (changed(name=""), "field name"),
        (changed(extra=1), "extra"),
        (changed(steps=[{"parameters": {}}]), "field steps[0]"),
        (changed(steps=[{"filter": "clahe", "enabled": "no"}]), "field steps[0].enabled"),
        (changed(steps=[{"filter": "sharpest"}]), "step 1: There is no filter 'sharpest'"),
        (changed(steps=[{"filter": "clahe", "parameters": {"clip": 2}}]), "no parameter 'clip'"),
        (changed(steps=[{"filter": "clahe", "parameters": {"clip_limit": 1000}}]), "clip_limit is 1000"),
        (changed(steps=[{"filter": "clahe", "parameters": {"clip_limit": "2"}}]), "clip_limit is '2'"),
        (changed(steps=[{"filter": "clahe", "parameters": {"clip_limit": True}}]), "clip_limit is True"),
    ],
)
def test_a_wrong_pipeline_is_refused_with_what_is_wrong(text, named):
    with pytest.raises(XrayToCTError) as caught:
        Pipeline.from_json(text)
    assert named in caught.value.message
    assert caught.value.hint


def test_a_file_that_is_no_pipeline_is_refused(tmp_path):
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00\x80")
    for name in ("missing.json", "binary.json"):
        with pytest.raises(XrayToCTError, match=name):
            read_pipeline(tmp_path / name)
    with pytest.raises(XrayToCTError, match=r"cannot be written to a\.txt"):
        write_pipeline(TWO, tmp_path / "a.txt")
    with pytest.raises(XrayToCTError, match="could not be written"):
        write_pipeline(TWO, tmp_path / "nowhere" / "a.json")
    write_pipeline(TWO, tmp_path / "a.json")
    with pytest.raises(XrayToCTError, match="exists already"):
        write_pipeline(TWO, tmp_path / "a.json", overwrite=False)
    assert {path.name for path in tmp_path.iterdir()} == {"a.json", "binary.json"}


def test_whole_numbers_stand_for_real_ones_and_the_other_way_round():
    assert Step.of("clahe", clip_limit=3).parameters == Step.of("clahe", clip_limit=3.0).parameters
    assert Step.of("wavelet", levels=3.0).parameters == Step.of("wavelet", levels=3).parameters
    with pytest.raises(XrayToCTError, match="levels"):
        Step.of("wavelet", levels=2.5)


def test_enhancing_keeps_geometry_and_range_and_says_what_ran():
    radiograph = chest_like()
    result = x2ct.enhance(radiograph, TWO)
    assert (result.spacing, result.shape, result.source, result.identity) == (
        radiograph.spacing,
        radiograph.shape,
        radiograph.source,
        radiograph.identity,
    )
    assert result.pixels.min() >= radiograph.pixels.min()
    assert result.pixels.max() <= radiograph.pixels.max()
    sentence = 'Enhanced with "two": window_level (level 0.5, window 0.5, gamma 1).'
    assert result.history == ("Read.", sentence)
    again = x2ct.enhance(result, "median")
    assert enhancement_sentences(again.history) == again.history[1:]
    assert enhancement_names(again.history) == ("two", "median")


def test_a_pipeline_that_does_nothing_gives_the_radiograph_itself():
    radiograph = chest_like()
    for pipeline in ("none", Pipeline("off", (Step.of("clahe", enabled=False),))):
        assert x2ct.enhance(radiograph, pipeline) is radiograph


def test_the_order_of_the_filters_counts():
    radiograph = chest_like()
    steps = (Step.of("window_level", gamma=3.0), Step.of("unsharp_mask", radius=4.0))
    forwards, backwards = (x2ct.enhance(radiograph, Pipeline("a", order)) for order in (steps, steps[::-1]))
    assert not np.allclose(forwards.pixels, backwards.pixels, atol=1.0)
    by_hand = x2ct.enhance(x2ct.enhance(radiograph, Pipeline("1", steps[:1])), Pipeline("2", steps[1:]))
    span = float(np.ptp(radiograph.pixels))
    np.testing.assert_allclose(forwards.pixels, by_hand.pixels, atol=0.02 * span)


def test_denoising_keeps_the_calibration_and_contrast_ends_it():
    radiograph = chest_like(scale=IntensityScale.LINE_INTEGRAL, top=6.0)
    assert x2ct.enhance(radiograph, "wavelet").scale is IntensityScale.LINE_INTEGRAL
    assert x2ct.enhance(radiograph, "clahe").scale is IntensityScale.DISPLAY


def test_every_frame_is_enhanced_as_one_image_is():
    cine = chest_like(frames=3)
    result = x2ct.enhance(cine, Pipeline("a", (Step.of("window_level", window=0.7), Step.of("median", size=4.0))))
    assert result.frames == 3
    low, high = float(cine.pixels.min()), float(cine.pixels.max())
    for frame, out in zip(cine.pixels, result.pixels, strict=True):
        once = enhance_image(
            frame,
            Pipeline("a", (Step.of("window_level", window=0.7), Step.of("median", size=4.0))),
            spacing=cine.spacing,
            value_range=(low, high),
        )
        np.testing.assert_array_equal(out, once)


@pytest.mark.parametrize("preset", presets().bundled, ids=lambda preset: preset.name)
@pytest.mark.parametrize(
    ("dtype", "top"),
    [("uint8", 255), ("uint16", 1023), ("uint16", 4095), ("uint16", 65535), ("int16", 2000), ("float32", 1.0)],
)
def test_presets_give_back_type_and_range_of_any_depth(preset, dtype, top):
    image = np.asarray(chest_like(top=top).pixels[0], dtype)
    result = enhance_image(image, preset, spacing=(1.0, 1.0))
    assert result.dtype == image.dtype
    assert result.shape == image.shape
    low, high = stored_range(image)
    assert low <= result.min() < result.max() <= high
    assert not np.array_equal(result, image)


@pytest.mark.parametrize("preset", presets().bundled, ids=lambda preset: preset.name)
def test_presets_bear_constant_tiny_and_invalid_images(preset):
    constant = np.full((40, 30), 7, np.uint16)
    np.testing.assert_array_equal(enhance_image(constant, preset, spacing=(1.0, 1.0)), constant)
    tiny = np.array([[3, 900]], np.uint16)
    assert enhance_image(tiny, preset, spacing=(1.0, 1.0)).shape == (1, 2)
    holed = chest_like().pixels[0].copy()
    holed[10:12, 20] = np.nan
    result = enhance_image(holed, preset, spacing=(1.0, 1.0))
    np.testing.assert_array_equal(np.isnan(result), np.isnan(holed))


def test_the_depth_of_an_image_is_the_smallest_that_holds_it():
    assert stored_range(np.array([[0, 255]], np.uint16)) == (0, 255)
    assert stored_range(np.array([[5, 3000]], np.uint16)) == (0, 4095)
    assert stored_range(np.array([[5, 100_000]], np.uint32)) == (0, 100_000)
    assert stored_range(np.array([[-5, 30]], np.int16)) == (-5, 30)
    assert stored_range(np.array([[np.nan, 2.0, 3.0]])) == (2.0, 3.0)
    assert stored_range(np.array([[np.nan]])) == (0.0, 0.0)


def test_colour_and_complex_images_are_refused():
    for image in (np.zeros((2, 4, 4, 3), np.uint8), np.zeros((4, 4), complex), np.zeros((0, 4))):
        with pytest.raises(XrayToCTError, match="grey-scale"):
            enhance_image(image, "clahe", spacing=(1.0, 1.0))


def test_a_pipeline_that_leaves_nothing_says_so():
    empty = Pipeline("blind", (Step.of("window_level", level=2.0, window=0.01),))
    with pytest.raises(XrayToCTError, match="blind leaves nothing"):
        x2ct.enhance(chest_like(), empty)


def test_progress_names_each_filter_of_each_frame_and_ends_at_one():
    told: list[tuple[float, str]] = []
    pipeline = Pipeline("a", (Step.of("median"), Step.of("clahe", enabled=False), Step.of("unsharp_mask")))
    x2ct.enhance(chest_like(frames=2), pipeline, progress=lambda *args: told.append(args))
    assert [fraction for fraction, _ in told] == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert [phase for _, phase in told[:2]] == ["Median, frame 1 of 2", "Unsharp mask, frame 1 of 2"]


def test_cancelling_stops_before_the_next_filter():
    told: list[float] = []

    def stop_at_the_second(fraction: float, phase: str) -> bool:
        told.append(fraction)
        return len(told) < 2

    with pytest.raises(EnhancementCancelled):
        x2ct.enhance(chest_like(frames=5), "chest clarity", progress=stop_at_the_second)
    assert len(told) == 2


def test_a_filter_that_runs_out_of_memory_is_named(monkeypatch):
    from XrayToCTLib.enhancement import median

    def no_memory(*_: object) -> np.ndarray:
        raise MemoryError

    monkeypatch.setattr(median, "median", no_memory)
    with pytest.raises(XrayToCTError, match="not enough memory for median"):
        x2ct.enhance(chest_like(), "median")


def test_a_step_is_changed_without_touching_its_others():
    step = Step.of("clahe", clip_limit=4.0).with_values(tile=20.0)
    assert (step.values["clip_limit"], step.values["tile"]) == (4.0, 20.0)
    assert replace(step, enabled=False).with_values(tile=9.0).enabled is False


def test_one_frame_of_a_cine_is_enhanced_as_it_is_among_all():
    radiograph = chest_like()
    cine = replace(radiograph, pixels=np.concatenate([radiograph.pixels, radiograph.pixels * 0.5]))
    whole, one = x2ct.enhance(cine, "chest clarity"), x2ct.enhance(cine, "chest clarity", frame=1)
    np.testing.assert_array_equal(one.pixels[1], whole.pixels[1])
    np.testing.assert_array_equal(one.pixels[0], cine.pixels[0])
    with pytest.raises(XrayToCTError, match="no frame 2"):
        x2ct.enhance(cine, "none", frame=2)
