"""Known answers on ramps and steps, and agreement with scikit-image, SimpleITK and OpenCV."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import SimpleITK as sitk
from skimage import exposure, filters, restoration
from test_enhancement_filters import FRAME_SPAN, apply, chest_like, context

from XrayToCTLib.enhancement import total_variation as tv
from XrayToCTLib.enhancement.anisotropic_diffusion import diffuse
from XrayToCTLib.enhancement.clahe import ClaheParameters, clahe
from XrayToCTLib.enhancement.histogram_matching import reference_quantiles
from XrayToCTLib.enhancement.noise import noise_standard_deviation
from XrayToCTLib.enhancement.smoothing import gaussian
from XrayToCTLib.errors import XrayToCTError

MONOTONE = {
    "window_level": {"level": 0.4, "window": 0.5, "gamma": 0.7},
    "histogram_equalisation": {"strength": 0.8},
    "contrast_stretch": {},
    "histogram_matching": {},
}


@pytest.mark.parametrize("name", MONOTONE)
def test_grey_level_curves_never_swap_two_levels(name: str, rng: np.random.Generator) -> None:
    image = chest_like(rng)
    result = apply(name, image, context(), **MONOTONE[name])
    order = np.argsort(image, axis=None, kind="stable")
    assert (np.diff(result.ravel()[order]) >= -1e-3).all()


def test_equalising_a_ramp_over_the_range_leaves_it() -> None:
    ramp = np.arange(65536, dtype=np.float32).reshape(256, 256)
    np.testing.assert_allclose(apply("histogram_equalisation", ramp, context()), ramp, atol=0.01)


def test_equalisation_equals_scikit_image_but_for_the_darkest_level(rng: np.random.Generator) -> None:
    # scikit-image sends the darkest level to its own share of the pixels; the textbook, and we, to black.
    image = chest_like(rng)
    ours = apply("histogram_equalisation", image, context()) / FRAME_SPAN
    theirs = exposure.equalize_hist(image.astype(np.uint16), nbins=65536)
    darkest = np.mean(image == image.min())
    np.testing.assert_allclose(ours, (theirs - darkest) / (1 - darkest), atol=2e-5)


def test_a_stretch_sends_the_percentiles_to_the_ends_and_equals_scikit_image(rng: np.random.Generator) -> None:
    image = chest_like(rng)
    ours = apply("contrast_stretch", image, context(), low_percentile=2.0, high_percentile=98.0)
    ends = np.percentile(image, [2, 98], method="inverted_cdf")
    theirs = exposure.rescale_intensity(image, in_range=tuple(ends), out_range=(0.0, FRAME_SPAN))
    np.testing.assert_allclose(ours, theirs, atol=0.05)
    with pytest.raises(XrayToCTError, match="not below"):
        apply("contrast_stretch", image, context(), low_percentile=50.0, high_percentile=50.0)


def test_a_window_is_linear_between_its_ends_and_clipped_beyond() -> None:
    ramp = np.linspace(0, FRAME_SPAN, 101, dtype=np.float32)[None]
    result = apply("window_level", ramp, context(), level=0.5, window=0.5) / FRAME_SPAN
    np.testing.assert_allclose(result[0, [0, 25, 50, 75, 100]], [0, 0, 0.5, 1, 1], atol=1e-5)
    dark = apply("window_level", ramp, context(), gamma=2.0) / FRAME_SPAN
    np.testing.assert_allclose(dark[0], np.linspace(0, 1, 101) ** 2, atol=1e-5)


def test_matching_to_itself_changes_little_and_equals_scikit_image_to_a_rank(rng: np.random.Generator) -> None:
    image = chest_like(rng, (256, 256))
    itself = apply("histogram_matching", image, context(), reference=reference_quantiles(image, context()))
    assert np.abs(itself - image).mean() < 0.001 * FRAME_SPAN
    other = np.clip(image * 0.5 + 20000, 0, FRAME_SPAN).astype(np.float32)
    ours = apply("histogram_matching", image, context(), reference=reference_quantiles(other, context(), 4097))
    theirs = exposure.match_histograms(image, other)
    # The reference is kept as quantiles, not pixels: what differs lies between two of them, most at the tails.
    assert np.abs(ours - theirs).mean() < 15
    assert np.quantile(np.abs(ours - theirs), 0.99) < 100


def test_the_first_quantile_is_the_darkest_level_that_is_there(rng: np.random.Generator) -> None:
    image = np.clip(chest_like(rng), 20000, 50000).astype(np.float32)
    reference = reference_quantiles(image, context())
    assert reference[0] * FRAME_SPAN == pytest.approx(20000, abs=1)
    assert reference[-1] * FRAME_SPAN == pytest.approx(float(image.max()), abs=1)
    stretched = apply("contrast_stretch", image, context(), low_percentile=0.0, high_percentile=100.0)
    assert (float(stretched.min()), float(stretched.max())) == pytest.approx((0.0, FRAME_SPAN), abs=2)


def test_clahe_is_opencvs_and_keeps_every_level(rng: np.random.Generator) -> None:
    smooth = cv2.GaussianBlur(rng.normal(0, 1, (1024, 1024)), (0, 0), 30)
    smooth = (smooth - smooth.min()) / np.ptp(smooth) * 60000 + rng.normal(0, 300, smooth.shape) + 2000
    image = np.clip(np.rint(smooth), 0, 65535).astype(np.uint16)
    about = context(spacing=(0.3, 0.3))
    ours = clahe(image.astype(np.float32), ClaheParameters(clip_limit=3.0, tile=76.8), about)
    theirs = cv2.createCLAHE(3.0, (4, 4)).apply(image)
    assert np.abs(ours - theirs.astype(np.float32)).max() <= FRAME_SPAN * 0.01
    assert np.unique(ours).size > 60000


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_clahe_lifts_a_faint_step_by_its_limit_at_every_depth(bits: int) -> None:
    # A flat field with noise and a step of one noise deviation: the slope at the peak of the histogram is the limit.
    rng = np.random.default_rng(4)
    share = 0.5 + rng.normal(0, 0.02, (512, 512))
    share[:, 256:] += 0.02
    top = 2.0**bits - 1
    image = np.rint(share * top).astype(np.float32)
    about = type(context())((0.8, 0.8), None, (0.0, top))
    result = clahe(image, ClaheParameters(clip_limit=3.0, tile=1000.0), about)
    gain = (result[:, 256:].mean() - result[:, :256].mean()) / (0.02 * top)
    assert 2.2 < gain < 3.9


@pytest.mark.parametrize("size", [2.4, 4.0, 7.0])
def test_the_median_equals_simpleitks(size: float, rng: np.random.Generator) -> None:
    image = chest_like(rng)
    radius = round((size / 0.8 - 1) / 2)
    theirs = sitk.GetArrayFromImage(sitk.Median(sitk.GetImageFromArray(image), [radius, radius]))
    np.testing.assert_array_equal(apply("median", image, context(), size=size), theirs)


def test_the_noise_estimate_is_right_on_white_noise_over_a_ramp(rng: np.random.Generator) -> None:
    ramp = np.linspace(0, 50000, 512)[None] + rng.normal(0, 250, (512, 512))
    assert noise_standard_deviation(ramp.astype(np.float32), context()) == pytest.approx(250, rel=0.02)


@pytest.mark.parametrize(
    "name", ["bilateral", "non_local_means", "total_variation", "wavelet", "anisotropic_diffusion"]
)
def test_denoisers_calm_a_noisy_step_and_leave_it_in_its_place(name: str, rng: np.random.Generator) -> None:
    step = np.full((128, 128), 20000.0)
    step[:, 64:] = 40000.0
    noisy = (step + rng.normal(0, 500, step.shape)).astype(np.float32)
    result = apply(name, noisy, context())
    assert np.sqrt(np.mean((result - step) ** 2)) < 0.65 * 500
    assert abs(float(result[:, 63].mean()) - 20000) < 3000 and abs(float(result[:, 64].mean()) - 40000) < 3000


def test_the_bilateral_filter_equals_opencvs(rng: np.random.Generator) -> None:
    image = chest_like(rng)
    noise = noise_standard_deviation(image, context())
    theirs = cv2.bilateralFilter(image, 5, 2.0 * noise, 1.0)
    np.testing.assert_array_equal(apply("bilateral", image, context(), strength=2.0, radius=0.8), theirs)


def test_total_variation_finds_the_same_minimum_as_scikit_image(rng: np.random.Generator) -> None:
    image = (chest_like(rng) / 400).astype(np.float32)
    theirs = restoration.denoise_tv_chambolle(image.astype(np.float64), weight=1.0, eps=1e-9, max_num_iter=5000)
    ours = tv.denoise(image, 2000)
    # Both approach one minimiser; the values span 160.
    assert np.abs(ours - theirs).max() < 0.05
    assert _energy(tv.denoise(image, 40), image) < 1.01 * _energy(theirs, image)


def _energy(smooth: np.ndarray, image: np.ndarray) -> float:
    smooth = smooth.astype(np.float64)
    down, right = np.zeros_like(smooth), np.zeros_like(smooth)
    down[:-1], right[:, :-1] = np.diff(smooth, axis=0), np.diff(smooth, axis=1)
    return float(np.hypot(down, right).sum() + 0.5 * np.square(smooth - image).sum())


def test_diffusion_keeps_the_mean_and_makes_no_new_extremes(rng: np.random.Generator) -> None:
    image = rng.normal(0, 2, (50, 60)).astype(np.float32)
    result = diffuse(image, 20)
    assert result.mean() == pytest.approx(image.mean(), abs=1e-5)
    assert image.min() <= result.min() and result.max() <= image.max()
    # For differences far below K it is the heat equation: a step of 0.2 is a 5-point mean.
    faint = image * np.float32(1e-4)
    kernel = np.array([[0, 0.2, 0], [0.2, 0.2, 0.2], [0, 0.2, 0]], np.float32)
    heat = cv2.filter2D(faint, cv2.CV_32F, kernel, borderType=cv2.BORDER_REPLICATE)
    np.testing.assert_allclose(diffuse(faint, 1), heat, atol=1e-9)


def test_an_unsharp_mask_equals_scikit_image_and_leaves_ramps(rng: np.random.Generator) -> None:
    image = chest_like(rng)
    ours = apply("unsharp_mask", image, context(), radius=0.8 * 1.5, amount=1.2)
    theirs = filters.unsharp_mask(image, radius=1.5, amount=1.2, preserve_range=True)
    inner = np.s_[8:-8, 8:-8]  # borders are mirrored about the last pixel here and beyond it there
    np.testing.assert_allclose(ours[inner], theirs[inner], atol=0.002 * FRAME_SPAN)
    ramp = np.tile(np.linspace(0, FRAME_SPAN, 200, dtype=np.float32), (50, 1))
    np.testing.assert_allclose(apply("unsharp_mask", ramp, context())[:, 20:-20], ramp[:, 20:-20], atol=1.0)


def test_laplacian_sharpening_equals_simpleitks_laplacian_of_the_smoothed_image(rng: np.random.Generator) -> None:
    image = chest_like(rng)
    about = type(context())((0.8, 0.6), None, (0.0, FRAME_SPAN))
    ours = apply("laplacian_sharpening", image, about, scale=1.0, amount=0.7)
    smooth = sitk.GetImageFromArray(gaussian(image, 1.0, about))
    smooth.SetSpacing((0.6, 0.8))
    theirs = image - 0.7 * sitk.GetArrayFromImage(sitk.Laplacian(smooth))
    np.testing.assert_allclose(ours[2:-2, 2:-2], theirs[2:-2, 2:-2], atol=0.1)


def test_wide_gaussians_on_a_reduced_grid_are_within_a_percent(rng: np.random.Generator) -> None:
    image = chest_like(rng, (300, 260))
    exact = cv2.GaussianBlur(image, (0, 0), sigmaX=30, sigmaY=30)
    assert np.abs(gaussian(image, 24.0, context()) - exact).max() < 0.01 * FRAME_SPAN


def test_background_compression_takes_out_its_share_of_a_ramp() -> None:
    ramp = np.tile(np.linspace(10000, 50000, 400, dtype=np.float32), (100, 1))
    result = apply("background_compression", ramp, context(), scale=8.0, strength=0.5)
    slope = (result[50, 300] - result[50, 100]) / (ramp[50, 300] - ramp[50, 100])
    assert slope == pytest.approx(0.5, abs=0.01)


def test_multiscale_contrast_lifts_a_faint_step_more_than_a_strong_one() -> None:
    image = np.full((128, 256), 20000.0, np.float32)
    image[:, 64:128] += 400
    image[:, 128:] += 20000
    result = apply("multiscale_contrast", image, context(), latitude=0.0, strength=0.4)
    faint = (result[:, 66] - result[:, 61]).mean() / 400
    strong = (result[:, 130] - result[:, 125]).mean() / 19600
    assert faint > 1.5 * strong > 1.0


def test_local_contrast_is_evened_out(rng: np.random.Generator) -> None:
    waves = np.sin(np.arange(256) / 3)[None] * np.where(np.arange(256) < 128, 500, 5000)[:, None].astype(float)
    image = (30000 + waves).astype(np.float32)
    result = apply("local_contrast_normalisation", image, context(), radius=8.0, strength=1.0, floor=0.05)
    assert result[20:100].std() > 0.5 * result[150:240].std() > 5 * image[20:100].std() * 0.5


def test_grid_lines_go_and_anatomy_stays(rng: np.random.Generator) -> None:
    clean = chest_like(rng, (400, 500))
    lines = 1500 * np.sin(2 * np.pi * 0.31 * np.arange(500))[None]  # 0.31 cycles a pixel
    about = context(spacing=(0.2, 0.2))
    for image, truth in ((clean + lines, clean), ((clean + lines).T, clean.T)):
        result = apply("grid_suppression", np.ascontiguousarray(image, np.float32), about)
        before, after = np.std(image - truth), np.std((result - truth)[10:-10, 10:-10])
        assert after < 0.15 * before
    np.testing.assert_array_equal(apply("grid_suppression", clean, about), clean)


def test_scatter_suppression_raises_the_contrast_of_a_thick_part() -> None:
    image = np.full((200, 200), 40000.0, np.float32)
    image[95:105, 95:105] += 1000
    result = apply("scatter_suppression", image, context())
    assert result[100, 100] - result[60, 60] > 1200


def test_bone_emphasis_strengthens_narrow_bright_structures_alone() -> None:
    image = np.full((120, 240), 30000.0, np.float32)
    image[:, 60:64] += 3000  # a rib
    image[:, 180:184] -= 3000  # a gap
    more = apply("bone_emphasis", image, context(), strength=1.0) - image
    less = apply("bone_emphasis", image, context(), strength=-1.0) - image
    assert more[60, 62] > 1500 and abs(more[60, 182]) < 0.3 * more[60, 62]
    np.testing.assert_allclose(less, -more, atol=0.1)
