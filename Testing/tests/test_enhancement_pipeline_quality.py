"""Figures without a reference, and the contact sheet: known answers."""

from __future__ import annotations

import numpy as np
import pytest
from enhancement_radiographs import chest_like

from XrayToCTLib.enhancement.contact_sheet import try_all
from XrayToCTLib.enhancement.context import FilterContext
from XrayToCTLib.enhancement.quality import quality_figures
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.fidelity.enhancement_sheet import save_enhancement_sheet
from XrayToCTLib.progress import EnhancementCancelled


def context(shape: tuple[int, int] | None = None, *, spacing: float = 1.0, top: float = 1.0) -> FilterContext:
    return FilterContext((spacing, spacing), None if shape is None else np.ones(shape, bool), (0.0, top))


def test_the_noise_that_was_added_is_found_over_any_smooth_image(rng):
    ramp = np.linspace(200, 800, 300)[:, None] * np.ones((1, 200))
    for sigma in (2.0, 20.0):
        noisy = (ramp + sigma * rng.standard_normal(ramp.shape)).astype(np.float32)
        figures = quality_figures(noisy, context(top=1000.0))
        assert figures.noise == pytest.approx(sigma / 10, rel=0.05)  # per cent of 1000


def test_contrast_to_noise_of_two_areas_is_their_difference_over_the_noise(rng):
    image = np.full((200, 200), 300.0)
    image[:, 100:] = 700.0
    noisy = (image + 10 * rng.standard_normal(image.shape)).astype(np.float32)
    assert quality_figures(noisy, context(top=1000.0)).contrast_to_noise == pytest.approx(40, rel=0.05)
    assert quality_figures(image.astype(np.float32), context(top=1000.0)).contrast_to_noise == np.inf


def test_entropy_is_8_bits_for_equal_shares_and_none_for_a_constant():
    levels = (np.arange(256 * 16) % 256 + 0.5).reshape(64, 64).astype(np.float32)
    assert quality_figures(levels, context(top=256.0)).entropy == pytest.approx(8.0)
    constant = quality_figures(np.full((8, 8), 5.0, np.float32), context(top=256.0))
    assert constant.entropy == 0
    assert (constant.noise, constant.edge_strength, constant.range_used, constant.contrast_to_noise) == (0, 0, 0, 0)


def test_the_edge_strength_of_a_ramp_is_its_slope_whatever_the_spacing():
    ramp = np.tile(np.linspace(0, 100, 101, dtype=np.float32), (60, 1))
    inner = np.zeros(ramp.shape, bool)
    inner[10:-10, 10:-10] = True
    for spacing in (0.5, 1.0, 2.0):
        figures = quality_figures(ramp, FilterContext((spacing, spacing), inner, (0.0, 100.0)))
        assert figures.edge_strength == pytest.approx(1.0 / spacing, rel=1e-3)


def test_the_range_used_leaves_out_the_extremes():
    image = np.tile(np.linspace(20, 70, 500, dtype=np.float32), (20, 1))
    image[0, 0] = 100.0
    assert quality_figures(image, context(top=100.0)).range_used == pytest.approx(49.5, abs=0.3)


def test_what_lies_outside_the_mask_counts_for_nothing(rng):
    image = np.full((100, 100), 0.5, np.float32) + 0.01 * rng.standard_normal((100, 100)).astype(np.float32)
    mask = np.zeros(image.shape, bool)
    mask[:, :50] = True
    seen = FilterContext((1.0, 1.0), mask, (0.0, 1.0))
    before = quality_figures(image, seen)
    image[:, 56:] = rng.random((100, 44))
    assert quality_figures(image, seen) == before


def test_denoising_lowers_noise_and_equalising_raises_entropy():
    none, wavelet, equalised = try_all(chest_like((200, 160), noise=0.02), ["wavelet", "histogram_equalisation"])
    assert none.pipeline.steps == ()
    assert wavelet.figures.noise < 0.5 * none.figures.noise
    assert wavelet.figures.contrast_to_noise > none.figures.contrast_to_noise
    assert equalised.figures.entropy > none.figures.entropy


def test_trying_all_on_a_reduced_image_reduces_all_of_them():
    shapes = {candidate.radiograph.shape for candidate in try_all(chest_like((200, 160)), max_pixels=2000)}
    assert shapes == {(50, 40)}


def test_trying_all_can_be_cancelled():
    with pytest.raises(EnhancementCancelled):
        try_all(chest_like(), progress=lambda fraction, _: fraction < 0.3)


def test_a_sheet_of_nothing_is_refused(tmp_path):
    with pytest.raises(XrayToCTError, match="nothing to put"):
        save_enhancement_sheet(tmp_path / "a.png", [])
    with pytest.raises(XrayToCTError, match="cannot be written"):
        save_enhancement_sheet(tmp_path / "a.bmp", try_all(chest_like(), ["median"]))
    assert list(tmp_path.iterdir()) == []
