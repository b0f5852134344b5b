"""Multi-scale SSIM and gradient correlation: independent implementations, and what they must and must not see."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import ndimage

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.fidelity.metrics import ssim
from XrayToCTLib.fidelity.structure import MS_SSIM_WEIGHTS, gradient_correlation, ms_ssim


@pytest.fixture(scope="module")
def pair() -> tuple[np.ndarray, np.ndarray]:
    """Two correlated images in HU, (2, 200, 184), with detail at several scales."""
    rng = np.random.default_rng(5)
    truth = np.stack([sum(ndimage.gaussian_filter(rng.normal(0, 300 * s, (200, 184)), s) for s in (1, 3, 9, 20))] * 2)
    truth[1] = truth[1, ::-1]
    return truth - 300 + rng.normal(30, 120, truth.shape), truth - 300


def test_ms_ssim_equals_torchmetrics_but_for_its_mirrored_edges(pair):
    torch = pytest.importorskip("torch")
    functional = pytest.importorskip("torchmetrics.functional.image")
    result, truth = (torch.from_numpy(image + 1024)[:, None] for image in pair)
    expected = functional.multiscale_structural_similarity_index_measure(
        result, truth, data_range=2500.0, sigma=1.5, kernel_size=11, betas=MS_SSIM_WEIGHTS
    )
    # At the coarsest scale torchmetrics averages luminance over mirrored edges too, which the paper leaves out.
    assert ms_ssim(*pair) == pytest.approx(float(expected), abs=5e-4)
    assert 0.2 < float(expected) < 0.95  # the pair differs enough for the comparison to mean something


def test_ms_ssim_equals_the_papers_formula_written_plainly(pair):
    def parts(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
        def blur(x: np.ndarray) -> np.ndarray:
            return ndimage.gaussian_filter(x, 1.5, truncate=5 / 1.5)[5:-5, 5:-5]

        ma, mb = blur(a), blur(b)
        va, vb, cov = blur(a * a) - ma**2, blur(b * b) - mb**2, blur(a * b) - ma * mb
        contrast = (2 * cov + 75.0**2) / (va + vb + 75.0**2)
        return float((((2 * ma * mb + 25.0**2) / (ma**2 + mb**2 + 25.0**2)) * contrast).mean()), float(contrast.mean())

    a, b = pair[0][0] + 1024, pair[1][0] + 1024
    value = 1.0
    for scale, weight in enumerate((0.0448, 0.2856, 0.3001, 0.2363, 0.1333)):
        if scale:
            a, b = ((x[::2, ::2] + x[1::2, ::2] + x[::2, 1::2] + x[1::2, 1::2]) / 4 for x in (_even(a), _even(b)))
        whole, contrast = parts(a, b)
        value *= (whole if scale == 4 else contrast) ** weight
    assert ms_ssim(pair[0][0], pair[1][0]) == pytest.approx(value, abs=1e-6)


def _even(image: np.ndarray) -> np.ndarray:
    return image[: image.shape[0] // 2 * 2, : image.shape[1] // 2 * 2]


def test_ms_ssim_of_equal_images_is_one_and_a_full_mask_changes_nothing(pair):
    assert ms_ssim(pair[1], pair[1]) == pytest.approx(1, abs=1e-12)
    assert ms_ssim(*pair, np.ones(pair[0].shape, bool)) == pytest.approx(ms_ssim(*pair), rel=1e-12)


def test_ms_ssim_forgives_a_fine_error_that_ssim_does_not(pair):
    truth = pair[1]
    noisy = truth + np.random.default_rng(0).normal(0, 200, truth.shape)
    assert ms_ssim(noisy, truth) > ssim(noisy, truth) + 0.1


def test_only_what_the_mask_holds_counts_in_ms_ssim(pair):
    result, truth = pair
    mask = np.zeros(truth.shape, bool)
    mask[:, :, :90] = True
    spoiled = result.copy()
    # Half a window of the coarsest scale lies between the mask and the damage.
    spoiled[:, :, 184:] = 0
    damaged = result.copy()
    damaged[:, :, :90] += 800
    assert ms_ssim(spoiled, truth, mask) == pytest.approx(ms_ssim(result, truth, mask))
    assert ms_ssim(damaged, truth, mask) < ms_ssim(result, truth, mask)
    mask[1] = False
    assert ms_ssim(result, truth, mask) == pytest.approx(ms_ssim(result[0], truth[0], mask[0]))


def test_ms_ssim_refuses_small_images_and_small_masks(pair):
    with pytest.raises(XrayToCTError, match="at least 176"):
        ms_ssim(pair[0][0, :170], pair[1][0, :170])
    corner = np.zeros(pair[0].shape, bool)
    corner[:, :3, :3] = True
    with pytest.raises(XrayToCTError, match="coarsest"):
        ms_ssim(*pair, corner)
    with pytest.raises(XrayToCTError, match="cannot be compared"):
        ms_ssim(pair[0], pair[1][0])


def test_gradient_correlation_equals_scipy_and_numpy(pair):
    result, truth = pair
    expected = []
    for axis in (2, 1):
        edges = [ndimage.sobel(image, axis=axis) for image in pair]
        # scipy's Sobel smooths along all other axes, the slabs too: take slab by slab.
        edges = [np.stack([ndimage.sobel(slab, axis=axis - 1) for slab in image]) for image in pair]
        x, y = (edge[:, 1:-1, 1:-1].ravel() for edge in edges)
        expected.append(np.corrcoef(x, y)[0, 1])
    assert gradient_correlation(result, truth) == pytest.approx(float(np.mean(expected)), abs=1e-12)
    assert 0.1 < np.mean(expected) < 0.9


def test_gradient_correlation_sees_no_offset_or_gain_but_blur_and_shift(pair):
    truth = pair[1]
    assert gradient_correlation(0.4 * truth - 500, truth) == pytest.approx(1)
    assert gradient_correlation(-truth, truth) == pytest.approx(-1)
    blurred = np.stack([ndimage.gaussian_filter(slab, 4) for slab in truth])
    assert gradient_correlation(blurred, truth) < 0.8
    assert abs(gradient_correlation(np.roll(truth, 60, 2), truth)) < 0.2


def test_gradient_correlation_of_a_constant_is_not_a_number_and_bad_masks_get_a_sentence(pair):
    truth = pair[1]
    assert math.isnan(gradient_correlation(np.zeros_like(truth), truth))
    rim = np.zeros(truth.shape, bool)
    rim[:, 0] = True
    with pytest.raises(XrayToCTError, match="lies on the edge"):
        gradient_correlation(truth, truth, rim)
