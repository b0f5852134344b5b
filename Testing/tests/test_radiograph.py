"""The record that every reader makes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.radiograph import IntensityScale, Radiograph, SpacingSource


def radiograph(pixels: np.ndarray, spacing: tuple[float, float] = (0.3, 0.2)) -> Radiograph:
    return Radiograph(pixels, spacing, SpacingSource.CALLER, IntensityScale.DISPLAY, source="phantom", identity="1")


def gradient(frames: int = 1) -> np.ndarray:
    return np.arange(frames * 12, dtype=np.float32).reshape(frames, 4, 3)


def test_shape_and_extent_keep_rows_before_columns():
    image = radiograph(gradient())
    assert image.shape == (4, 3)
    assert image.extent_mm == pytest.approx((1.2, 0.6))


def test_a_frame_is_a_radiograph_of_its_own():
    second = radiograph(gradient(frames=3)).frame(1)
    assert second.frames == 1
    np.testing.assert_array_equal(second.pixels[0], gradient(frames=3)[1])


@pytest.mark.parametrize("index", [-1, 3])
def test_a_frame_that_does_not_exist_is_refused(index):
    with pytest.raises(XrayToCTError, match="0 to 2"):
        radiograph(gradient(frames=3)).frame(index)


def test_a_radiograph_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        radiograph(gradient()).spacing = (1.0, 1.0)


@pytest.mark.parametrize(
    ("pixels", "said"),
    [
        (gradient().astype(np.float64), "float32"),
        (gradient()[0], "float32"),
        (np.zeros((1, 0, 5), dtype=np.float32), "no pixels"),
        (np.full((1, 4, 4), 7, dtype=np.float32), "constant"),
        (np.where(gradient() == 5, np.nan, gradient()).astype(np.float32), "NaN"),
        (np.where(gradient() == 5, np.inf, gradient()).astype(np.float32), "NaN or infinite"),
    ],
)
def test_pixels_that_are_no_image_are_refused_with_a_hint(pixels, said):
    with pytest.raises(XrayToCTError, match=said) as error:
        radiograph(pixels)
    assert error.value.hint


@pytest.mark.parametrize("spacing", [(0.0, 1.0), (1.0, -1.0), (float("nan"), 1.0), (1.0, float("inf"))])
def test_an_impossible_spacing_is_refused(spacing):
    with pytest.raises(XrayToCTError, match="spacing"):
        radiograph(gradient(), spacing)
