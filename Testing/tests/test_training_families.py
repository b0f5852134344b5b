"""The families: what they learn from, and losses against independent implementations."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("jsonargparse")
pytest.importorskip("lightning_fabric")

from phantom_streams import WEIGHTS, PhantomStream, phantom_streams, run_config  # noqa: E402

from Training.engine.batches import Streams  # noqa: E402  # after the packages it needs are known to be there
from Training.engine.log import read_log  # noqa: E402
from Training.engine.train import train  # noqa: E402
from Training.families.discriminators import Judge, augment, build_discriminator  # noqa: E402
from Training.families.generator_in_hu import Scaled, build_generator  # noqa: E402
from Training.families.image_pool import ImagePool  # noqa: E402
from Training.families.losses import (  # noqa: E402
    contrast_l1,
    gradient_l1,
    gradient_penalty,
    line_integrals,
    masked_l1,
)
from Training.families.settings import DiscriminatorSettings, NetworkSettings  # noqa: E402
from Training.families.structural_similarity import ms_ssim  # noqa: E402
from Training.families.weight_average import WeightAverage  # noqa: E402
from XrayToCTLib.errors import XrayToCTError  # noqa: E402
from XrayToCTLib.projection.plane_warps import MU_WATER_PER_MM  # noqa: E402


class OneBatch:
    """The same pairs again and again."""

    def batch(self, step: int, lanes: range) -> object:
        return PhantomStream().batch(0, lanes)


@pytest.mark.parametrize("family", WEIGHTS)
def test_the_loss_falls_in_30_steps(family: str, tmp_path: Path) -> None:
    config = run_config(family, tmp_path / "run", "--engine.max_steps", "30", "--engine.log_every", "5")
    train(config, streams=Streams(OneBatch(), phantom_streams().radiographs))  # type: ignore[arg-type]
    term = "cycle_ct" if family == "cyclegan" else "l1"
    values = [record[term] for record in read_log(config.run)]
    assert values[-1] < 0.8 * values[0]


@pytest.mark.parametrize("family", WEIGHTS)
def test_the_weighted_terms_are_logged_and_those_of_weight_zero_are_not_computed(family: str, tmp_path: Path) -> None:
    config = run_config(family, tmp_path / "run", "--family.gan_from", "0", "--engine.max_steps", "1")
    train(config, streams=phantom_streams())
    terms = set(read_log(config.run)[-1])
    weights = {name for name, value in vars(config.family.weights).items() if value}
    for name in ("l1", "gradient", "ms_ssim", "projection", "cycle", "cycle_ct", "identity", "adversarial"):
        assert any(term.startswith(name) for term in terms - {"gradient norm"}) == (name in weights), name
    assert any(term.startswith("judge") for term in terms) == ("adversarial" in weights)


def test_discriminators_join_at_their_share_of_the_run(tmp_path: Path) -> None:
    config = run_config("physics-cyclegan", tmp_path / "run", "--engine.log_every", "1", "--family.gan_from", "0.5")
    train(config, streams=phantom_streams())
    joined = ["judge_stack" in record for record in read_log(config.run)]
    assert joined == [False] * 3 + [True] * 3


@pytest.mark.parametrize("option", ["spectral_norm=false", "augment=false", "pool=0", "r1=1.0"])
def test_discriminators_can_be_held_back_in_other_ways(option: str, tmp_path: Path) -> None:
    config = run_config(
        "pix2pix", tmp_path / "run", f"--family.discriminator.{option}", "--engine.max_steps", "2",
        "--family.gan_from", "0",
    )  # fmt: skip
    train(config, streams=phantom_streams())
    assert read_log(config.run)[-1]["judge_stack"] > 0


def test_a_generator_that_does_not_fit_the_field_is_refused(tmp_path: Path) -> None:
    for change, sentence in (
        ("--network.parameters.slabs=3", "3, 32, 32.*4 slabs"),
        ("--network.parameters.in_channels=3", "takes 3 channels"),
        ("--field.size=30", "multiples of 4"),
        ("--network.name=unet", "unknown"),
    ):
        with pytest.raises(XrayToCTError, match=sentence):
            train(run_config("cnn", tmp_path / "run", change), streams=phantom_streams())


def test_a_loss_without_terms_is_refused(tmp_path: Path) -> None:
    none = [f"--family.weights.{name}=0" for name in ("l1", "gradient", "ms_ssim", "projection")]
    config = run_config("cnn", tmp_path / "run", *none)
    with pytest.raises(XrayToCTError, match="No term"):
        train(config, streams=phantom_streams())


def test_the_identity_of_a_stack_of_many_slabs_is_refused(tmp_path: Path) -> None:
    config = run_config("cyclegan", tmp_path / "run", "--family.weights.identity", "5")
    with pytest.raises(XrayToCTError, match="one slab"):
        train(config, streams=phantom_streams())


def test_every_generator_gives_hu_whatever_its_last_layer() -> None:
    generator = build_generator(NetworkSettings("resnet9", {"out_channels": 2, "filters": 4, "blocks": 1})).eval()
    image = torch.randn(1, 1, 16, 16)
    with torch.inference_mode():
        # The window of 2500 HU about 226 HU, as a card states it.
        torch.testing.assert_close(
            generator(image) * 1000.0, generator.network(image) * 1250.0 + 226.0, rtol=1e-5, atol=1e-3
        )


def test_the_loss_counts_valid_rays_only_and_every_image_alike() -> None:
    valid = torch.zeros(2, 1, 4, 4)
    valid[0, :, :2] = 1.0
    valid[1, :, 0, 0] = 1.0
    result, target = torch.zeros(2, 3, 4, 4), torch.full((2, 3, 4, 4), 99.0)
    target[0, :, :2] = 1.0
    target[1, :, 0, 0] = 3.0
    assert float(masked_l1(result, target, valid)) == pytest.approx(2.0)


def test_the_gradient_term_sees_edges_and_not_offsets() -> None:
    target = torch.zeros(1, 1, 4, 4)
    target[..., 2:] = 1.0
    valid = torch.ones(1, 1, 4, 4)
    assert float(gradient_l1(target + 5.0, target, valid)) == 0.0
    # Without the edge, one of three differences across is wrong by 1 in each row.
    assert float(gradient_l1(torch.zeros_like(target), target, valid)) == pytest.approx(1.0 / 3.0)


def test_contrast_is_compared_without_exposure_and_gain() -> None:
    image = torch.randn(2, 1, 8, 8)
    assert float(contrast_l1(2.0 * image + 3.0, image)) < 1e-6
    assert float(contrast_l1(-image, image)) > 0.5


def test_a_stack_of_water_has_the_line_integral_of_its_thickness() -> None:
    water = float(line_integrals(torch.zeros(1, 4, 1, 1), 80.0))
    assert water == pytest.approx(4 * 80.0 * MU_WATER_PER_MM)
    assert float(line_integrals(torch.full((1, 4, 1, 1), -1.0), 80.0)) == 0.0  # air


def similar_images(rng: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Two smooth images and noisy copies of less contrast, float64 (2, size, size)."""
    images = np.cumsum(np.cumsum(rng.normal(0, 1, (2, size, size)), 1), 2)
    images /= np.abs(images).max()
    return images, 0.8 * images + 0.05 * rng.normal(0, 1, images.shape)


def reference_ms_ssim(a: np.ndarray, b: np.ndarray, data_range: float) -> float:
    """Wang et al., Asilomar 2003, equation 7, with SciPy's filters, borders of half a window left out."""
    from scipy.ndimage import gaussian_filter

    def blurred(x: np.ndarray) -> np.ndarray:
        return gaussian_filter(x, 1.5, truncate=3.5)[5:-5, 5:-5]

    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    weights = np.array((0.0448, 0.2856, 0.3001, 0.2363, 0.1333))
    product = 1.0
    for scale, weight in enumerate(weights / weights.sum()):  # as printed they sum to 1.0001
        if scale:
            a, b = (x.reshape(len(x) // 2, 2, -1, 2).mean((1, 3)) for x in (a, b))
        mean_a, mean_b = blurred(a), blurred(b)
        variance = blurred(a * a) - mean_a**2 + blurred(b * b) - mean_b**2
        contrast = (2 * (blurred(a * b) - mean_a * mean_b) + c2) / (variance + c2)
        luminance = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
        product *= float(np.mean(luminance * contrast if scale == 4 else contrast)) ** weight
    return product


def test_ms_ssim_of_all_scales_equals_an_independent_one(rng: np.random.Generator) -> None:
    a, b = similar_images(rng, 192)  # room for all five scales
    expected = [reference_ms_ssim(x, y, 2.5) for x, y in zip(a, b, strict=True)]
    ours = float(ms_ssim(torch.from_numpy(a)[None], torch.from_numpy(b)[None], 2.5))
    assert ours == pytest.approx(np.mean(expected), abs=1e-6)


def test_ms_ssim_of_a_small_image_is_the_ssim_of_scikit_image(rng: np.random.Generator) -> None:
    from skimage.metrics import structural_similarity

    a, b = similar_images(rng, 20)  # room for one scale
    expected = []
    for x, y in zip(a, b, strict=True):
        _, full = structural_similarity(
            x, y, data_range=2.5, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=True
        )
        expected.append(full[5:-5, 5:-5].mean())
    ours = float(ms_ssim(torch.from_numpy(a)[None], torch.from_numpy(b)[None], 2.5))
    assert ours == pytest.approx(np.mean(expected), abs=1e-6)


def test_ms_ssim_of_equal_stacks_is_one_and_has_a_gradient_elsewhere() -> None:
    image = torch.rand(1, 2, 32, 32)
    assert float(ms_ssim(image, image, 2.5)) == pytest.approx(1.0)
    other = torch.rand(1, 2, 32, 32, requires_grad=True)
    ms_ssim(other, image, 2.5).backward()
    assert other.grad is not None and torch.isfinite(other.grad).all() and other.grad.abs().max() > 0
    with pytest.raises(ValueError, match="11 rows"):
        ms_ssim(image[..., :8, :8], image[..., :8, :8], 2.5)


def test_the_gradient_penalty_of_a_linear_score_is_half_its_squared_slope() -> None:
    weight = torch.randn(1, 3, 4, 4)
    images = torch.randn(2, 3, 4, 4, requires_grad=True)
    scores = (images * weight).sum((1, 2, 3)).view(2, 1, 1, 1)
    assert float(gradient_penalty(images, scores).detach()) == pytest.approx(
        0.5 * float(weight.square().sum()), rel=1e-5
    )


def test_the_pool_does_not_depend_on_who_has_which_lane() -> None:
    def chances(step: int, lanes: list[int]) -> dict[int, np.random.Generator]:
        return {lane: np.random.default_rng((step, lane)) for lane in lanes}

    whole, halves = ImagePool(8, 4), [ImagePool(8, 4), ImagePool(8, 4)]
    old = 0
    for step in range(12):
        images = torch.arange(4.0).view(4, 1, 1, 1) + 10 * step
        together = whole.mix(images, chances(step, [0, 1, 2, 3]))
        apart = [halves[i].mix(images[2 * i : 2 * i + 2], chances(step, [2 * i, 2 * i + 1])) for i in (0, 1)]
        torch.testing.assert_close(together, torch.cat(apart), rtol=0, atol=0)
        old += int((together != images).sum())
    assert 5 < old < 40  # about half of what came after each lane's pool was full
    assert {lane: len(images) for lane, images in whole.state().items()} == {str(lane): 2 for lane in range(4)}


def test_what_a_discriminator_is_shown_is_shifted_and_has_a_hole_but_is_not_wrapped_around() -> None:
    image = torch.ones(1, 2, 32, 32, requires_grad=True)
    rng = {0: np.random.default_rng(3)}
    shown = augment(image, rng)
    again = augment(image, {0: np.random.default_rng(3)})
    torch.testing.assert_close(shown, again)
    hidden = float((shown == 0).float().mean())
    assert 0.06 <= hidden < 0.35  # the hole is a sixteenth, the shift at most an eighth on each side
    shown.sum().backward()
    assert image.grad is not None and set(image.grad.unique().tolist()) == {0.0, 1.0}


def test_asking_a_discriminator_does_not_teach_it() -> None:
    settings = DiscriminatorSettings()
    network = build_discriminator(settings, 1, 4)
    judge = Judge(network, network, settings, 1)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    made = torch.randn(1, 1, 32, 32, requires_grad=True)
    judge.adversarial(made, {0: np.random.default_rng(0)}, nullcontext).backward()
    assert made.grad is not None and made.grad.abs().max() > 0
    assert all(parameter.grad is None for parameter in network.parameters())
    for name, value in network.state_dict().items():
        torch.testing.assert_close(value, before[name], rtol=0, atol=0)


def test_the_average_follows_fast_at_first_and_slowly_later() -> None:
    network = Scaled(torch.nn.Linear(1, 1, bias=False), 1.0, 0.0)
    network.network.weight.data.fill_(0.0)
    average = WeightAverage(network, 0.999)
    network.network.weight.data.fill_(1.0)
    average.move(network, 0)
    assert float(average.network.network.weight) == pytest.approx(0.9)  # decay 1 / 10
    average.network.network.weight.data.fill_(0.0)
    average.move(network, 10**6)
    assert float(average.network.network.weight) == pytest.approx(0.001, rel=1e-4)
