"""The projector against closed forms, against itself in torch, and against an independent projector."""

from __future__ import annotations

import math

import numpy as np
import pytest
import SimpleITK as sitk
import torch

from Testing.independent_projectors import nanodrr_line_integrals, rays
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.projection import (
    CtVolume,
    ProjectionGeometry,
    project,
    read_ct,
    reference_stack,
    remove_table,
    torch_projector,
)
from XrayToCTLib.projection.ct_volume import body_centre
from XrayToCTLib.projection.opencv_projector import line_integrals, slab_means
from XrayToCTLib.projection.plane_warps import MU_WATER_PER_MM, plane_warps
from XrayToCTLib.projection.project import resum
from XrayToCTLib.radiograph import IntensityScale, View

POSES = [(0.0, 0.0, 0.0), (20.0, 10.0, 5.0), (-8.0, 15.0, -10.0)]
SPACING = (2.0, 1.5, 1.8)
SHAPE = (90, 120, 100)
CENTRE = ((SHAPE[0] - 1) / 2, (SHAPE[1] - 1) / 2, (SHAPE[2] - 1) / 2)


def sphere(radius: float, finer: int = 1) -> np.ndarray:
    """A ball of water with a one-voxel edge, float32 (z, y, x), centred; ``finer`` divides the voxels of SPACING."""
    axes = np.ogrid[tuple(slice(0, n * finer) for n in SHAPE)]
    steps = [s / finer for s in SPACING]
    away = np.sqrt(sum(((i - (i.size - 1) / 2) * s) ** 2 for i, s in zip(axes, steps, strict=True)))
    return np.clip((radius - away) / steps[2] + 0.5, 0.0, 1.0).astype(np.float32)


@pytest.mark.parametrize("view", list(View))
@pytest.mark.parametrize("rotation", POSES)
@pytest.mark.parametrize("source_mm", [1000.0, math.inf])
def test_a_ball_of_water_gives_the_chords_of_its_rays(view: View, rotation: tuple, source_mm: float) -> None:
    geometry = ProjectionGeometry(
        shape=(110, 130),
        spacing=(1.7, 1.4),
        source_detector_mm=source_mm,
        view=view,
        rotation_deg=rotation,
        shift_mm=(6.0, -9.0),
    )
    radius = 60.0
    ball = sphere(radius, finer=2)
    spacing = (SPACING[0] / 2, SPACING[1] / 2, SPACING[2] / 2)
    centre = ((ball.shape[0] - 1) / 2, (ball.shape[1] - 1) / 2, (ball.shape[2] - 1) / 2)
    length = line_integrals(ball, spacing, centre, geometry) / MU_WATER_PER_MM
    origins, directions = rays(geometry)
    along = (origins * directions).sum(1)
    chord = 2 * np.sqrt(np.maximum(radius**2 - ((origins**2).sum(1) - along**2), 0.0)).reshape(geometry.shape)
    error = length - chord
    inside = chord > 40.0  # at the rim a one-voxel edge is as long as the chord itself
    assert np.abs(error[inside]).max() < 1.2
    assert np.sqrt((error**2).mean()) < 0.004 * chord.max()
    assert abs(error[inside].mean()) < 0.1


@pytest.mark.parametrize("source_mm", [900.0, math.inf])
def test_a_box_of_water_gives_its_depth_over_the_cosine(source_mm: float) -> None:
    box = np.zeros(SHAPE, np.float32)
    box[20:70, 30:90, 25:75] = 1.0
    geometry = ProjectionGeometry(shape=(40, 40), spacing=(1.0, 1.0), source_detector_mm=source_mm)
    length = line_integrals(box, SPACING, CENTRE, geometry) / MU_WATER_PER_MM
    _, directions = rays(geometry)
    expected = 60 * SPACING[1] / np.abs(directions[:, 1]).reshape(geometry.shape)
    np.testing.assert_allclose(length, expected, rtol=1e-4)


@pytest.mark.parametrize("rotation", POSES)
@pytest.mark.parametrize("source_mm", [1200.0, math.inf])
def test_slabs_add_up_to_the_line_integrals(rotation: tuple, source_mm: float, rng: np.random.Generator) -> None:
    mu = sphere(60.0) * rng.uniform(0.2, 2.0, SHAPE).astype(np.float32)
    geometry = ProjectionGeometry(shape=(90, 80), source_detector_mm=source_mm, rotation_deg=rotation)
    means, obliquity = slab_means(mu, SPACING, CENTRE, geometry, 16, 20.0)
    whole = line_integrals(mu, SPACING, CENTRE, geometry)
    again = resum((means - 1.0) * 1000.0, obliquity, 20.0)
    assert np.abs(again - whole).max() <= 1e-4 * whole.max()


def test_a_thin_plate_falls_into_the_slab_that_holds_it_and_slab_0_is_at_the_detector() -> None:
    plate = np.zeros(SHAPE, np.float32)
    plate[:, 20, :] = 1.0  # towards the front: (20 - 59.5) * 1.5 = -59 mm, and a PA detector is at the front
    geometry = ProjectionGeometry(shape=(20, 20))
    means, _ = slab_means(plate, SPACING, CENTRE, geometry, 16, 20.0)
    assert means.mean((1, 2)).argmax() == 8 + math.floor(-59.25 / 20)
    flipped, _ = slab_means(plate, SPACING, CENTRE, ProjectionGeometry(shape=(20, 20), view=View.AP), 16, 20.0)
    assert flipped.mean((1, 2)).argmax() == 8 + math.floor(59.25 / 20)


def test_a_pa_image_shows_the_patients_right_on_the_left_and_the_head_at_the_top() -> None:
    mu = np.zeros(SHAPE, np.float32)
    mu[80:84, 58:62, 10:14] = 1.0  # towards the head, to the patient's right
    for view in (View.PA, View.AP):
        image = line_integrals(mu, SPACING, CENTRE, ProjectionGeometry(shape=(150, 170), view=view))
        row, col = np.unravel_index(image.argmax(), image.shape)
        assert row < 60 and col < 60


def test_magnification_is_that_of_the_geometry() -> None:
    mu = np.zeros(SHAPE, np.float32)
    mu[43:47, 59:61, 10:12] = 1.0
    mu[43:47, 59:61, 88:90] = 1.0
    geometry = ProjectionGeometry(shape=(50, 400), spacing=(0.5, 0.5), source_detector_mm=1000.0)
    profile = line_integrals(mu, SPACING, CENTRE, geometry).max(0)
    at = np.arange(400)
    left, right = (np.average(at[half], weights=profile[half]) for half in (slice(0, 200), slice(200, 400)))
    assert (right - left) * 0.5 == pytest.approx(78 * 1.8 * geometry.magnification, abs=1.0)


@pytest.mark.parametrize("view", list(View))
@pytest.mark.parametrize("source_mm", [1200.0, math.inf])
def test_torch_and_opencv_make_the_same_slabs(view: View, source_mm: float, rng: np.random.Generator) -> None:
    mu = rng.uniform(0.0, 1.5, (40, 44, 48)).astype(np.float32)
    centre = (19.5, 21.5, 23.5)
    geometry = ProjectionGeometry(
        shape=(30, 34), spacing=(2.5, 2.0), source_detector_mm=source_mm, view=view, rotation_deg=(7.0, -5.0, 3.0)
    )
    fast, obliquity = slab_means(mu, SPACING, centre, geometry, 8, 12.0)
    made, made_obliquity = torch_projector.slab_means(torch.from_numpy(mu), SPACING, centre, geometry, 8, 12.0)
    # OpenCV rounds positions to 1/32 of a pixel in some of its paths; on white noise that is the worst case.
    np.testing.assert_allclose(made.numpy(), fast, atol=0.02)
    np.testing.assert_allclose(made_obliquity.numpy(), obliquity, rtol=1e-6)


def test_the_torch_projector_passes_the_gradient_check() -> None:
    geometry = ProjectionGeometry(shape=(4, 5), spacing=(3.0, 3.0), source_detector_mm=500.0, rotation_deg=(5, 3, 0))
    mu = torch.rand(4, 5, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda volume: torch_projector.slab_means(volume, (2, 2, 2), (1.5, 2, 2.5), geometry, 3, 4.0, 2)[0], (mu,)
    )


def test_the_radiograph_of_a_ct_is_calibrated_and_says_that_it_is_simulated(ball_ct: CtVolume) -> None:
    radiograph = project(ball_ct, view="lateral")
    assert radiograph.scale is IntensityScale.LINE_INTEGRAL
    assert radiograph.view is View.LATERAL
    assert "simulated" in radiograph.source
    assert radiograph.pixels.max() == pytest.approx(120.0 * MU_WATER_PER_MM, rel=0.03)


def test_a_reference_stack_is_in_hu(ball_ct: CtVolume) -> None:
    stack = reference_stack(ball_ct, slabs=4, slab_thickness=20.0)
    middle = stack.hu[:, 128, 128]
    np.testing.assert_allclose(middle, 0.0, atol=30.0)
    np.testing.assert_allclose(stack.hu[:, 0, 0], -1000.0)


def test_a_volume_in_another_orientation_projects_to_the_same_image(ball_ct: CtVolume, tmp_path) -> None:
    hu = ball_ct.hu.copy()
    hu[60:70, 50:60, 20:30] = 900
    image = sitk.GetImageFromArray(hu)
    image.SetSpacing(SPACING[::-1])
    sitk.WriteImage(image, tmp_path / "lps.nrrd")
    sitk.WriteImage(sitk.DICOMOrient(image, "PIR"), tmp_path / "pir.nrrd")
    straight, turned = (project(read_ct(tmp_path / name)).pixels for name in ("lps.nrrd", "pir.nrrd"))
    np.testing.assert_allclose(turned, straight, atol=1e-6)


def test_an_oblique_scan_is_resampled_into_the_patients_axes(ball_ct: CtVolume, tmp_path) -> None:
    image = sitk.GetImageFromArray(ball_ct.hu)
    image.SetSpacing(SPACING[::-1])
    angle = np.deg2rad(12.0)
    turn = ((1, 0, 0), (0, np.cos(angle), -np.sin(angle)), (0, np.sin(angle), np.cos(angle)))
    image.SetDirection(np.array(turn).ravel().tolist())
    sitk.WriteImage(image, tmp_path / "tilted.nrrd")
    # A ball looks the same from everywhere.
    tilted = project(read_ct(tmp_path / "tilted.nrrd")).pixels
    assert tilted.max() == pytest.approx(120.0 * MU_WATER_PER_MM, rel=0.04)


def test_the_table_is_taken_away_and_the_lungs_stay() -> None:
    hu = np.full((12, 200, 200), -1000, np.int16)
    row, col = np.ogrid[0:200, 0:200]
    hu[:, ((row - 90) / 60.0) ** 2 + ((col - 100) / 80.0) ** 2 < 1] = 40
    hu[:, ((row - 90) / 30.0) ** 2 + ((col - 70) / 20.0) ** 2 < 1] = -800
    hu[:, 165:168, 20:180] = 300
    removed = remove_table(CtVolume(hu=hu, spacing=(2.0, 1.5, 1.5), source="phantom", centre=(5.5, 99.5, 99.5)))
    assert (removed.hu[:, 160:] == -1000).all()
    assert removed.hu[6, 90, 70] == -800
    assert removed.centre[1] == pytest.approx(90, abs=2)


@pytest.fixture
def ball_ct() -> CtVolume:
    hu = ((sphere(60.0) - 1.0) * 1000.0).astype(np.int16)
    return CtVolume(hu=hu, spacing=SPACING, source="a ball of water", centre=CENTRE)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"spacing": (0.0, 1.0)}, "impossible"),
        ({"isocentre_detector_mm": 2000.0}, "not between"),
        ({"rotation_deg": (60.0, 0.0, 0.0)}, "too far"),
        ({"shape": (0, 5)}, "no pixels"),
    ],
)
def test_an_impossible_geometry_is_refused(change: dict, sentence: str) -> None:
    with pytest.raises(XrayToCTError, match=sentence):
        ProjectionGeometry(**change)


def test_a_field_beside_the_patient_is_an_error(ball_ct: CtVolume) -> None:
    with pytest.raises(XrayToCTError, match="No ray meets"):
        project(ball_ct, geometry=ProjectionGeometry(shape=(10, 10), shift_mm=(0.0, 900.0)))


def test_an_unknown_view_is_an_error_that_names_the_views(ball_ct: CtVolume) -> None:
    with pytest.raises(XrayToCTError, match="PA, AP, LATERAL"):
        project(ball_ct, view="oblique")


@pytest.mark.parametrize("name", ["absent.nrrd", "text.nrrd", "mri.nrrd", "flat.nrrd"])
def test_what_is_no_ct_gets_a_sentence(name: str, tmp_path) -> None:
    (tmp_path / "text.nrrd").write_text("not an image")
    sitk.WriteImage(sitk.GetImageFromArray(np.full((4, 5, 6), 700, np.int16)), tmp_path / "mri.nrrd")
    sitk.WriteImage(sitk.GetImageFromArray(np.zeros((5, 6), np.int16)), tmp_path / "flat.nrrd")
    with pytest.raises(XrayToCTError) as caught:
        read_ct(tmp_path / name)
    assert caught.value.hint


def test_a_real_ct_agrees_with_siddons_exact_path_lengths(real_data) -> None:
    """Siddon (Med Phys 1985), written here from the paper: exact lengths through constant voxels, no interpolation."""
    ct = read_ct(real_data / "chest_ct" / "CIP-ct64.nii.gz")
    geometry = ProjectionGeometry(shape=(24, 24), spacing=(9.0, 9.0), rotation_deg=(6.0, -4.0, 0.0))
    made = project(ct, geometry=geometry).pixels[0]
    mu = ct.relative_attenuation()
    origins, directions = rays(geometry)
    exact = np.array([siddon(mu, ct.spacing, ct.centre, o, d) for o, d in zip(origins, directions, strict=True)])
    exact = exact.reshape(geometry.shape) * MU_WATER_PER_MM
    # Interpolated against constant voxels of 4 mm: they differ at edges, not on the whole.
    assert abs((made - exact).mean()) < 0.005 * exact.max()
    assert np.sqrt(((made - exact) ** 2).mean()) < 0.02 * exact.max()


def siddon(
    mu: np.ndarray,
    spacing: tuple[float, float, float],
    centre: tuple[float, float, float],
    origin: np.ndarray,
    direction: np.ndarray,
) -> float:
    """Path length times attenuation in mm along a line; ``origin`` and ``direction`` are (x, y, z) in mm."""
    crossings = [np.zeros(0)]
    for axis in range(3):
        planes = (np.arange(mu.shape[2 - axis] + 1) - 0.5 - centre[2 - axis]) * spacing[2 - axis]
        if abs(direction[axis]) > 1e-9:
            crossings.append((planes - origin[axis]) / direction[axis])
    at = np.sort(np.concatenate(crossings))
    middle = origin + (at[1:] + at[:-1])[:, None] / 2 * direction
    index = np.stack([np.rint(middle[:, 2 - a] / spacing[a] + centre[a]).astype(int) for a in range(3)])
    inside = np.all([(index[a] >= 0) & (index[a] < mu.shape[a]) for a in range(3)], axis=0)
    return float((np.diff(at)[inside] * mu[tuple(index[:, inside])]).sum())


def test_a_real_ct_agrees_with_nanodrr(real_data) -> None:
    pytest.importorskip("nanodrr")
    ct = remove_table(read_ct(real_data / "chest_ct" / "pyradiomics-lung1.nii.gz"))
    geometry = ProjectionGeometry(
        shape=(64, 60), spacing=(5.0, 5.5), rotation_deg=(8.0, -5.0, 4.0), shift_mm=(7.0, -4.0)
    )
    made = project(ct, geometry=geometry).pixels[0]
    other = nanodrr_line_integrals(ct.relative_attenuation(), ct.spacing, ct.centre, geometry)
    assert np.sqrt(((made - other) ** 2).mean()) < 0.004 * other.max()


def test_every_pixel_has_its_own_obliquity() -> None:
    geometry = ProjectionGeometry(shape=(9, 11), spacing=(30.0, 30.0), source_detector_mm=600.0)
    warps = plane_warps(geometry, SHAPE, SPACING, CENTRE)
    row, col = 2, 9
    across = np.hypot((row - 4) * 30.0, (col - 5) * 30.0)
    assert warps.ray_obliquity[row, col] == pytest.approx(np.hypot(600.0, across) / 600.0, rel=1e-5)


def test_the_origin_of_the_depth_is_the_centre_of_mass_and_not_the_middle_of_the_extent() -> None:
    """A fold of fat in front moves the middle of the extent by half its depth, the centre of mass hardly at all."""
    hu = np.full((10, 60, 60), -1000, np.int16)
    hu[:, 20:40, 10:50] = 0
    plain = body_centre(hu)
    assert plain == pytest.approx((4.5, 29.5, 29.5), abs=0.6)
    folded = hu.copy()
    folded[:2, 8:20, 26:34] = -100
    assert plain[1] - 1.0 < body_centre(folded)[1] < plain[1]
    heavy = hu.copy()
    heavy[:, 36:40, 10:50] = 1000
    assert body_centre(heavy)[1] > plain[1] + 1.0
    assert body_centre(np.full_like(hu, -1000)) == (4.5, 29.5, 29.5)
