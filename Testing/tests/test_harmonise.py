"""Harmonise: pixel values of any scale become line integrals."""

from __future__ import annotations

import numpy as np
import pytest

from XrayToCTLib.models.card import ReferenceQuantiles
from XrayToCTLib.radiograph import IntensityScale
from XrayToCTLib.translation.harmonise import to_line_integrals

PROBABILITIES = tuple(np.linspace(0, 1, 65))
REFERENCE = ReferenceQuantiles(PROBABILITIES, tuple(6.0 * p**1.5 for p in PROBABILITIES))


def image() -> np.ndarray:
    return np.random.default_rng(3).gamma(2.0, 1.0, (80, 60)).astype(np.float32)


def test_line_integrals_stay_as_they_are():
    pixels = image()
    integrals, sentence = to_line_integrals(pixels, IntensityScale.LINE_INTEGRAL, REFERENCE)
    assert np.array_equal(integrals, pixels)
    assert "as they are" in sentence


@pytest.mark.parametrize("scale", [IntensityScale.DISPLAY, IntensityScale.LOG_EXPOSURE])
def test_other_scales_take_on_the_quantiles_of_the_reference(scale: IntensityScale):
    integrals, sentence = to_line_integrals(image(), scale, REFERENCE)
    assert integrals.dtype == np.float32
    assert np.quantile(integrals, PROBABILITIES) == pytest.approx(REFERENCE.line_integrals, abs=0.01)
    assert "65 quantiles" in sentence


def test_gain_offset_and_gamma_make_no_difference():
    pixels = image()
    plain, _ = to_line_integrals(pixels, IntensityScale.DISPLAY, REFERENCE)
    scaled, _ = to_line_integrals(40 * pixels + 1000, IntensityScale.DISPLAY, REFERENCE)
    curved, _ = to_line_integrals(pixels**0.8, IntensityScale.DISPLAY, REFERENCE)
    assert scaled == pytest.approx(plain, abs=1e-3)
    assert np.abs(curved - plain).max() < 0.05


def test_the_order_of_values_is_kept():
    pixels = image()
    integrals, _ = to_line_integrals(pixels, IntensityScale.DISPLAY, REFERENCE)
    assert (np.diff(integrals.ravel()[np.argsort(pixels.ravel())]) >= 0).all()


def test_a_large_constant_border_becomes_one_value_at_the_low_end():
    pixels = np.zeros((100, 100), np.float32)
    pixels[30:70, 30:70] = 1 + np.random.default_rng(0).random((40, 40))
    integrals, _ = to_line_integrals(pixels, IntensityScale.DISPLAY, REFERENCE)
    border = integrals[pixels == 0]
    assert np.unique(border).size == 1
    assert border[0] < integrals[pixels > 0].min()


def test_a_binary_image_gives_two_values_in_order():
    pixels = np.zeros((50, 50), np.float32)
    pixels[:25] = 1
    integrals, _ = to_line_integrals(pixels, IntensityScale.DISPLAY, REFERENCE)
    low, high = np.unique(integrals)
    assert low < high
    assert (integrals[pixels == 1] == high).all()
