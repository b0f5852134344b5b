"""The metrics: closed forms, an independent implementation, and what must not change them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.fidelity.metrics import HU_RANGE, body_mask, mae, me, mse, psnr, rmse, ssim, ssim_map, to_window


@pytest.fixture
def pair() -> tuple[np.ndarray, np.ndarray]:
    """Two smooth, correlated images in HU, (3, 60, 47), with detail at the scale of the SSIM window."""
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:60, :47]
    truth = np.stack([600 * np.sin(x / (4 + k)) * np.cos(y / 9) - 300 for k in range(3)])
    return truth + rng.normal(40, 150, truth.shape), truth


@pytest.fixture
def blob() -> np.ndarray:
    """A mask that touches no edge of the field, (3, 60, 47)."""
    y, x = np.mgrid[:60, :47]
    return np.broadcast_to((y - 30) ** 2 + (x - 24) ** 2 < 15**2, (3, 60, 47))


def test_a_constant_offset_is_the_mae_the_me_and_the_rmse(pair):
    _, truth = pair
    assert mae(truth - 70, truth) == pytest.approx(70)
    assert me(truth - 70, truth) == pytest.approx(-70)
    assert rmse(truth - 70, truth) == pytest.approx(70)


def test_psnr_of_an_offset_of_250_hu_at_range_2500_is_20_db(pair):
    _, truth = pair
    assert psnr(truth + 250, truth) == pytest.approx(20)
    assert psnr(truth + 250, truth, data_range=4095) == pytest.approx(20 * math.log10(4095 / 250))


def test_errors_of_both_signs_cancel_in_the_bias_only():
    a, b = np.array([[100.0, -100.0]]), np.zeros((1, 2))
    assert (me(a, b), mae(a, b), mse(a, b)) == (0, 100, 10000)


def test_equal_images_have_infinite_psnr_and_ssim_one(pair):
    truth = pair[1]
    assert psnr(truth, truth) == math.inf
    assert ssim(truth, truth) == pytest.approx(1, abs=1e-12)


def test_ssim_of_two_constants_is_the_luminance_term():
    a, b, c1 = 400.0, 700.0, (0.01 * HU_RANGE) ** 2
    expected = (2 * a * b + c1) / (a * a + b * b + c1)
    assert ssim(np.full((20, 20), a - 1024), np.full((20, 20), b - 1024)) == pytest.approx(expected, abs=1e-9)


def test_only_the_masked_voxels_count(pair, blob):
    result, truth = pair
    spoiled = np.where(blob, result, 9999.0)
    assert mae(spoiled, truth, blob) == pytest.approx(mae(result, truth, blob))
    assert mae(spoiled, truth) > 2 * mae(result, truth)


def test_whole_image_metrics_equal_scikit_image(pair):
    result, truth = pair
    assert mse(result, truth) == pytest.approx(mean_squared_error(truth, result), rel=1e-12)
    assert psnr(result, truth) == pytest.approx(peak_signal_noise_ratio(truth, result, data_range=2500), abs=1e-9)
    expected = np.mean([_scikit_ssim(a, b)[0] for a, b in zip(result, truth, strict=True)])
    assert ssim(result, truth) == pytest.approx(expected, abs=1e-5)
    assert expected < 0.9  # the pair differs enough for the comparison to mean something


def test_masked_ssim_equals_scikit_images_map_over_the_mask(pair, blob):
    result, truth = pair
    maps = np.stack([_scikit_ssim(a, b)[1] for a, b in zip(result, truth, strict=True)])
    assert ssim(result, truth, blob) == pytest.approx(maps[blob].mean(), abs=1e-5)
    assert np.abs(ssim_map(result, truth) - maps).max() < 1e-5  # edges included


def test_ssim_of_float32_hu_keeps_its_precision(pair):
    result, truth = (image.astype(np.float32) for image in pair)
    expected = np.mean([_scikit_ssim(a.astype(float), b.astype(float))[0] for a, b in zip(result, truth, strict=True)])
    assert ssim(result, truth) == pytest.approx(expected, abs=1e-5)


def test_flipping_both_images_changes_nothing(pair, blob):
    result, truth = pair
    for metric in (mae, me, rmse, psnr, ssim):
        flipped = metric(result[:, ::-1, ::-1], truth[:, ::-1, ::-1], blob[:, ::-1, ::-1])
        assert flipped == pytest.approx(metric(result, truth, blob), rel=1e-12), metric.__name__


def test_swapping_the_images_turns_the_sign_of_the_bias_and_nothing_else(pair):
    result, truth = pair
    assert me(truth, result) == pytest.approx(-me(result, truth))
    for metric in (mae, rmse, psnr, ssim):
        assert metric(truth, result) == pytest.approx(metric(result, truth), rel=1e-12), metric.__name__


def test_the_inputs_are_left_as_they_were(pair, blob):
    copies = [array.copy() for array in (*pair, blob)]
    ssim(*pair, blob), psnr(*pair), body_mask(pair[0]), to_window(pair[0])
    for array, copy in zip((*pair, blob), copies, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_values_beyond_the_window_are_clipped_to_it():
    np.testing.assert_array_equal(to_window(np.array([[-3000.0, 0, 3071]])), [[-1024, 0, 1476]])


@pytest.mark.parametrize("metric", [mae, me, rmse, psnr, ssim])
def test_bad_input_gets_a_sentence(metric):
    image = np.zeros((20, 20))
    with pytest.raises(XrayToCTError, match="cannot be compared"):
        metric(image, np.zeros((20, 21)))
    with pytest.raises(XrayToCTError, match="cannot be compared"):
        metric(np.zeros(5), np.zeros(5))
    with pytest.raises(XrayToCTError, match="mask has shape"):
        metric(image, image, np.ones((5, 5), bool))
    with pytest.raises(XrayToCTError, match="mask is empty"):
        metric(image, image, np.zeros((20, 20), bool))


def test_ssim_refuses_images_smaller_than_its_window_and_masks_on_the_rim():
    with pytest.raises(XrayToCTError, match="at least 11 x 11"):
        ssim(np.zeros((10, 30)), np.zeros((10, 30)))
    rim = np.zeros((30, 30), bool)
    rim[0] = True
    with pytest.raises(XrayToCTError, match="within 5 pixels of the edge"):
        ssim(np.zeros((30, 30)), np.zeros((30, 30)), rim)


def test_the_body_mask_holds_the_lungs_and_drops_the_table():
    hu = np.full((80, 80), -1000.0, np.float32)
    hu[10:60, 20:60] = 40  # chest
    hu[20:50, 25:55] = -850  # lung
    hu[70:74, 5:75] = 100  # table, apart
    mask = body_mask(hu)
    assert mask[10:60, 20:60].all()
    assert mask.sum() == 50 * 40


def test_a_trachea_open_to_the_outside_does_not_drain_the_lungs():
    hu = np.full((80, 80), -1000.0, np.float32)
    hu[10:60, 20:60] = 40
    hu[20:50, 25:55] = -850
    hu[:25, 38:42] = -1000  # air from outside the field down into the lung
    assert body_mask(hu)[25:50, 25:55].all()


def test_lungs_cut_at_the_upper_edge_of_the_field_count_as_body():
    hu = np.full((60, 80), -1000.0, np.float32)
    hu[:50, 10:70] = 40
    hu[:40, 20:60] = -850
    mask = body_mask(hu)
    assert mask[:50, 10:70].all()
    assert not mask[:, :10].any()


def test_a_slab_of_air_has_no_body_and_slabs_are_masked_one_by_one():
    hu = np.full((2, 30, 30), -1000.0, np.float32)
    hu[1, 5:25, 5:25] = 0
    mask = body_mask(hu)
    assert not mask[0].any()
    assert mask[1].sum() == 400


def _scikit_ssim(a: np.ndarray, b: np.ndarray) -> tuple[float, np.ndarray]:
    """On HU + 1024: SSIM is defined for intensities, not for signed numbers."""
    return structural_similarity(
        a + 1024, b + 1024, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=2500, full=True
    )
