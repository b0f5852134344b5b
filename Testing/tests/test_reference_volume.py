"""Reference volumes: any axes, mirror, shear and transform end in the same place; what is no volume is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk

from Testing.tests.alignment_phantom import SPACING, as_image, phantom
from XrayToCTLib.alignment import ReferenceVolume, read_reference, reference_from_array, reference_from_image
from XrayToCTLib.alignment.bring import bring_image, bring_slabs, detector, suitable_grid
from XrayToCTLib.alignment.local_contrast import local_contrast, similarity
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.radiograph import View

ORIGIN = (-140.0, -100.0, 30.0)
LPS_TO_RAS = np.diag((-1.0, -1.0, 1.0, 1.0))


@pytest.fixture(scope="module")
def image() -> sitk.Image:
    return as_image(phantom(), ORIGIN)


@pytest.fixture(scope="module")
def plain(image: sitk.Image) -> ReferenceVolume:
    return reference_from_image(image, keep_table=True)


def matrix_of(image: sitk.Image) -> np.ndarray:
    """IJK-to-RAS of a SimpleITK image."""
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    matrix[:3, 3] = image.GetOrigin()
    return LPS_TO_RAS @ matrix


def integrals(reference: ReferenceVolume, view: View = View.PA) -> np.ndarray:
    return bring_image(reference, detector((100, 110), (3.0, 3.0), view, None)).image[0]


def turned(degrees: float, axis: int) -> np.ndarray:
    """4 x 4 rotation about an axis of RAS."""
    angle = np.deg2rad(degrees)
    first, second = [n for n in range(3) if n != axis]
    matrix = np.eye(4)
    matrix[first, first] = matrix[second, second] = np.cos(angle)
    matrix[first, second], matrix[second, first] = -np.sin(angle), np.sin(angle)
    return matrix


@pytest.mark.parametrize("code", ["LPS", "RAS", "RSA", "SLP", "AIR", "PSR"])
def test_every_order_and_direction_of_axes_gives_the_same_projection(image, plain, code):
    oriented = sitk.DICOMOrient(image, code)
    reference = reference_from_image(oriented, keep_table=True)
    np.testing.assert_allclose(integrals(reference), integrals(plain), atol=1e-5)
    np.testing.assert_allclose(reference.origin_mm, plain.origin_mm, atol=1e-6)
    array = reference_from_array(sitk.GetArrayFromImage(oriented), matrix_of(oriented), keep_table=True)
    np.testing.assert_allclose(integrals(array), integrals(plain), atol=1e-5)
    np.testing.assert_allclose(array.origin_mm, plain.origin_mm, atol=1e-6)


def test_a_mirrored_array_with_its_matrix_is_the_same_volume(image, plain):
    values, matrix = sitk.GetArrayFromImage(image), matrix_of(image)
    mirror = matrix.copy()
    mirror[:3, 3] += mirror[:3, 0] * (values.shape[2] - 1)
    mirror[:3, 0] *= -1
    reference = reference_from_array(values[:, :, ::-1], mirror, keep_table=True)
    np.testing.assert_allclose(integrals(reference), integrals(plain), atol=1e-5)


def test_the_patient_s_centre_is_told_in_ras(plain, image):
    volume = plain.volume
    lps = image.TransformContinuousIndexToPhysicalPoint([float(at) for at in volume.centre[::-1]])
    assert plain.origin_mm == pytest.approx((-lps[0], -lps[1], lps[2]))


def test_a_transform_that_turns_the_volume_turns_the_projection(image, plain):
    """A volume turned about the head-foot axis looks as it does when the gantry is turned the other way round."""
    matrix = turned(12.0, 2) @ matrix_of(image)
    reference = reference_from_array(sitk.GetArrayFromImage(image), matrix, modality="CT", keep_table=True)
    made = integrals(reference)
    geometry = detector((100, 110), (3.0, 3.0), View.PA, None)
    fits = {
        angle: similarity(
            local_contrast(made, 5),
            local_contrast(bring_image(plain, replace(geometry, rotation_deg=(angle, 0.0, 0.0))).image[0], 5),
            np.ones(made.shape),
        )
        for angle in (-12.0, 0.0, 12.0)
    }
    best = max(fits, key=fits.get)
    assert abs(best) == 12.0 and fits[best] > 0.9 > fits[-best]


def test_a_sheared_volume_is_put_upright(image, plain):
    """A gantry tilt: slices that slide sideways with height, and values that were measured there."""
    matrix = matrix_of(image)
    values = np.pad(sitk.GetArrayFromImage(image), ((0, 0), (40, 40), (0, 0)), constant_values=-1000)
    matrix[:3, 3] -= 40 * matrix[:3, 1]
    sheared = np.stack([np.roll(plane, -(k - 36), axis=0) for k, plane in enumerate(values)])
    slanted = matrix.copy()
    slanted[:3, 2] += matrix[:3, 1]  # one slice up, one row on
    slanted[:3, 3] -= 36 * matrix[:3, 1]
    reference = reference_from_array(sheared, slanted, keep_table=True)
    a, b = integrals(reference), integrals(plain)
    assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.99


def test_slabs_add_up_to_the_projection(plain):
    grid = detector((100, 110), (3.0, 3.0), View.LATERAL, None)
    slabs = bring_slabs(plain, grid, 24, 20.0)
    total = (slabs.image / 1000 + 1).sum(0) * 20.0 * 0.02
    image = bring_image(plain, grid).image[0]
    centre = np.s_[40:60, 45:65]
    np.testing.assert_allclose(total[centre], image[centre], rtol=0.01)


def test_what_came_in_is_unchanged(image):
    before = sitk.GetArrayFromImage(image)
    values, matrix = before.copy(), matrix_of(image)
    kept = matrix.copy()
    reference = reference_from_array(values, matrix)
    integrals(reference)
    reference_from_image(image)
    np.testing.assert_array_equal(values, before)
    np.testing.assert_array_equal(matrix, kept)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image), before)


def test_an_mri_keeps_its_intensities_through_the_projection(image, rng):
    intensities = np.clip(sitk.GetArrayFromImage(image).astype(np.float32) + 1000, 0, None) * 0.7
    reference = reference_from_array(intensities, matrix_of(image), modality="MR", name="T1")
    assert reference.modality == "MR" and reference.warnings == ()
    slabs = bring_slabs(reference, detector((100, 110), (3.0, 3.0), View.PA, None), 8, 20.0).image
    ct = bring_slabs(
        reference_from_image(image, keep_table=True), detector((100, 110), (3.0, 3.0), View.PA, None), 8, 20.0
    ).image
    inside = np.s_[3:5, 45:55, 50:60]
    np.testing.assert_allclose(slabs[inside].mean(), (ct[inside].mean() + 1000) * 0.7, rtol=0.05)
    with pytest.raises(XrayToCTError, match="MRI"):
        bring_image(reference, detector((100, 110), (3.0, 3.0), View.PA, None))


def test_a_guessed_mri_is_said(image):
    assert reference_from_image(image).modality == "CT"
    marked = sitk.Image(image)
    marked.SetMetaData("0008|0060", "MR")
    assert reference_from_image(marked).modality == "MR" and reference_from_image(marked).warnings == ()
    assert "taken for an MRI" in reference_from_image(sitk.Abs(image), name="x").warnings[0]


def test_a_grid_is_no_finer_than_the_volume(plain):
    fine = detector((900, 1100), (0.3, 0.3), View.PA, None)
    grid = suitable_grid(fine, plain)
    finest = min(SPACING) * grid.magnification
    assert grid.spacing == pytest.approx((finest, finest), rel=0.02)
    for axis in (0, 1):
        assert grid.shape[axis] * grid.spacing[axis] == pytest.approx(fine.shape[axis] * fine.spacing[axis])
    coarse = detector((30, 40), (10.0, 10.0), View.PA, None)
    assert suitable_grid(coarse, plain).shape == coarse.shape


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda v, m: (v[0], m), "no volume"),
        (lambda v, m: (v, None), "without voxel spacing"),
        (lambda v, m: (v, m * 0), "no voxel spacing"),
        (lambda v, m: (v, np.full((4, 4), np.nan)), "no voxel spacing"),
        (lambda v, m: (np.where(v > 300, np.nan, v), m), "NaN"),
        (lambda v, m: (v * 0 + 7, m), "constant"),
    ],
)
def test_arrays_that_are_no_reference_get_a_sentence(image, change, sentence):
    values, matrix = change(sitk.GetArrayFromImage(image).astype(np.float32), matrix_of(image))
    with pytest.raises(XrayToCTError, match=sentence):
        reference_from_array(values, matrix, name="x")


def test_wrong_modalities_get_a_sentence(image):
    with pytest.raises(XrayToCTError, match="of modality PT"):
        reference_from_image(image, modality="PT")
    with pytest.raises(XrayToCTError, match="does not hold Hounsfield units"):
        reference_from_image(sitk.Abs(image), modality="CT")
    with pytest.raises(XrayToCTError, match="no volume"):
        reference_from_image(image[:, :, 5])


def test_a_missing_file_and_a_file_that_is_no_image_get_a_sentence(tmp_path):
    with pytest.raises(XrayToCTError, match="There is no file"):
        read_reference(tmp_path / "missing.nrrd")
    (tmp_path / "text.nrrd").write_text("no image")
    with pytest.raises(XrayToCTError, match="cannot be read"):
        read_reference(tmp_path / "text.nrrd")


def test_a_file_without_a_spacing_gets_a_warning(tmp_path, image):
    bare = sitk.GetImageFromArray(sitk.GetArrayFromImage(image))
    sitk.WriteImage(bare, str(tmp_path / "bare.nrrd"))
    assert any("1 x 1 x 1 mm" in warning for warning in read_reference(tmp_path / "bare.nrrd").warnings)


def test_a_field_beside_the_patient_does_not_overlap(plain):
    grid = replace(detector((40, 40), (3.0, 3.0), View.PA, None), shift_mm=(0.0, 900.0))
    with pytest.raises(XrayToCTError, match="do not overlap"):
        bring_image(plain, grid)
