"""Resample: nothing shifts between the radiograph's grid and the network's."""

from __future__ import annotations

import numpy as np
import pytest

from XrayToCTLib.translation.resample import network_shape, pad_to_multiple, resample

SHAPES = [(256, 256), (100, 173), (311, 90), (64, 400), (33, 37)]


def centre_of_mass_mm(image: np.ndarray, extent: tuple[float, float]) -> tuple[float, float]:
    """(row, col) in mm from the outer edge of the first pixel."""
    row_mm, col_mm = ((np.arange(n) + 0.5) * mm / n for n, mm in zip(image.shape, extent, strict=True))
    total = image.sum(dtype=np.float64)
    return float((image.sum(axis=1) * row_mm).sum() / total), float((image.sum(axis=0) * col_mm).sum() / total)


def blob(shape: tuple[int, int], extent: tuple[float, float]) -> np.ndarray:
    rows, cols = ((np.arange(n) + 0.5) * mm / n for n, mm in zip(shape, extent, strict=True))
    row_part = np.exp(-((rows - 0.42 * extent[0]) ** 2) / (2 * 30.0**2))[:, None]
    return (row_part * np.exp(-((cols - 0.55 * extent[1]) ** 2) / (2 * 30.0**2))).astype(np.float32)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("source", [(200, 200), (512, 128), (90, 700)])
def test_positions_in_mm_are_kept(source: tuple[int, int], shape: tuple[int, int]):
    extent = (384.0, 320.0)
    image = blob(source, extent)
    there = resample(image, shape)
    back = resample(there, source)
    pixel = min(mm / n for n, mm in zip(source, extent, strict=True))
    expected = centre_of_mass_mm(image, extent)
    assert centre_of_mass_mm(there, extent) == pytest.approx(expected, abs=0.1 * pixel)
    assert centre_of_mass_mm(back, extent) == pytest.approx(expected, abs=0.1 * pixel)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("source", [(200, 200), (512, 128), (40, 700)])
def test_a_straight_ramp_stays_where_it_was(source: tuple[int, int], shape: tuple[int, int]):
    """The value of a ramp tells the position: it must follow from the edges, on every grid."""
    rows, cols = ((np.arange(n) + 0.5) / n for n in source)
    image = (100 * rows[:, None] + 10 * cols[None, :]).astype(np.float32)
    result = resample(image, shape)
    rows, cols = ((np.arange(n) + 0.5) / n for n in shape)
    expected = 100 * rows[:, None] + 10 * cols[None, :]
    coarsest = [max(1, -(-new // old)) for new, old in zip(shape, source, strict=True)]
    inner = tuple(slice(step, -step) for step in coarsest)  # beyond the outermost centres, values are held
    a_tenth_of_a_pixel = 0.1 * (100 / source[0] + 10 / source[1])
    assert result[inner] == pytest.approx(expected[inner], abs=a_tenth_of_a_pixel)


def test_constants_stay_constant_up_to_every_edge():
    for shape in SHAPES:
        assert resample(np.full((123, 77), 7.5, np.float32), shape) == pytest.approx(7.5, abs=1e-5)


def test_shrinking_averages_so_that_no_detail_is_aliased():
    stripes = np.zeros((64, 64), np.float32)
    stripes[:, ::2] = 1.0
    assert resample(stripes, (32, 32)) == pytest.approx(0.5)


def test_one_axis_may_shrink_while_the_other_grows():
    stripes = np.zeros((64, 8), np.float32)
    stripes[::2] = 1.0
    result = resample(stripes, (32, 40))
    assert result.shape == (32, 40)
    assert result == pytest.approx(0.5)


def test_the_same_shape_changes_nothing():
    image = np.random.default_rng(0).random((40, 50)).astype(np.float32)
    assert np.array_equal(resample(image, (40, 50)), image)


def test_the_result_is_written_where_it_is_wanted():
    out = np.zeros((2, 30, 40), np.float32)
    resample(np.ones((10, 10), np.float32), (30, 40), out=out[1])
    assert (out[1] == 1).all()
    assert (out[0] == 0).all()


def test_the_network_grid_follows_extent_and_spacing_of_each_axis():
    assert network_shape((2000, 2000), (0.192, 0.192), (1.5, 1.5)) == (256, 256)
    assert network_shape((2000, 1000), (0.192, 0.384), (1.5, 1.5)) == (256, 256)
    assert network_shape((3000, 2500), (0.14, 0.14), (1.5, 1.5)) == (280, 233)
    assert network_shape((10, 3000), (0.1, 0.1), (1.5, 1.5)) == (32, 200)


def test_padding_repeats_the_bottom_and_right_edges_only():
    image = np.arange(12, dtype=np.float32).reshape(3, 4)
    padded = pad_to_multiple(image, 5)
    assert padded.shape == (5, 5)
    assert np.array_equal(padded[:3, :4], image)
    assert (padded[3:, :4] == image[-1]).all()
    assert (padded[:, 4] == padded[:, 3]).all()
    assert pad_to_multiple(image, 1).shape == (3, 4)
