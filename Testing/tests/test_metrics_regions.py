"""Tissues, overlap, power spectrum and re-projection: closed forms and independent implementations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import ndimage, spatial

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.fidelity.power_spectrum import power_ratio, radial_power
from XrayToCTLib.fidelity.reprojection import obliquity, reprojection_error
from XrayToCTLib.fidelity.tissues import TISSUES, bone_dice, dice, lung_dice, tissue_mask
from XrayToCTLib.projection.geometry import ProjectionGeometry
from XrayToCTLib.projection.plane_warps import MU_WATER_PER_MM, plane_warps


def test_every_tissue_holds_its_textbook_value_and_no_voxel_has_two():
    values = {"air": -1000.0, "lung": -800.0, "fat": -100.0, "soft tissue": 40.0, "bone": 600.0}
    masks = np.stack([tissue_mask(np.array(list(values.values())), tissue) for tissue in TISSUES])
    np.testing.assert_array_equal(masks, np.eye(5, dtype=bool))
    everything = np.arange(-1024.0, 1477.0)
    assert (sum(tissue_mask(everything, tissue).astype(int) for tissue in TISSUES) <= 1).all()
    assert not any(tissue_mask(np.array([-350.0]), tissue).any() for tissue in TISSUES)  # lung and wall in one voxel
    with pytest.raises(XrayToCTError, match="no tissue 'muscle'"):
        tissue_mask(everything, "muscle")


def test_dice_equals_scipys_dissimilarity(rng):
    a, b = rng.random((2, 9, 9, 9)) < 0.4
    assert dice(a, b) == pytest.approx(1 - spatial.distance.dice(a.ravel(), b.ravel()))
    assert dice(a, a) == 1 and dice(a, ~a) == 0
    assert math.isnan(dice(np.zeros(3, bool), np.zeros(3, bool)))
    with pytest.raises(XrayToCTError, match="cannot overlap"):
        dice(a, b[0])


def test_lung_and_bone_dice_look_into_the_body_only():
    reference = np.full((1, 10, 10), -1000.0)
    reference[0, 2:8, 2:8] = 40
    reference[0, 3:6, 3:5] = -850  # six voxels of lung
    reference[0, 7, 2:8] = 500  # six of bone
    body = reference > -2000
    body[0, :2] = body[0, 8:] = body[0, :, :2] = body[0, :, 8:] = False
    result = reference.copy()
    result[0, 3, 3:5] = 40  # two of lung lost
    result[0, 0] = 900  # bone outside of the body
    assert lung_dice(result, reference, body) == pytest.approx(2 * 4 / (4 + 6))
    assert bone_dice(result, reference, body) == 1


def test_a_sine_stands_at_its_frequency():
    x = np.arange(128) * 1.5
    frequency, power = radial_power(np.tile(np.sin(2 * np.pi * 0.1 * x), (128, 1)), 1.5)
    assert frequency[np.nanargmax(power)] == pytest.approx(0.1, abs=0.5 / 1.5 / 48)


def test_white_noise_is_flat_at_its_variance_times_the_pixels_area(rng):
    _, power = radial_power(rng.normal(0, 50, (12, 128, 128)), 1.5)
    # Below three periods in the field the window's side lobes and the subtracted mean weigh in.
    np.testing.assert_allclose(power[6:], 50**2 * 1.5**2, rtol=0.15)


def test_the_spectrum_equals_a_fourier_sum_written_plainly(rng):
    image, spacing, bins = rng.normal(0, 100, (12, 12)), 2.0, 4
    hann = np.sin(np.pi * np.arange(1, 13) / 13) ** 2
    window = np.outer(hann, hann)
    tapered = (image - image.mean()) * window
    rings: dict[int, list[float]] = {}
    y, x = np.mgrid[:12, :12]
    for v in range(-6, 6):
        for u in range(-6, 6):
            amplitude = (tapered * np.exp(-2j * np.pi * (v * y + u * x) / 12)).sum()
            ring = int(math.hypot(u, v) / 12 / spacing / (0.25 / bins) + 1e-9)
            if ring < bins and (u, v) != (0, 0):
                rings.setdefault(ring, []).append(abs(amplitude) ** 2 * spacing**2 / (window**2).sum())
    _, power = radial_power(image, spacing, bins)
    for ring, values in rings.items():
        assert power[ring] == pytest.approx(np.mean(values), rel=1e-9)


def test_the_ratio_of_an_image_to_itself_is_one_and_blur_takes_the_fine_end(rng):
    image = rng.normal(0, 100, (2, 96, 96))
    assert power_ratio(image, image, 1.5, (0.1, 0.3)) == pytest.approx(1)
    assert power_ratio(3 * image, image, 1.5, (0.1, 0.3)) == pytest.approx(9)
    blurred = np.stack([ndimage.gaussian_filter(slab, 1.0) for slab in image])
    # A gaussian of 1 pixel passes exp(-(2 pi f sigma)^2) of the power: at 0.25 cycles per mm, 0.004.
    assert power_ratio(blurred, image, 1.5, (0.24, 0.26)) == pytest.approx(
        math.exp(-((2 * np.pi * 0.375) ** 2)), rel=0.2
    )
    assert math.isnan(power_ratio(image, np.zeros_like(image), 1.5, (0.1, 0.3)))
    with pytest.raises(XrayToCTError, match="no power spectrum"):
        radial_power(image, 0.0)


@pytest.mark.parametrize("distance", [1000.0, 1800.0, math.inf])
def test_the_obliquity_is_that_of_the_projector(distance):
    geometry = ProjectionGeometry(shape=(20, 30), spacing=(12.0, 9.0), source_detector_mm=distance)
    warps = plane_warps(geometry, (10, 10, 10), (5.0, 5.0, 5.0), (5.0, 5.0, 5.0))
    np.testing.assert_allclose(obliquity(geometry), warps.ray_obliquity, rtol=1e-5)


def test_water_re_projects_to_its_own_thickness_and_a_tenth_too_dense_is_a_tenth_off():
    geometry = ProjectionGeometry(shape=(12, 12))
    rays, mask = obliquity(geometry), np.ones((12, 12), bool)
    integrals = (rays * 4 * 20.0 * MU_WATER_PER_MM).astype(np.float32)
    assert reprojection_error(np.zeros((4, 12, 12)), integrals, rays, 20.0, mask) < 1e-6
    assert reprojection_error(np.full((4, 12, 12), 100.0), integrals, rays, 20.0, mask) == pytest.approx(0.1, rel=1e-5)
    with pytest.raises(XrayToCTError, match="do not belong together"):
        reprojection_error(np.zeros((4, 12, 11)), integrals, rays, 20.0, mask)
    with pytest.raises(XrayToCTError, match="No ray"):
        reprojection_error(np.zeros((4, 12, 12)), integrals * 0, rays, 20.0, mask)
