"""Bodies and their images: what each record changes, and what it leaves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("cv2")

from Testing.tests.training_simulation_chest import FIELD, IN_PROCESS, REFERENCE, STILL, chest  # noqa: E402
from Training.simulation import plain_geometry, render  # noqa: E402
from Training.simulation.draws import Fat, TissueCurve, _inflation  # noqa: E402
from Training.simulation.field import Sample  # noqa: E402
from Training.simulation.landmarks import landmarks  # noqa: E402
from Training.simulation.lesions import LungFill, Nodule  # noqa: E402
from Training.simulation.limbs import Arm, Tube  # noqa: E402
from Training.simulation.look_draws import Collimation, LookDraw, Marker  # noqa: E402
from Training.simulation.opencv_body import Body, change_tissues, make_body, whole_body  # noqa: E402
from Training.simulation.opencv_look import apply_look  # noqa: E402
from Training.simulation.opencv_render import render_body  # noqa: E402
from Training.simulation.patches import Edit, patches  # noqa: E402
from Training.simulation.ribs import RibSegment  # noqa: E402
from Training.simulation.skin import skin_distance  # noqa: E402
from XrayToCTLib.projection import ProjectionGeometry  # noqa: E402
from XrayToCTLib.projection.opencv_projector import slab_means  # noqa: E402

CLEAR = LookDraw(
    calibrated=True, gain=1.0, scatter_share=0.0, scatter_px=1.0, point_spread_px=0.0, quanta=1e12, noise_seed=0,
    detail_gain=0.0, detail_px=1.0, look_up_table=None, eight_bit=False, marker=None, collimation=None, lines=(),
    inverted=None,
)  # fmt: skip


def seen(body: Body) -> Sample:
    return render_body(body, plain_geometry(FIELD), FIELD)


def edited(*edits: Edit) -> tuple[Sample, Sample]:
    """The chest without and with the edits."""
    ct = chest()
    return tuple(seen(make_body(ct, replace(STILL, edits=e), None)) for e in ((), edits))  # type: ignore[return-value]


def test_a_record_that_changes_nothing_gives_the_ct_as_it_is() -> None:
    ct = chest()
    still = seen(make_body(ct, STILL, None))
    plain = render(ct.attenuation, ct.spacing, ct.centre, plain_geometry(FIELD), FIELD)
    np.testing.assert_allclose(still.integrals, plain.integrals, atol=0.02)
    np.testing.assert_array_equal(still.valid, plain.valid)


@pytest.mark.parametrize("view", ["PA", "AP"])
def test_rendering_agrees_with_the_librarys_projector(view: str) -> None:
    from XrayToCTLib.radiograph import View

    ct = chest()
    geometry = ProjectionGeometry(
        shape=(64, 64), spacing=(4.0, 4.5), source_detector_mm=1200.0, rotation_deg=(4.0, -3.0, 6.0), view=View[view]
    )
    sample = render(ct.attenuation, ct.spacing, ct.centre, geometry, FIELD)
    volume = np.asarray(ct.attenuation, np.float32).transpose(1, 0, 2)
    means, _ = slab_means(volume, ct.spacing, ct.centre, geometry, FIELD.slabs, FIELD.slab_thickness)
    inside = sample.valid & (np.indices(sample.valid.shape)[1] > 3)
    difference = np.abs(sample.hu.astype(np.float32) - (means * 1000.0 - 1000.0))[:, inside]
    assert inside.mean() > 0.3 and difference.max() < 2.0  # HU; the target is kept in half precision


def test_the_input_of_a_pair_is_the_sum_of_its_target() -> None:
    from XrayToCTLib.projection.plane_warps import MU_WATER_PER_MM

    sample = seen(whole_body(chest().attenuation, chest().spacing, chest().centre))
    again = (sample.hu.astype(np.float32) / 1000 + 1).sum(0) * FIELD.slab_thickness * MU_WATER_PER_MM
    # The obliquity is left out of the sum, and targets are in half precision.
    np.testing.assert_allclose(again, sample.integrals, rtol=0.04, atol=0.02)


def test_rays_that_leave_the_scan_are_marked() -> None:
    ct = chest()
    short = replace(ct, attenuation=ct.attenuation[:, 10:40], centre=(14.5, *ct.centre[1:]))
    sample = render(short.attenuation, ct.spacing, short.centre, plain_geometry(FIELD), FIELD)
    # 150 mm of scan on a field of 384 mm: the rim is repeated end slices, the middle is real.
    assert not sample.valid[0].any() and not sample.valid[-1].any()
    assert sample.valid[26:38].all()
    assert sample.integrals[0, 32] > 1.0  # no air above it


def test_the_lungs_keep_their_mass_when_the_diaphragm_moves() -> None:
    ct, marks = chest(), landmarks(chest())
    shape = (ct.attenuation.shape[0] + 4, ct.attenuation.shape[1], ct.attenuation.shape[2] + 6)
    lung = {}
    for down in (-30.0, 0.0, 15.0):
        inflation = _inflation(marks, shape, (8.0, 5.0, 5.0), STILL.margin, down)
        body = make_body(ct, replace(STILL, inflation=inflation), None).attenuation
        inside = body[10:-10, :, 12:-12]
        held = (inside > 0.01) & (inside < 0.6)
        lung[down] = (held.sum(), inside[held].sum())
    (less, mass_out), (usual, mass), (more, mass_in) = lung[-30.0], lung[0.0], lung[15.0]
    assert less < 0.95 * usual and more > 1.02 * usual
    assert mass_out == pytest.approx(mass, rel=0.05) and mass_in == pytest.approx(mass, rel=0.05)


def test_the_tissue_curve_is_increasing_and_moves_lung_bone_and_soft_tissue_apart() -> None:
    values = np.linspace(0.0, 2.0, 401, dtype=np.float32)
    for curve in (TissueCurve(0.7, 0.8, -0.02), TissueCurve(1.6, 1.6, 0.02)):
        changed = values.copy()
        change_tissues(changed, curve)
        assert (np.diff(changed) > 0).all()
        assert changed[0] == 0.0
        assert changed[40] == pytest.approx(0.2 * curve.lung_gain, abs=1e-5)
        assert changed[200] == pytest.approx(1.0 + curve.shift, abs=1e-5)
        assert changed[300] == pytest.approx(1.5 + curve.shift + 0.35 * (curve.bone_gain - 1.0), abs=1e-5)


def test_fat_lies_on_the_skin_and_nowhere_else() -> None:
    ct = chest()
    draw = replace(STILL, margin=(6, 9), fat=Fat(np.full((4, 4, 4), 20.0, np.float32)))
    skin = skin_distance(ct.attenuation, ct.spacing, draw.margin)
    fat, lean = (make_body(ct, d, skin).attenuation for d in (draw, replace(draw, fat=None)))
    added = fat - lean
    assert added.min() > -1e-6
    assert np.abs(added[skin == 0]).max() == 0.0
    assert added[(skin > 24) & (skin < 60)].mean() > 0.7  # 2 to 11 mm outside
    assert added[skin > 110].max() == 0.0  # beyond 23 mm


def test_a_nodule_is_in_input_and_target_and_a_fill_takes_it_away() -> None:
    at = tuple(float(v) for v in landmarks(chest()).lung[100])
    nodule = Nodule(centre=at, radii=(14.0, 14.0, 14.0), attenuation=1.0, lobes=(0.0, 0.0), edge_mm=2.0)
    without, with_it = edited(nodule)
    assert (with_it.integrals - without.integrals).max() > 0.25  # up to 28 mm of water at 0.02 per mm, less lung
    difference = with_it.hu.astype(np.float32) - without.hu.astype(np.float32)
    assert difference.max() > 250 and difference.min() > -5
    assert (np.abs(difference) > 20).any(axis=(1, 2)).sum() <= 3  # slabs: it has a depth
    away = LungFill(centre=at, radius=18.0, edge=4.0, offset=(0.0, 0.0, 40.0 if at[2] < 200 else -40.0))
    _, filled = edited(nodule, away)
    left = (filled.integrals - without.integrals)[(with_it.integrals - without.integrals) > 0.2]
    assert left.max() < 0.12


def test_a_rib_can_be_taken_out_or_made_denser() -> None:
    rib = tuple(float(v) for v in landmarks(chest()).ribs[50])
    for change, sign in (("removed", -1), ("denser", 1), ("thickened", 1)):
        without, with_it = edited(RibSegment(rib, 50.0, change, 1.6))  # type: ignore[arg-type]
        difference = sign * (with_it.integrals - without.integrals)
        assert difference.max() > 0.02, change
        assert difference.min() > -5e-3, change  # the centre of mass moves a little with the rib
        assert (np.abs(difference) > 0.01).mean() < 0.1  # nowhere else


def test_arms_hang_beside_the_chest_and_tubes_are_thin() -> None:
    ct = chest()
    arm = Arm(top=(120.0, 250.0, -45.0), bottom=(120.0, -60.0, -45.0), radius=40.0, flatness=1.1, fat=8.0, bone=11.0)
    tube = Tube(((100.0, 300.0, 200.0), (120.0, 100.0, 210.0)), 3.0, 2.0)
    made = patches(ct.attenuation, ct.spacing, (2, 30), (arm, tube))
    beside = made[0].values
    assert beside.max() > 1.3 and 0.85 < np.median(beside[beside > 0.5]) < 1.1  # bone in flesh
    before = patches(ct.attenuation, ct.spacing, (2, 30), (replace(tube, attenuation=0.0),))[0].values
    # Mass: cross-section times length times what exceeds water; a box of voxels 8 x 5 x 5 mm.
    extra = np.maximum(made[1].values - np.maximum(before, 1.0), 0.0).sum() * 200.0
    assert 0.4 < extra / (np.pi * 9.0 * 201.0) < 2.5


def test_later_edits_see_earlier_ones() -> None:
    ct = chest()
    at = tuple(float(v) for v in landmarks(ct).lung[100])
    ball = Nodule(at, (10.0, 10.0, 10.0), 1.0, (0.0, 0.0), 2.0)
    wide = Nodule(at, (20.0, 20.0, 20.0), 0.5, (0.0, 0.0), 2.0)
    first, second = patches(ct.attenuation, ct.spacing, (0, 0), (ball, wide))
    assert first.values.max() > 0.99 and second.values.max() > 0.99  # the larger, fainter one did not erase it


def test_a_calibrated_look_keeps_line_integrals_and_noise_has_the_stated_size() -> None:
    flat = np.full((64, 64), 2.0, np.float32)
    all_valid = np.ones((64, 64), bool)
    image, _ = apply_look(flat, all_valid, replace(CLEAR, gain=1.03), REFERENCE)
    np.testing.assert_allclose(image, 2.06, atol=1e-3)
    noisy, _ = apply_look(flat, all_valid, replace(CLEAR, quanta=1e5, noise_seed=7), REFERENCE)
    assert noisy.std() == pytest.approx(np.sqrt(np.exp(2.0) / 1e5), rel=0.1)
    hidden, _ = apply_look(flat, all_valid, replace(CLEAR, scatter_share=0.5, scatter_px=9.0), REFERENCE)
    np.testing.assert_allclose(hidden, 2.0 - np.log(1.5), atol=1e-3)


def test_what_a_collimator_hides_is_not_valid() -> None:
    sample = seen(whole_body(chest().attenuation, chest().spacing, chest().centre))
    for white in (True, False):
        look = replace(CLEAR, calibrated=False, collimation=Collimation((0.1, 0.1, 0.2, 0.0), white))
        image, valid = apply_look(sample.integrals, sample.valid, look, REFERENCE)
        assert not valid[:6].any() and not valid[-6:].any() and not valid[:, :12].any()
        np.testing.assert_array_equal(valid[6:-6, 12:], sample.valid[6:-6, 12:])
        border = image[0, 0]
        assert (image[:6] == border).all() and border == (image.max() if white else image.min())


def test_a_marker_is_the_brightest_thing_on_the_image() -> None:
    sample = seen(whole_body(chest().attenuation, chest().spacing, chest().centre))
    look = replace(CLEAR, calibrated=False, marker=Marker("R", (0.3, 0.05), 14.0))
    image, _ = apply_look(sample.integrals, sample.valid, look, REFERENCE)
    row, col = np.unravel_index(image.argmax(), image.shape)
    assert row < 21 and col < 22


def test_an_inverted_file_arrives_upright_where_the_engine_can_tell() -> None:
    ct = chest()
    geometry = ProjectionGeometry(shape=(64, 64), spacing=(6.5, 6.5))
    sample = render(ct.attenuation, ct.spacing, ct.centre, geometry, FIELD)
    looks = [replace(CLEAR, calibrated=False, inverted=inverted) for inverted in (None, False, True)]
    images = [apply_look(sample.integrals, sample.valid, look, REFERENCE)[0] for look in looks]
    assert np.corrcoef(images[0].ravel(), images[1].ravel())[0, 1] > 0.99
    assert np.corrcoef(images[0].ravel(), images[2].ravel())[0, 1] > 0.99


def test_landmarks_lie_where_their_names_say() -> None:
    ct, marks = chest(), landmarks(chest())
    steps = np.array((ct.spacing[1], ct.spacing[0], ct.spacing[2]))

    def values(points: np.ndarray) -> np.ndarray:
        return ct.attenuation[tuple(np.round(points / steps).astype(int).T)].astype(np.float32)

    assert len(marks.lung) > 300 and np.median(values(marks.lung)) < 0.4
    assert len(marks.ribs) > 50 and values(marks.ribs).min() > 1.15
    assert len(marks.spots) > 10 and values(marks.spots).min() > 0.65
    assert marks.lung_rows is not None and marks.lung_rows[1] - marks.lung_rows[0] > 20
    assert (marks.flanks[:, 2] > marks.flanks[:, 0]).all()


def test_a_body_without_lungs_is_simulated_too() -> None:
    ct = replace(chest(), name="water", attenuation=np.ones((20, 30, 40), np.float16), centre=(14.5, 9.5, 19.5))
    from Training.simulation import SampleStream

    batch = SampleStream([ct], [1.0], FIELD, IN_PROCESS, REFERENCE, 0).batch(0, range(6))
    assert torch.isfinite(batch.image).all() and torch.isfinite(batch.target).all()
