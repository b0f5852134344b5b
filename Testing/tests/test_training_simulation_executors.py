"""Two executors, one sample: torch on any device makes what OpenCV makes, of the same records."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("cv2")

from Testing.tests.training_simulation_chest import FIELD, IN_PROCESS, REFERENCE, changed, chest  # noqa: E402
from Training.simulation import SampleStream  # noqa: E402
from Training.simulation.noise import normal_noise  # noqa: E402
from Training.simulation.torch_harmonise import to_line_integrals as torch_mapping  # noqa: E402
from Training.simulation.torch_look import normal_noise as torch_noise  # noqa: E402
from XrayToCTLib.models.card import ReferenceQuantiles  # noqa: E402
from XrayToCTLib.radiograph import IntensityScale  # noqa: E402
from XrayToCTLib.translation.harmonise import to_line_integrals  # noqa: E402

# Everything that can happen happens often.
BUSY = changed(
    IN_PROCESS,
    body={"arms": 0.5, "fat": 0.5, "inflation": 0.7, "allow_flip": True},
    edits={"nodules": 0.7, "removals": 0.5, "ribs": 0.7, "tubes": 0.5},
    detector={"lines": 0.4, "collimation": 0.4, "processing": 0.5, "unknown_polarity": 0.3, "eight_bit": 0.5},
)


def test_opencv_and_torch_make_the_same_sample_of_the_same_record() -> None:
    """OpenCV interpolates at multiples of 1/32 of a pixel, torch does not: on average 1 HU and 0.01 of the input's
    standard deviation, at single edges of bone against air more."""
    one, other = (
        SampleStream([chest(1), chest(2)], [1.0, 1.0], FIELD, replace(BUSY, executor=name), REFERENCE, 8)  # type: ignore[arg-type]
        for name in ("opencv", "torch")
    )
    for step in (0, 1, 9):
        a, b = one.batch(step, range(8)), other.batch(step, range(8))
        assert float((a.valid - b.valid).abs().mean()) < 1e-3
        hu = (a.target - b.target).abs().mean((1, 2, 3)) * 1000
        image = (a.image - b.image).abs().mean((1, 2, 3))
        assert float(hu.max()) < 1.0, hu
        assert float(image.max()) < 0.02, image
        assert float(a.image.std()) > 0.5  # a picture, not a blank


@pytest.mark.parametrize("kind", ["smooth", "eight bits", "half of it one value", "constant"])
def test_the_mapping_of_display_values_is_the_engines(kind: str, rng: np.random.Generator) -> None:
    image = rng.normal(size=(40, 50)).astype(np.float32)
    if kind == "eight bits":
        image = np.round(image * 20)
    elif kind == "half of it one value":
        image[:20] = image.max()
    elif kind == "constant":
        image[:] = 3.0
    probabilities = np.linspace(0, 1, 65)
    reference = ReferenceQuantiles(tuple(probabilities), tuple(6 * probabilities**2))
    expected, _ = to_line_integrals(image, IntensityScale.DISPLAY, reference)
    other = rng.normal(size=(40, 50)).astype(np.float32)
    result = torch_mapping(torch.from_numpy(np.stack((image, other))), reference)
    np.testing.assert_allclose(result[0].numpy(), expected, atol=2e-3)


def test_noise_is_a_function_of_seed_and_pixel_on_both_executors() -> None:
    seeds = [0, 1, 2**32 - 1]
    made = torch_noise(seeds, (33, 21), torch.device("cpu")).numpy()
    for index, seed in enumerate(seeds):
        np.testing.assert_allclose(made[index], normal_noise(seed, (33, 21)), atol=1e-5)


def test_noise_is_normal_and_independent_between_pixels_and_seeds() -> None:
    noise = normal_noise(5, (256, 256))
    assert abs(float(noise.mean())) < 0.02 and float(noise.std()) == pytest.approx(1.0, abs=0.02)
    assert float((np.abs(noise) > 1.96).mean()) == pytest.approx(0.05, abs=0.005)
    for other in (np.roll(noise, 1, 0), np.roll(noise, 1, 1), noise[::-1], normal_noise(6, (256, 256))):
        assert abs(float(np.corrcoef(noise.ravel(), other.ravel())[0, 1])) < 0.02


@pytest.mark.parametrize("executor", ["opencv", "torch"])
def test_the_radiograph_of_one_slab_shows_the_whole_patient(executor: str) -> None:
    """The classic task, one image to one image: the slab is one of the stack's, the radiograph is the stack's."""
    settings = replace(IN_PROCESS, executor=executor)  # type: ignore[arg-type]
    stack_field = replace(FIELD, slabs=17, slab_thickness=20.0)
    stack, single = (
        SampleStream([chest(1)], [1.0], field, settings, REFERENCE, 8).batch(2, range(2))
        for field in (stack_field, replace(stack_field, slabs=1))
    )
    assert torch.allclose(single.image, stack.image, atol=1e-4)
    assert single.target.shape[1] == 1
    assert torch.allclose(single.target[:, 0], stack.target[:, 8], atol=2e-3)
