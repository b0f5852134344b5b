"""Editing a pipeline step by step, with undo and redo; and the pictures that show what it does."""

from __future__ import annotations

import numpy as np
import pytest

from XrayToCTLib.enhancement.curve_picture import CurveColours, curve_picture
from XrayToCTLib.enhancement.pipeline import Pipeline, Step
from XrayToCTLib.enhancement.pipeline_editor import PipelineEditor, unchanged_name
from XrayToCTLib.enhancement.shown_picture import (
    beside,
    display_window,
    fitted,
    grey_picture,
    netpbm,
    split_picture,
    window_about,
)
from XrayToCTLib.enhancement.transfer_curve import transfer_curve
from XrayToCTLib.errors import XrayToCTError

THREE = Pipeline("three", (Step.of("median"), Step.of("clahe"), Step.of("unsharp_mask")))
COLOURS = CurveColours((255, 255, 255), (0, 0, 0), (160, 160, 160), (0, 0, 255))


@pytest.fixture
def editor() -> PipelineEditor:
    return PipelineEditor(THREE)


def filters(editor: PipelineEditor) -> list[str]:
    return [step.filter for step in editor.pipeline.steps]


def test_every_edit_is_taken_back_and_done_again(editor: PipelineEditor) -> None:
    states = [editor.pipeline]
    for edit in (
        lambda: editor.add("wavelet"),
        lambda: editor.move(3, -2),
        lambda: editor.enable(0, False),
        lambda: editor.set_value(1, "strength", 2.0),
        lambda: editor.reset(1),
        lambda: editor.remove(2),
        lambda: editor.load(Pipeline("other")),
    ):
        edit()
        assert editor.pipeline != states[-1]
        states.append(editor.pipeline)
    for state in reversed(states[:-1]):
        editor.undo()
        assert editor.pipeline == state
    assert not editor.can_undo
    for state in states[1:]:
        editor.redo()
        assert editor.pipeline == state
    assert not editor.can_redo


def test_a_filter_is_added_moved_and_removed_where_it_was_asked_for(editor: PipelineEditor) -> None:
    assert editor.add("bilateral", 1) == 1
    assert filters(editor) == ["median", "bilateral", "clahe", "unsharp_mask"]
    assert editor.move(1, 99) == 3
    assert editor.move(0, -1) == 0
    editor.remove(0)
    assert filters(editor) == ["clahe", "unsharp_mask", "bilateral"]


def test_a_slider_that_moves_is_one_edit_until_it_is_let_go(editor: PipelineEditor) -> None:
    for value in (2.5, 3.0, 3.5):
        editor.set_value(1, "clip_limit", value)
    editor.settle()
    editor.set_value(1, "clip_limit", 9.0)
    editor.undo()
    assert editor.pipeline.steps[1].values["clip_limit"] == 3.5
    editor.undo()
    assert editor.pipeline == THREE


def test_an_edit_after_undo_forgets_what_was_undone(editor: PipelineEditor) -> None:
    editor.add("wavelet")
    editor.undo()
    editor.enable(0, False)
    assert not editor.can_redo


def test_an_edit_that_changes_nothing_is_none(editor: PipelineEditor) -> None:
    editor.enable(0, True)
    editor.move(0, -1)
    editor.load(THREE)
    assert not editor.can_undo


def test_a_changed_preset_says_so_by_its_name_once(editor: PipelineEditor) -> None:
    editor.enable(0, False)
    editor.enable(1, False)
    assert editor.pipeline.name == "three (changed)"
    assert unchanged_name(editor.pipeline.name) == "three"


@pytest.mark.parametrize(
    "edit",
    [
        lambda editor: editor.remove(3),
        lambda editor: editor.move(-1, 1),
        lambda editor: editor.add("no such filter"),
        lambda editor: editor.add("median", 9),
        lambda editor: editor.set_value(0, "size", -1.0),
        lambda editor: editor.set_value(0, "no such parameter", 1.0),
    ],
)
def test_an_impossible_edit_is_refused_and_changes_nothing(editor: PipelineEditor, edit: object) -> None:
    with pytest.raises(XrayToCTError):
        edit(editor)  # type: ignore[operator]
    assert editor.pipeline == THREE
    assert not editor.can_undo


def test_the_window_after_a_pipeline_is_never_narrower_than_the_one_before() -> None:
    assert window_about((10.0, 20.0), (12.0, 15.0)) == (10.0, 20.0)
    assert window_about((10.0, 20.0), (5.0, 40.0)) == (5.0, 40.0)
    image = np.linspace(0, 1000, 10_000, dtype=np.float32).reshape(100, 100)
    assert display_window(image) == pytest.approx((5.0, 995.0), abs=0.2)
    low, high = display_window(np.full((4, 4), 3.0, np.float32))
    assert low < high


def test_a_split_shows_one_image_to_the_left_and_the_other_to_the_right() -> None:
    before, after = np.zeros((4, 10), np.uint8), np.full((4, 10), 9, np.uint8)
    picture = split_picture(before, after, 0.5)
    assert (picture[:, :5] == 0).all() and (picture[:, 5] == 255).all() and (picture[:, 6:] == 9).all()
    np.testing.assert_array_equal(split_picture(before, after, 0.0), after)
    np.testing.assert_array_equal(split_picture(before, after, 1.0), before)
    assert beside(before, after).shape == (4, 22)


def test_a_picture_fits_its_box_with_the_shape_of_the_field() -> None:
    assert fitted(np.zeros((100, 50), np.float32), (1.0, 2.0), 80, 80).shape == (80, 80)
    assert fitted(np.zeros((100, 50), np.float32), (1.0, 1.0), 80, 80).shape == (80, 40)
    assert fitted(np.zeros((1, 400), np.float32), (1.0, 1.0), 80, 80).shape == (1, 80)


def test_the_bytes_of_a_picture_are_read_back_by_others() -> None:
    import cv2

    grey = grey_picture(np.arange(12, dtype=np.float32).reshape(3, 4), (0.0, 11.0))
    assert (grey.min(), grey.max()) == (0, 255)
    for picture in (grey, np.dstack([grey, grey // 2, grey // 3])):
        read = cv2.imdecode(np.frombuffer(netpbm(picture), np.uint8), cv2.IMREAD_UNCHANGED)
        np.testing.assert_array_equal(read[..., ::-1] if picture.ndim == 3 else read, picture)


def test_the_curve_is_drawn_where_it_runs() -> None:
    image = np.linspace(0, 1, 40_000, dtype=np.float32).reshape(200, 200)
    for power in (1.0, 3.0):
        picture = curve_picture(transfer_curve(image, image**power), COLOURS, 200, 100)
        assert picture.shape == (100, 200, 3)
        blue = (picture[..., 2].astype(int) - picture[..., 0]) > 120
        rows = np.flatnonzero(blue[:, 100])
        assert abs(rows.mean() - 99 * (1 - 0.5**power)) < 3


def test_a_curve_of_a_constant_or_tiny_image_can_be_drawn() -> None:
    for image in (np.zeros((1, 1), np.float32), np.full((5, 5), 2.0, np.float32)):
        assert curve_picture(transfer_curve(image, image), COLOURS, 50, 30).shape == (30, 50, 3)
