"""NCC, NMI, histogram distance, GMSD, HFEN, VIF, edge alignment and published variants, against independent code."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import ndimage, stats
from skimage.metrics import normalized_mutual_information, structural_similarity
from torchmetrics.functional.image import visual_information_fidelity

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.fidelity import metrics
from XrayToCTLib.fidelity import published_variants as published
from XrayToCTLib.fidelity.across_contrasts import edge_alignment
from XrayToCTLib.fidelity.correlation import histogram_distance, ncc, nmi
from XrayToCTLib.fidelity.detail import gmsd, hfen, laplacian_of_gaussian, vif

TWO_IMAGES = [metrics.mae, metrics.ssim, ncc, nmi, histogram_distance, gmsd, hfen, vif, edge_alignment]


@pytest.fixture
def pair() -> tuple[np.ndarray, np.ndarray]:
    """Correlated images in HU, (8, 64, 51), with detail at the scale of the kernels."""
    rng = np.random.default_rng(11)
    y, x = np.mgrid[:64, :51]
    truth = np.stack([500 * np.sin(x / (3 + k / 2)) * np.cos(y / (7 - k / 2)) + 4 * x - 200 for k in range(8)])
    return truth * 0.9 + rng.normal(30, 90, truth.shape), truth


@pytest.fixture
def blob() -> np.ndarray:
    y, x = np.mgrid[:64, :51]
    return np.broadcast_to((y - 33) ** 2 + (x - 24) ** 2 < 17**2, (8, 64, 51))


def test_ncc_is_pearson_s_r_and_forgets_gain_and_offset(pair, blob):
    made, truth = pair
    assert ncc(made, truth) == pytest.approx(stats.pearsonr(made.ravel(), truth.ravel()).statistic, abs=1e-12)
    assert ncc(made, truth, blob) == pytest.approx(stats.pearsonr(made[blob], truth[blob]).statistic, abs=1e-12)
    assert ncc(3 * truth - 77, truth) == pytest.approx(1)
    assert ncc(-truth, truth) == pytest.approx(-1)
    assert math.isnan(ncc(np.zeros_like(truth), truth))


def test_nmi_equals_scikit_image_and_survives_any_relabelling(pair, blob):
    made, truth = pair
    assert nmi(made, truth) == pytest.approx(normalized_mutual_information(made, truth, bins=100), abs=1e-5)
    inside = nmi(made, truth, blob)
    assert inside == pytest.approx(normalized_mutual_information(made[blob], truth[blob], bins=100), abs=1e-5)
    assert nmi(truth, truth) == pytest.approx(2)
    assert nmi(-truth, truth) == pytest.approx(2, abs=0.01)
    shuffled = np.random.default_rng(0).permutation(truth.ravel()).reshape(truth.shape)
    assert nmi(shuffled, truth, bins=16) == pytest.approx(1, abs=0.01)


def test_histogram_distance_is_the_earth_mover_s_and_an_offset_is_itself(pair, blob):
    made, truth = pair
    expected = stats.wasserstein_distance(made.ravel(), truth.ravel())
    assert histogram_distance(made, truth) == pytest.approx(expected, rel=1e-9)
    assert histogram_distance(truth + 42, truth, blob) == pytest.approx(42)
    assert histogram_distance(truth[:, ::-1], truth) == 0  # it does not see places


def test_gmsd_equals_the_paper_s_formula(pair, blob):
    made, truth = pair
    prewitt = np.array([[1, 0, -1]] * 3) / 3
    values, masked = [], []
    for a, b, inside in zip(made, truth, blob, strict=True):
        halves = [ndimage.uniform_filter(image, 2, origin=-1, mode="nearest")[::2, ::2] for image in (a, b)]
        halves = [half[: len(a) // 2, : a.shape[1] // 2] for half in halves]
        x, y = (
            np.sqrt(
                ndimage.convolve(half, prewitt, mode="nearest") ** 2
                + ndimage.convolve(half, prewitt.T, mode="nearest") ** 2
            )
            for half in halves
        )
        constant = 170 * (2500 / 255) ** 2
        similarity = ((2 * x * y + constant) / (x**2 + y**2 + constant))[1:-1, 1:-1]
        values.append(similarity.std())
        share = inside[:64, :50].reshape(32, 2, 25, 2).mean((1, 3))
        masked.append(similarity[share[1:-1, 1:-1] >= 0.5].std())
    assert gmsd(made, truth) == pytest.approx(np.mean(values), abs=1e-9)
    assert gmsd(made, truth, blob) == pytest.approx(np.mean(masked), abs=1e-9)
    assert gmsd(truth, truth) == pytest.approx(0, abs=1e-12)
    assert gmsd(truth + 300, truth) == pytest.approx(0, abs=1e-9)


def test_hfen_equals_the_paper_s_formula_and_an_offset_leaves_it_zero(pair, blob):
    made, truth = pair
    x = np.arange(-7, 8)
    square = x[:, None] ** 2 + x**2
    gaussian = np.exp(-square / 4.5) / np.exp(-square / 4.5).sum()
    log = gaussian * (square - 4.5) / 1.5**4
    log -= log.sum() / 225  # MATLAB's fspecial('log', 15, 1.5)
    np.testing.assert_allclose(laplacian_of_gaussian(), log, atol=1e-12)
    edges = [np.stack([ndimage.convolve(slab, log) for slab in image])[:, 7:-7, 7:-7] for image in (made, truth)]
    expected = np.linalg.norm(edges[0] - edges[1]) / np.linalg.norm(edges[1])
    assert hfen(made, truth) == pytest.approx(expected, rel=1e-9)
    inside = blob[:, 7:-7, 7:-7]
    masked = np.linalg.norm((edges[0] - edges[1])[inside]) / np.linalg.norm(edges[1][inside])
    assert hfen(made, truth, blob) == pytest.approx(masked, rel=1e-9)
    assert hfen(truth + 500, truth) == pytest.approx(0, abs=1e-12)
    assert hfen(np.zeros_like(truth), truth) == pytest.approx(1)
    assert math.isnan(hfen(made, np.zeros_like(truth)))


def test_vif_equals_torchmetrics(pair):
    made, truth = pair
    low, high = metrics.HU_WINDOW
    scaled = [torch.from_numpy((image - low) / (high - low) * 255)[:, None] for image in (made, truth)]
    expected = float(visual_information_fidelity(*scaled, sigma_n_sq=2.0))
    assert vif(made, truth) == pytest.approx(expected, abs=1e-5)
    assert expected < 0.9
    assert vif(truth, truth) == pytest.approx(1, abs=1e-6)
    assert vif(1.3 * truth, truth) > 1  # more contrast than the reference
    assert vif(np.zeros_like(truth), truth) == pytest.approx(0, abs=1e-6)
    with_air = [np.concatenate((image, np.full((1, 64, 51), -1000.0))) for image in (made, truth)]
    assert vif(*with_air) == pytest.approx(expected, abs=1e-5)  # a slab of air holds nothing to be kept
    assert math.isnan(vif(np.zeros((50, 50)), np.zeros((50, 50))))


def test_edge_alignment_sees_edges_whatever_their_sign_and_scale(pair, blob):
    _, truth = pair
    whole = edge_alignment(truth, truth)
    assert whole > 0.85  # what is flat counts as noise
    assert edge_alignment(-0.01 * truth + 5, truth) == pytest.approx(whole)
    moved = np.roll(truth, 6, axis=-1)
    assert edge_alignment(moved, truth, blob) < 0.8 * edge_alignment(truth, truth, blob)
    y, x = np.mgrid[:40, :40].astype(float)
    assert edge_alignment(x, y) == 0  # at right angles everywhere
    # Two ramps at 60 degrees: the squared cosine, and the noise level of a tenth of the one gradient that there is.
    turned = math.cos(math.pi / 3) * x + math.sin(math.pi / 3) * y
    assert edge_alignment(turned, x) == pytest.approx(0.25 / 1.01**2, abs=1e-9)


def test_the_synthrad_variants_equal_scikit_image(pair, blob):
    made, truth = (image * 3 for image in pair)  # beyond the window, which must clip
    inside = blob.copy()
    inside[0] = False
    clipped = [np.clip(image, -1024, 3000) for image in (made, truth)]
    emptied = [np.where(inside, image, -1024) + 1024 for image in clipped]
    _, full = structural_similarity(*emptied, data_range=4024, full=True)
    rim = np.s_[3:-3, 3:-3, 3:-3]
    assert published.synthrad_ssim(made, truth, inside) == pytest.approx(full[rim][inside[rim]].mean(), abs=1e-9)
    error = np.mean((clipped[0] - clipped[1])[inside] ** 2)
    assert published.synthrad_psnr(made, truth, inside) == pytest.approx(10 * math.log10(4024**2 / error), abs=1e-9)
    assert published.synthrad_mae(made, truth, inside) == pytest.approx(np.abs(made - truth)[inside].mean())


def test_the_x2ct_variants_equal_scikit_image(pair):
    made, truth = pair
    scaled = [np.clip(image + 1024, 0, 2500) / 2500 for image in (made, truth)]
    expected = [
        structural_similarity(*(np.moveaxis(image, axis, -1) for image in scaled), data_range=1.0, channel_axis=-1)
        for axis in range(3)
    ]
    assert published.x2ct_ssim(made, truth) == pytest.approx(np.mean(expected), abs=1e-9)
    cut = [np.trunc(image * 2500) for image in scaled]
    expected_psnr = 20 * math.log10(4095 / math.sqrt(np.mean((cut[0] - cut[1]) ** 2)))
    assert published.x2ct_psnr(made, truth) == pytest.approx(expected_psnr, abs=0.01)  # 2500 * (x / 2500) may round
    assert published.x2ct_psnr(truth, truth) == 100
    assert published.x2ct_mae(truth + 50, truth) == pytest.approx(50)


def test_flipping_both_images_changes_nothing(pair):
    even = [image[:, :, :50] for image in pair]  # GMSD's blocks would start elsewhere on an odd number of columns
    for metric in TWO_IMAGES:
        flipped = metric(*(image[:, ::-1, ::-1] for image in even))
        tolerance = 1e-2 if metric in (vif,) else 1e-9  # its every second pixel starts at the other end
        assert flipped == pytest.approx(metric(*even), rel=tolerance), metric.__name__


def test_ssim_without_opencv_gives_the_same_numbers(pair, monkeypatch):
    made, truth = pair
    expected = metrics.ssim(made, truth)
    monkeypatch.setitem(__import__("sys").modules, "cv2", None)
    assert metrics.ssim(made, truth) == pytest.approx(expected, abs=1e-12)


def test_ssim_in_strips_has_no_seams(pair):
    rng = np.random.default_rng(2)
    a, b = rng.normal(0, 300, (2, 150, 33))
    theirs = structural_similarity(
        a + 1024, b + 1024, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=2500, full=True
    )[1]
    np.testing.assert_allclose(metrics.ssim_map(a, b), theirs, atol=1e-9)


@pytest.mark.parametrize("metric", TWO_IMAGES)
def test_shapes_that_differ_get_a_sentence(pair, metric):
    made, truth = pair
    with pytest.raises(XrayToCTError, match="cannot be compared voxel by voxel"):
        metric(made, truth[:, :-1])


@pytest.mark.parametrize("metric", [ncc, nmi, histogram_distance, gmsd, hfen, edge_alignment])
def test_an_empty_mask_gets_a_sentence(pair, metric):
    with pytest.raises(XrayToCTError, match="mask is empty"):
        metric(*pair, np.zeros(pair[0].shape, bool))


@pytest.mark.parametrize(("metric", "size"), [(gmsd, 5), (hfen, 14), (vif, 40), (edge_alignment, 2)])
def test_images_too_small_for_the_kernel_get_a_sentence(metric, size):
    image = np.arange(size * size, dtype=float).reshape(size, size)
    with pytest.raises(XrayToCTError):
        metric(image, image)


@pytest.mark.parametrize("metric", [gmsd, hfen, edge_alignment])
def test_a_mask_on_the_rim_alone_gets_a_sentence(pair, metric):
    mask = np.zeros(pair[0].shape, bool)
    mask[:, 0, 0] = True
    with pytest.raises(XrayToCTError, match="on the edge"):
        metric(*pair, mask)


def test_the_published_ssims_refuse_a_flat_stack(pair):
    thin = [image[:3] for image in pair]
    with pytest.raises(XrayToCTError, match="at least 7 voxels"):
        published.x2ct_ssim(*thin)
    with pytest.raises(XrayToCTError, match="at least 7 voxels"):
        published.synthrad_ssim(*thin, np.ones(thin[0].shape, bool))
