"""The filter that knows X-ray noise, and the mask of anatomy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_enhancement_filters import apply

from XrayToCTLib.enhancement.anscombe import estimate_noise, exact_unbiased_inverse, forward
from XrayToCTLib.enhancement.context import FilterContext
from XrayToCTLib.enhancement.mask import anatomy_mask

_TOP = 65535.0


def about(spacing: float = 0.5) -> FilterContext:
    return FilterContext((spacing, spacing), None, (0.0, _TOP))


def thorax(size: int = 256) -> np.ndarray:
    """Line integrals (size, size), 0 to 5: an ellipse of tissue with two lungs and ribs."""
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    body = 5.0 * np.sqrt(np.maximum(1 - (x / 0.9) ** 2 - (y / 1.3) ** 2, 0))
    lungs = np.exp(-(((np.abs(x) - 0.4) / 0.25) ** 2 + (y / 0.5) ** 2))
    return body * (1 - 0.6 * lungs) + 0.15 * (np.sin(18 * y + 3 * x**2) > 0.6) * lungs


@pytest.mark.parametrize("sigma", [0.0, 2.0])
@pytest.mark.parametrize("quanta", [2.0, 8.0, 50.0, 1000.0])
def test_the_inverse_gives_the_mean_back_from_the_mean_of_the_transform(quanta: float, sigma: float) -> None:
    rng = np.random.default_rng(7)
    gain = 12.0
    noisy = gain * rng.poisson(quanta, 400_000) + gain * sigma * rng.normal(size=400_000)
    transformed = forward(noisy[None].astype(np.float32), gain, gain * sigma).astype(np.float64)
    back = exact_unbiased_inverse(np.full((1, 1), transformed.mean(), np.float32), gain, gain * sigma)
    assert float(back[0, 0]) == pytest.approx(gain * quanta, rel=0.03)
    if quanta >= 8:
        assert transformed.std() == pytest.approx(1.0, abs=0.04)
        naive = gain * ((transformed.mean() / 2) ** 2 - 0.375 - sigma**2)
        assert abs(float(back[0, 0]) - gain * quanta) < abs(naive - gain * quanta)


@pytest.mark.parametrize("falling", [False, True])
def test_noise_parameters_are_found_in_the_image(falling: bool) -> None:
    rng = np.random.default_rng(5)
    gain, sigma = 20.0, 60.0
    mean = 50_000 * np.exp(-thorax(512))
    image = gain * rng.poisson(mean / gain) + rng.normal(0, sigma, mean.shape)
    image = (_TOP - image if falling else image).astype(np.float32)
    noise = estimate_noise(image, about())
    assert noise.gain == pytest.approx(-gain if falling else gain, rel=0.15)


@pytest.mark.parametrize(
    "denoiser", ["wavelet", "non_local_means", "total_variation", "bilateral", "anisotropic_diffusion"]
)
@pytest.mark.parametrize("quantity", ["exposure", "inverted exposure", "logarithm"])
def test_knowing_the_noise_denoises_better_than_not_knowing_it(denoiser: str, quantity: str) -> None:
    rng = np.random.default_rng(6)
    truth = thorax()
    counts = rng.poisson(1000 * np.exp(-truth)).astype(float)
    values: dict[str, Any] = {"denoiser": denoiser}
    if quantity == "logarithm":
        clean, noisy = truth, -np.log(np.maximum(counts, 0.5) / 1000)
        scale, offset = _TOP / 9.0, 1.0
        values["log_slope"] = 1 / 9.0
    else:
        sign = -1.0 if quantity == "inverted exposure" else 1.0
        clean, noisy = sign * np.exp(-truth), sign * counts / 1000
        scale, offset = _TOP / 1.2, 1.1 if sign < 0 else 0.0
    clean, noisy = ((each + offset) * scale for each in (clean, noisy))
    noisy = noisy.astype(np.float32)

    def error(image: np.ndarray) -> float:
        # Behind thick parts, where quanta are few: that is where it matters.
        return float(np.sqrt(np.mean(((image - clean) ** 2)[truth > 1.5])))

    knowing = error(apply("variance_stabilised", noisy, about(), **values))
    assert knowing < 0.6 * error(noisy)
    if quantity == "logarithm":
        assert knowing < error(apply(denoiser, noisy, about()))


def test_a_given_gain_does_what_the_estimated_one_does() -> None:
    rng = np.random.default_rng(8)
    truth = 60_000 * np.exp(-thorax())
    image = (20.0 * rng.poisson(truth / 20.0)).astype(np.float32)
    estimated = apply("variance_stabilised", image, about())
    given = apply("variance_stabilised", image, about(), gain=20.0 / _TOP)
    assert np.sqrt(np.mean((given - estimated) ** 2)) < 0.3 * np.sqrt(np.mean((image - truth) ** 2))


def chest_in(frame: float, margin: int) -> np.ndarray:
    y, x = np.mgrid[-1:1:200j, -1:1:200j]
    # Nothing but tissue at the border of the field, the darkest and the brightest within.
    image = 180 - 120 * np.exp(-4 * (x**2 + y**2)) + 60 * np.exp(-40 * (x**2 + (y - 0.6) ** 2))
    framed = np.full((200 + 2 * margin, 200 + margin), frame)
    framed[margin:-margin, margin:] = image
    return framed.astype(np.float32)


@pytest.mark.parametrize("frame", [0.0, 255.0])
def test_a_collimation_frame_is_masked_to_the_pixel(frame: float) -> None:
    mask = anatomy_mask(chest_in(frame, 30))
    expected = np.zeros(mask.shape, bool)
    expected[30:-30, 30:] = True
    np.testing.assert_array_equal(mask, expected)


def test_a_tilted_white_frame_is_masked_but_a_white_abdomen_is_not() -> None:
    y, x = np.mgrid[0:300, 0:300]
    image = 200 - 120 * np.exp(-((x - 150) ** 2 + (y - 150) ** 2) / 5000)
    corner = x + y < 120
    abdomen = (x - 150) ** 2 + (y - 299) ** 2 < 60**2
    image[corner | abdomen] = 255.0
    image[140:150, 140:150] = 0.0
    mask = anatomy_mask(image)
    assert (~mask)[corner].mean() > 0.95
    assert mask[abdomen].all() and mask[~corner].mean() > 0.98


def test_direct_exposure_at_the_border_is_masked_and_dark_lungs_are_not() -> None:
    y, x = np.mgrid[0:200, 0:200]
    image = 150 + 60 * np.exp(-((x - 100) ** 2 + (y - 180) ** 2) / 2000)
    image[:80, :40], image[:80, -40:] = 5.0, 5.0
    image[90:160, 50:80] = 5.0  # as dark as air, but within the body
    mask = anatomy_mask(image)
    assert not mask[:78, :38].any() and not mask[:78, -38:].any()
    assert mask[90:160, 50:80].all()


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (1, 400), (900, 2)])
def test_a_mask_is_made_of_any_image(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    for image in (np.zeros(shape), rng.random(shape), np.full(shape, np.nan)):
        mask = anatomy_mask(image)
        assert mask.shape == shape and mask.dtype == np.bool_
        assert mask.any()


def test_invalid_pixels_are_not_anatomy() -> None:
    image = chest_in(0.0, 30)
    image[100, 100] = np.nan
    assert not anatomy_mask(image)[100, 100] and anatomy_mask(image)[100, 101]
    image[:, :] = 7.0
    assert anatomy_mask(image).all()


def test_masks_of_real_radiographs_keep_the_chest(real_data: Any) -> None:
    import cv2

    kept = []
    for path in sorted((real_data / "xray").glob("*.png"))[::12]:
        image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        mask = anatomy_mask(image)
        centre = mask[128:384, 128:384]
        assert centre.mean() > 0.99, path.name
        kept.append(mask.mean())
    assert 0.7 < np.mean(kept) < 0.99


def test_bright_collimation_that_is_not_of_one_value_is_masked_with_the_air_beside_it() -> None:
    y, x = np.mgrid[0:300, 0:300]
    image = 60 + 140 * np.exp(-((x - 160) ** 2) / 3000.0)
    image[:, :60] = 235 + 10 * np.sin(y[:, :60] / 40)  # collimation
    image[:, 60:100] = 3.0  # air between it and the leg
    image[:, 100:] += 20 * np.sin(y[:, 100:] / 9)
    mask = anatomy_mask(image)
    assert not mask[:, :95].any()
    assert mask[:, 105:].mean() > 0.95


@pytest.mark.parametrize("side", range(4))
def test_a_shaded_blade_is_masked_by_its_straight_edge_though_anatomy_beside_it_is_as_bright(side: int) -> None:
    y, x = np.mgrid[0:300, 0:300]
    image = 40 + 30 * np.sin(y / 11) + np.where(y < 120, 120.0, 0.0) + 30 * np.cos(x / 25)  # bright pelvis, dark thigh
    edge = 50 + 0.02 * (y - 150)
    shadow = x < edge
    image[shadow] = (225 + 20 * np.sin(y / 60) - 0.1 * x)[shadow]
    mask = np.rot90(anatomy_mask(np.rot90(image, side)), -side)
    assert not mask[shadow].any()
    assert mask[x > edge + 15].mean() > 0.98


def test_an_abdomen_that_fills_the_lower_side_is_no_blade() -> None:
    y, x = np.mgrid[0:300, 0:300]
    domes = 200 + 25 * np.cos(x / 24)
    image = np.where(y > domes, 220.0, 70.0) + 20 * np.sin(x / 13)
    assert anatomy_mask(image)[domes.astype(int) + 10 < y].all()


def test_direct_exposure_that_glows_is_masked_up_to_the_skin() -> None:
    y, x = np.mgrid[0:300, 0:300]
    image = 160 + 40 * np.cos((x - 150) / 30.0) + 0.0 * y
    image[:, :90] = 5 + 15 * x[:, :90] / 90.0  # scattered radiation: brighter towards the leg
    image[:, 210:] = 5.0
    mask = anatomy_mask(image)
    assert not mask[:, :84].any() and not mask[:, 216:].any()
    assert mask[:, 95:205].all()
