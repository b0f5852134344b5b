"""2D/3D registration: a pose is found again, whatever the grey levels; what cannot be registered gets a sentence."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk

from Testing.independent_projectors import nanodrr_line_integrals
from Testing.tests.alignment_phantom import DETECTOR, as_image, phantom
from XrayToCTLib.alignment import AlignmentKind, RegistrationCancelled, reference_from_image, register
from XrayToCTLib.alignment.local_contrast import local_contrast, similarity
from XrayToCTLib.alignment.pose import (
    box_points,
    camera_points,
    pose_of,
    projection_distance,
    target_registration_error,
    with_pose,
)
from XrayToCTLib.alignment.pyramid import averaged, rays_within_scan
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.projection import CtVolume, ProjectionGeometry, project
from XrayToCTLib.projection.opencv_projector import line_integrals
from XrayToCTLib.radiograph import IntensityScale, Radiograph, View

TARGETS = box_points((200.0, 140.0, 200.0))


@pytest.fixture(scope="module")
def body() -> CtVolume:
    return phantom()


def radiograph_at(
    body: CtVolume, geometry: ProjectionGeometry, rng: np.random.Generator, *, curve: bool = True
) -> Radiograph:
    """As another projector sees it, with noise, through a display curve."""
    integrals = nanodrr_line_integrals(body.relative_attenuation(), body.spacing, body.centre, geometry, samples=220)
    noisy = integrals + rng.normal(0, 0.02, integrals.shape)
    shown = 4095 / (1 + np.exp(-1.3 * (noisy - 1.8))) if curve else noisy
    made = project(body, geometry=geometry)
    return replace(made, pixels=shown.astype(np.float32)[None], scale=IntensityScale.DISPLAY)


@pytest.mark.parametrize(
    ("view", "moved"),
    [
        (View.PA, (7.0, -6.0, 4.0, 12.0, -17.0, 15.0)),
        (View.LATERAL, (-8.0, 5.0, -9.0, -14.0, 9.0, -12.0)),
    ],
)
def test_a_pose_is_found_within_one_degree_and_one_and_a_half_millimetres(body, rng, view, moved):
    start = replace(DETECTOR, view=view)
    true = with_pose(start, pose_of(start) + np.array(moved))
    found = register(body, radiograph_at(body, true, rng), start)
    error = np.abs(pose_of(found.geometry) - pose_of(true))
    assert error[:3].max() < 1.0
    assert error[3:5].max() < 1.5
    assert projection_distance(found.geometry, true, TARGETS) < 1.0
    assert projection_distance(start, true, TARGETS) > 10.0
    record = found.record
    assert record.kind is AlignmentKind.REGISTRATION and record.view == view.name
    assert record.end_similarity > 0.8 > record.start_similarity
    assert record.residual == pytest.approx(1 - record.end_similarity)
    assert record.residual_mm < 1.5 and record.warnings == ()
    assert record.starts == 27 and record.evaluations > 100
    assert "2D/3D registration" in record.sentence and f"residual {record.residual:.3f}" in record.sentence


def test_a_reference_turned_and_resampled_by_a_known_transform_is_recovered_in_space(body, rng):
    """Points of the patient, given in RAS, come to stand where they stood: within a degree and 1.5 mm."""
    image = as_image(body)
    original = reference_from_image(image, modality="CT", keep_table=True)
    moved_from = sitk.Euler3DTransform(
        (-original.origin_mm[0], -original.origin_mm[1], original.origin_mm[2]),
        *np.deg2rad((4.0, -5.0, 7.0)),
        (6.0, 9.0, -8.0),
    )
    grid = sitk.Image([110, 100, 100], sitk.sitkInt16)
    grid.SetSpacing((2.8, 2.8, 3.6))
    grid.SetOrigin((-150.0, -145.0, 0.0))
    turned = sitk.Resample(image, grid, moved_from, sitk.sitkLinear, -1000.0)
    reference = reference_from_image(turned, modality="CT", keep_table=True)
    radiograph = radiograph_at(original.volume, DETECTOR, rng)
    found = register(reference.volume, radiograph, DETECTOR).geometry

    before = TARGETS + np.array((-original.origin_mm[0], -original.origin_mm[1], original.origin_mm[2]))
    after = np.array([moved_from.GetInverse().TransformPoint(point.tolist()) for point in before])
    centre = np.array((-reference.origin_mm[0], -reference.origin_mm[1], reference.origin_mm[2]))
    stood, stands = camera_points(DETECTOR, TARGETS), camera_points(found, after - centre)
    assert np.linalg.norm((stood - stands)[:, :2], axis=1).mean() < 1.5
    start = camera_points(DETECTOR, after - centre)
    assert np.linalg.norm((stood - start)[:, :2], axis=1).mean() > 5.0
    turn = np.linalg.lstsq(stands - stands.mean(0), stood - stood.mean(0), rcond=None)[0]
    assert math.degrees(math.acos(min(1.0, (np.trace(turn) - 1) / 2))) < 1.0


def test_a_radiograph_of_another_body_gets_a_warning_and_a_large_residual(body, rng):
    pixels = rng.normal(0, 1, DETECTOR.shape).astype(np.float32)
    import cv2

    noise = Radiograph(
        pixels=cv2.GaussianBlur(pixels, (0, 0), 4)[None],
        spacing=DETECTOR.spacing,
        spacing_source=project(body, geometry=DETECTOR).spacing_source,
        scale=IntensityScale.DISPLAY,
        source="noise",
        identity="",
    )
    record = register(body, noise, DETECTOR).record
    assert record.residual > 0.6
    assert "fits the radiograph badly" in record.warnings[0]


def test_the_registration_reports_progress_and_can_be_cancelled_at_once(body, rng):
    radiograph = radiograph_at(body, DETECTOR, rng)
    told: list[tuple[float, str]] = []

    def stop_at_fifty(fraction: float, phase: str) -> bool:
        told.append((fraction, phase))
        return len(told) < 50

    with pytest.raises(RegistrationCancelled, match="cancelled"):
        register(body, radiograph, DETECTOR, progress=stop_at_fifty)
    assert len(told) == 50
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions) and fractions[0] >= 0 and fractions[-1] < 1


def test_a_cancelled_registration_leaves_opencv_as_many_threads_as_it_had(body, rng):
    import cv2

    before = cv2.getNumThreads()
    with pytest.raises(RegistrationCancelled):
        register(body, radiograph_at(body, DETECTOR, rng), DETECTOR, progress=lambda *_: False)
    assert cv2.getNumThreads() == before


def test_another_detector_and_a_field_beside_the_body_get_a_sentence(body, rng):
    radiograph = radiograph_at(body, DETECTOR, rng)
    with pytest.raises(XrayToCTError, match="is not the radiograph's"):
        register(body, radiograph, replace(DETECTOR, spacing=(2.0, 2.0)))
    with pytest.raises(XrayToCTError, match="No ray meets"):
        register(body, radiograph, replace(DETECTOR, shift_mm=(3000.0, 0.0)))


def test_a_shift_parallel_to_the_detector_is_its_own_target_error_and_magnified_on_the_detector():
    moved = replace(DETECTOR, shift_mm=(3.0, -4.0))
    assert target_registration_error(DETECTOR, moved, TARGETS) == pytest.approx(5.0)
    centre = np.zeros((1, 3))
    assert projection_distance(DETECTOR, moved, centre) == pytest.approx(5.0 * DETECTOR.magnification)
    parallel, moved = (replace(geometry, source_detector_mm=math.inf) for geometry in (DETECTOR, moved))
    assert projection_distance(parallel, moved, TARGETS) == pytest.approx(5.0)


def test_the_distance_along_parallel_rays_does_not_show_on_the_detector():
    near = replace(DETECTOR, source_detector_mm=math.inf)
    far = replace(near, isocentre_detector_mm=near.isocentre_detector_mm + 50)
    assert projection_distance(near, far, TARGETS) == pytest.approx(0)
    assert target_registration_error(near, far, TARGETS) == pytest.approx(50)


@pytest.mark.parametrize("view", list(View))
def test_a_point_is_seen_where_the_projector_puts_it(view):
    """A single bright voxel: the brightest pixel of its projection is the one that camera_points predicts."""
    mu = np.zeros((41, 41, 41), np.float32)
    mu[30, 12, 25] = 1000
    centre = (20.0, 20.0, 20.0)
    geometry = replace(DETECTOR, view=view, rotation_deg=(12.0, -7.0, 9.0), shift_mm=(6.0, -11.0))
    image = line_integrals(mu, (3.0, 3.0, 3.0), centre, geometry)
    total = image.sum()
    row = (image.sum(1) * np.arange(image.shape[0])).sum() / total
    col = (image.sum(0) * np.arange(image.shape[1])).sum() / total
    at = camera_points(geometry, np.array([[(25 - 20) * 3.0, (12 - 20) * 3.0, (30 - 20) * 3.0]]))[0]
    scale = geometry.source_detector_mm / (geometry.source_detector_mm - at[2])
    assert row == pytest.approx(at[0] * scale / 3.0 + (geometry.shape[0] - 1) / 2, abs=0.15)
    assert col == pytest.approx(at[1] * scale / 3.0 + (geometry.shape[1] - 1) / 2, abs=0.15)


def test_averaging_a_volume_moves_nothing(body):
    mu, spacing, centre = averaged(body, 6.0, along=1)
    coarse = line_integrals(mu, spacing, centre, DETECTOR)
    fine = line_integrals(body.relative_attenuation(), body.spacing, body.centre, DETECTOR)
    assert mu.size < body.hu.size / 6
    assert similarity(local_contrast(coarse, 6), local_contrast(fine, 6), np.ones(fine.shape)) > 0.93
    for axis in (0, 1):
        at = [(image.sum(axis) * np.arange(image.shape[1 - axis])).sum() / image.sum() for image in (coarse, fine)]
        assert at[0] == pytest.approx(at[1], abs=0.05)


def test_local_contrast_forgets_gain_and_offset(rng):
    image = rng.normal(0, 1, (60, 50)).cumsum(0).astype(np.float32)
    np.testing.assert_allclose(local_contrast(image, 5), local_contrast(7 * image - 300, 5), atol=2e-3)
    assert similarity(image, image, np.ones(image.shape)) == pytest.approx(1)
    assert similarity(image, -image, np.ones(image.shape)) == pytest.approx(-1)
    assert similarity(image, np.zeros_like(image), np.ones(image.shape)) == 0


def test_rays_that_leave_through_an_end_of_the_scan_are_told_from_those_that_do_not(body):
    geometry = replace(DETECTOR, source_detector_mm=math.inf)
    inside = rays_within_scan(body.hu.shape, body.spacing, body.centre, geometry)
    height = ((geometry.shape[0] - 1) / 2 - np.arange(geometry.shape[0])) * geometry.spacing[0]
    half = (body.hu.shape[0] - 1) / 2 * body.spacing[0]
    np.testing.assert_allclose(inside, np.broadcast_to((half - np.abs(height))[:, None], inside.shape), atol=1e-6)
