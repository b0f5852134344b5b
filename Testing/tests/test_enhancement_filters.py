"""What holds for every filter: identity, type, symmetry, NaN, tiny and odd images."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from XrayToCTLib.enhancement.context import FilterContext
from XrayToCTLib.enhancement.parameters import FilterParameters
from XrayToCTLib.enhancement.table import CATEGORIES, FILTERS
from XrayToCTLib.errors import XrayToCTError

# Parameters with which a filter does nothing.
IDENTITY: dict[str, dict[str, Any]] = {name: {"strength": 0.0} for name in FILTERS} | {
    "window_level": {"level": 0.5, "window": 1.0, "gamma": 1.0},
    "median": {"size": 0.0},
    "unsharp_mask": {"amount": 0.0},
    "laplacian_sharpening": {"amount": 0.0},
    "multiscale_contrast": {"strength": 0.0, "latitude": 0.0},
}
# Largest difference after mirroring or transposing, as a share of the range, and why it is not nought.
ASYMMETRY = {
    # OpenCV places tile centres half a pixel off and pads odd sizes at the right and lower side.
    "clahe": 0.06,
    "grid_suppression": 1e-6,
    # Forward differences have a direction; the difference shrinks with the iterations.
    "total_variation": 0.006,
    # An estimate of noise by a fit to groups of blocks that start at the upper left corner.
    "variance_stabilised": 0.01,
}
FRAME_SPAN = 65535.0


def chest_like(rng: np.random.Generator, shape: tuple[int, int] = (96, 80)) -> np.ndarray:
    """float32, 0..65535, whole numbers: a bright body with two dark lungs, ribs and noise."""
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    image = 40000 * np.exp(-(x**2)) - 20000 * (
        np.exp(-8 * ((x - 0.4) ** 2 + y**2)) + np.exp(-8 * ((x + 0.4) ** 2 + y**2))
    )
    image = image + 2000 * np.sin(14 * y + x) + rng.normal(0, 400, shape) + 9000
    return np.clip(np.rint(image), 0, 65535).astype(np.float32)


def context(mask: np.ndarray | None = None, spacing: tuple[float, float] = (0.8, 0.8)) -> FilterContext:
    return FilterContext(spacing, mask, (0.0, FRAME_SPAN))


def apply(name: str, image: np.ndarray, about: FilterContext, **values: Any) -> np.ndarray:
    entry = FILTERS[name]
    return entry.function(image, entry.parameters_class(**values), about)


def test_the_table_names_every_filter_in_the_order_of_the_field() -> None:
    order = [list(CATEGORIES).index(entry.category) for entry in FILTERS.values()]
    assert order == sorted(order)
    assert len(FILTERS) == 20
    for entry in FILTERS.values():
        assert entry.help.endswith(".") and entry.title
        assert issubclass(entry.parameters_class, FilterParameters)
        for item in fields(entry.parameters_class):
            assert item.metadata["help"], f"{entry.name}.{item.name}"


@pytest.mark.parametrize("name", FILTERS)
def test_identity_parameters_change_nothing(name: str, rng: np.random.Generator) -> None:
    image = chest_like(rng)
    np.testing.assert_array_equal(apply(name, image, context(), **IDENTITY[name]), image)


@pytest.mark.parametrize("name", [name for name in FILTERS if name not in ("window_level", "grid_suppression")])
def test_default_parameters_change_a_radiograph_but_not_the_array_given(name: str, rng: np.random.Generator) -> None:
    image = chest_like(rng)
    before = image.copy()
    result = apply(name, image, context())
    assert result.dtype == np.float32 and result.shape == image.shape
    assert np.abs(result - image).max() > 1.0
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("name", FILTERS)
def test_a_mirrored_or_transposed_image_gives_the_mirrored_or_transposed_result(
    name: str, rng: np.random.Generator
) -> None:
    image = chest_like(rng)
    mask = np.ones(image.shape, bool)
    mask[:8] = False
    about = FilterContext((0.8, 0.7), mask, (0.0, FRAME_SPAN))
    result = apply(name, image, about)
    share = ASYMMETRY.get(name, 2e-4)
    for turn in (np.flipud, np.fliplr):
        turned = apply(name, turn(image).copy(), FilterContext(about.spacing, turn(mask).copy(), about.value_range))
        np.testing.assert_allclose(turn(turned), result, atol=share * FRAME_SPAN)
    turned = apply(name, image.T.copy(), FilterContext(about.spacing[::-1], mask.T.copy(), about.value_range))
    np.testing.assert_allclose(turned.T, result, atol=share * FRAME_SPAN)


@pytest.mark.parametrize("name", FILTERS)
def test_invalid_pixels_come_back_as_they_were_and_spoil_no_others(name: str, rng: np.random.Generator) -> None:
    image = chest_like(rng)
    holed = image.copy()
    holed[3, 4], holed[50:54, 30:33], holed[70, 70] = np.nan, np.nan, np.inf
    result = apply(name, holed, context())
    np.testing.assert_array_equal(np.isnan(result), np.isnan(holed))
    assert result[70, 70] == np.inf
    rest = np.isfinite(holed)
    assert np.isfinite(result[rest]).all()
    away = np.s_[:, 75:]  # far from the holes, hardly anything changes
    difference = np.abs(result[away] - apply(name, image, context())[away])[rest[away]]
    assert np.median(difference) < 0.01 * FRAME_SPAN


@pytest.mark.parametrize("name", FILTERS)
def test_an_image_of_nothing_but_nan_stays_one(name: str) -> None:
    assert np.isnan(apply(name, np.full((5, 6), np.nan, np.float32), context())).all()


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (1, 700), (700, 2), (7, 5)])
def test_tiny_and_narrow_images_are_filtered(name: str, shape: tuple[int, int], rng: np.random.Generator) -> None:
    image = rng.integers(0, 65536, shape).astype(np.float32)
    result = apply(name, image, context())
    assert result.shape == shape and np.isfinite(result).all()


@pytest.mark.parametrize("name", FILTERS)
def test_a_constant_image_stays_constant(name: str) -> None:
    image = np.full((40, 30), 12345.0, np.float32)
    result = apply(name, image, context())
    assert np.ptp(result) <= 1e-3 * FRAME_SPAN
    single = FilterContext((1.0, 1.0), None, (12345.0, 12345.0))
    np.testing.assert_array_equal(apply(name, image, single), image)


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("value_range", [(0.0, 255.0), (0.0, 1023.0), (0.0, 4095.0), (-1.0, 6.5)])
def test_the_result_scales_with_the_range(
    name: str, value_range: tuple[float, float], rng: np.random.Generator
) -> None:
    image = chest_like(rng)
    expected = apply(name, image, context()) / FRAME_SPAN
    low, high = value_range
    scaled = (low + image / FRAME_SPAN * (high - low)).astype(np.float32)
    result = (apply(name, scaled, FilterContext((0.8, 0.8), None, value_range)) - low) / (high - low)
    np.testing.assert_allclose(result, expected, atol=2e-3)


@pytest.mark.parametrize("name", FILTERS)
def test_collimation_does_not_count(name: str, rng: np.random.Generator) -> None:
    image = chest_like(rng, (128, 128))
    black, white = image.copy(), image.copy()
    black[:16], white[:16] = 0.0, FRAME_SPAN
    mask = np.ones(image.shape, bool)
    mask[:16] = False
    one, other = apply(name, black, context(mask)), apply(name, white, context(mask))
    # 50 mm away from the frame the result does not know its colour.
    np.testing.assert_allclose(one[90:], other[90:], atol=0.012 * FRAME_SPAN)


def test_an_empty_mask_counts_as_none(rng: np.random.Generator) -> None:
    image = chest_like(rng)
    empty = np.zeros(image.shape, bool)
    for name in FILTERS:
        assert np.isfinite(apply(name, image, context(empty))).all(), name


@pytest.mark.parametrize("name", FILTERS)
def test_impossible_parameters_are_refused_with_their_bounds(name: str) -> None:
    entry = FILTERS[name]
    for item in fields(entry.parameters_class):
        if isinstance(item.default, str):
            wrong: list[Any] = ["nothing of the kind", 3]
        elif isinstance(item.default, tuple):
            wrong = [(0.0, float("nan")), (1.0, 0.0), "text"]
        else:
            wrong = [float("nan"), "text", True]
            if item.metadata["maximum"] is not None:
                wrong.append(item.metadata["maximum"] * 2 + 1)
        for value in wrong:
            with pytest.raises(XrayToCTError):
                entry.parameters_class(**{item.name: value})


def test_images_and_contexts_that_are_none_are_refused() -> None:
    entry = FILTERS["clahe"]
    parameters = entry.parameters_class()
    for image in (np.zeros((2, 3, 4), np.float32), np.zeros((0, 3), np.float32), np.zeros((3, 3), complex)):
        with pytest.raises(XrayToCTError):
            entry.function(image, parameters, context())
    with pytest.raises(XrayToCTError, match="differ in shape"):
        entry.function(np.zeros((3, 3), np.float32), parameters, context(np.ones((2, 2), bool)))
    for spacing, mask, value_range in [
        ((0.0, 1.0), None, (0.0, 1.0)),
        ((1.0, 1.0), np.ones((2, 2)), (0.0, 1.0)),
        ((1.0, 1.0), None, (1.0, 0.0)),
        ((1.0, 1.0), None, (0.0, float("nan"))),
    ]:
        with pytest.raises(XrayToCTError):
            FilterContext(spacing, mask, value_range)
