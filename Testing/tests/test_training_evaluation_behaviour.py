"""Lesions, mirror, robustness: a faithful predictor passes, an ignorant one fails, the engine's warnings are seen."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

from Training.evaluation import lesion_edits  # after the packages it needs
from Training.evaluation.bars import mean_response, patient_responses
from Training.evaluation.hallucination import Response, consistency, response_ratios, responses
from Training.evaluation.inputs import Patient, rendered
from Training.evaluation.lesion_edits import INSERTED, LUNG, REMOVED, RIB, edits
from Training.evaluation.measure import Target, target_of
from Training.evaluation.perturbations import PLAIN, perturbations
from Training.evaluation.predictors import Constant
from Training.evaluation.robustness import BLANK, FLAGGED, MISSED, WITHIN, Trial, trials, verdicts
from Training.evaluation.settings import EvaluationSettings
from Training.simulation import Field, plain_geometry, render
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.fidelity.reprojection import obliquity
from XrayToCTLib.projection.opencv_projector import line_integrals
from XrayToCTLib.projection.project import resum
from XrayToCTLib.radiograph import Radiograph, View

FIELD = Field(size=96, spacing=4.0, slabs=8, slab_thickness=40.0)
SETTINGS = EvaluationSettings(positions=2, diameters_mm=(10.0, 20.0))


@pytest.fixture(scope="module")
def patient() -> Patient:
    """A chest of 3 mm voxels: soft tissue, two lungs, a heart to the left, a spine, and free ribs about it."""
    y, z, x = np.mgrid[0:80, 0:100, 0:110].astype(np.float32)
    mu = np.zeros(y.shape, np.float32)
    body = ((x - 55) / 48) ** 2 + ((y - 40) / 34) ** 2
    mu[body < 1] = 1.04
    for side in (-1, 1):
        lung = ((x - 55 - side * 22) / 17) ** 2 + ((y - 40) / 24) ** 2 + ((z - 52) / 38) ** 2 < 1
        mu[lung] = 0.2
    mu[((x - 64) / 12) ** 2 + ((y - 30) / 12) ** 2 + ((z - 40) / 14) ** 2 < 1] = 1.05
    mu[((x - 55) / 6) ** 2 + ((y - 66) / 6) ** 2 < 1] = 1.5
    shell = (body > 0.84) & (body < 0.95)
    for height in (30, 50, 70):
        mu[shell & (abs(z - height) < 1.5) & (abs(x - 55) > 12)] = 1.6
    return Patient("phantom", mu, (3.0, 3.0, 3.0), (49.5, 40.0, 55.0))


@pytest.fixture(scope="module")
def target(patient: Patient) -> Target:
    return target_of(rendered(patient, FIELD), FIELD)


class Faithful:
    """Knows every view of the patient that may come, and gives the slabs it was rendered from."""

    def __init__(self, target: Target, changes: list[np.ndarray]) -> None:
        rays = obliquity(plain_geometry(FIELD))
        stacks = [target.view.hu, target.view.hu[:, :, ::-1], *(target.view.hu + change for change in changes)]
        self.known = [(resum(stack, rays, FIELD.slab_thickness), stack) for stack in stacks]

    def predict(self, integrals: np.ndarray, *, calibrated: bool = True) -> np.ndarray:
        return min(self.known, key=lambda pair: float(np.abs(pair[0] - integrals).sum()))[1]


def test_a_faithful_predictor_answers_every_edit_with_one_and_an_ignorant_one_with_zero(patient, target):
    all_edits = list(edits(patient, FIELD, SETTINGS.diameters_mm, SETTINGS.positions, SETTINGS.seed))
    assert {edit.kind for edit in all_edits} == {INSERTED, REMOVED, RIB, LUNG}
    predictors = {"faithful": Faithful(target, [e.change for e in all_edits]), "ignorant": Constant(target.hu)}
    found = list(responses(patient, target, predictors, SETTINGS))
    assert {item.kind for item in found} == {INSERTED, REMOVED, RIB, LUNG}
    for item in found:
        wanted = 1.0 if item.predictor == "faithful" else 0.0
        assert (item.response, item.depth_response) == (
            pytest.approx(wanted, abs=1e-3),
            pytest.approx(wanted, abs=1e-3),
        )
        if item.size_mm:
            assert item.elsewhere_hu == pytest.approx(0.0, abs=0.05)


def test_the_change_of_a_small_edit_is_that_of_rendering_the_edited_patient(patient):
    edit = next(e for e in edits(patient, FIELD, (20.0,), 1, 0) if e.kind == INSERTED)
    lung, _ = lesion_edits._places(patient, 10.0)
    centre = lesion_edits._spread(lung, 1, patient, np.random.default_rng(0))[0]
    box, delta = lesion_edits._sphere(patient, centre, 10.0, 1.03)
    edited = patient.attenuation.copy()
    edited[tuple(slice(a, a + n) for a, n in zip(box, delta.shape, strict=True))] += delta
    after = render(edited, patient.spacing, patient.centre, plain_geometry(FIELD), FIELD).hu.astype(np.float32)
    before = rendered(patient, FIELD).hu
    np.testing.assert_allclose(edit.change, after - before, atol=1.0)  # half precision of the samples
    # Its volume: 4/3 pi r^3 of contrast 0.83, seen magnified.
    area = (FIELD.spacing / plain_geometry(FIELD).magnification) ** 2
    volume = edit.change.sum() / 1000 * area * FIELD.slab_thickness / 0.83
    assert volume == pytest.approx(4 / 3 * math.pi * 10**3, rel=0.15)


def test_a_blurred_or_misplaced_answer_shows_in_depth_only():
    true = np.zeros((4, 5, 5))
    true[1, 2, 2] = 100
    footprint = np.ones((5, 5), bool)
    assert response_ratios(true, true, footprint) == (1, 1)
    assert response_ratios(np.roll(true, 1, 0), true, footprint) == (1, 0)
    assert response_ratios(np.broadcast_to(true.mean(0), true.shape), true, footprint) == (1, 0.25)


def test_a_mirrored_heart_is_seen_and_a_fixed_one_too(target):
    faithful = consistency("faithful", Faithful(target, []), target, 0)
    assert faithful.mirror == pytest.approx(1) and faithful.cycle == pytest.approx(0, abs=0.01)
    assert faithful.cycle_with_noise > 0.1
    fixed = consistency("fixed", Constant(target.hu), target, 0)
    assert fixed.mirror == pytest.approx(-1)


def test_a_learned_way_back_is_used_where_there_is_one(target):
    class WithItsOwn(Faithful):
        def back(self, hu: np.ndarray, spacing: float) -> np.ndarray:
            assert spacing == FIELD.spacing
            return 1.1 * target.view.integrals

    assert consistency("x", WithItsOwn(target, []), target, 0).cycle == pytest.approx(10, rel=1e-4)


def test_a_patient_with_many_places_weighs_no_more_than_one_with_few():
    plain = Response("a", "model", INSERTED, 10.0, 0, 0.2, 0.1, 0.0, 1.0)
    found = [plain, replace(plain, place=1), replace(plain, place=2), replace(plain, patient="b", response=0.8)]
    assert mean_response(found, "model", INSERTED, 10.0) == pytest.approx(0.5)
    assert patient_responses(found, "model", INSERTED, 10.0) == {"a": pytest.approx(0.2), "b": 0.8}
    assert math.isnan(mean_response(found, "model", INSERTED, 6.0))


def test_every_perturbation_of_the_protocol_is_there_with_its_own_reference(patient, target):
    every = list(perturbations(patient, target.view, FIELD, 0))
    assert len({(p.name, p.fed) for p in every}) == len(every)
    names = " ".join(p.name for p in every)
    wanted = (
        "rotation 2°",
        "rotation 180°",
        "exposure x0.25",
        "exposure x4",
        "gamma 0.5",
        "gamma 2",
        "Poisson",
        "JPEG",
    )
    for word in (*wanted, "8 bit", "wrong polarity", "collimation", "spacing -10%", "spacing +10%", "lateral"):
        assert word in names, word
    turned = next(p for p in every if p.name == "rotation 90°")
    np.testing.assert_array_equal(turned.hu, np.rot90(target.view.hu, 1, (1, 2)))
    small = next(p for p in every if p.name == "rotation 10°")
    assert np.abs(small.hu - target.view.hu).mean() > 5  # rendered anew, not the plain reference


def faithful_engine(patient: Patient, target: Target):
    """Gives the plain radiograph's slabs, 10 HU too dense, whatever comes; warns of a stated lateral view."""

    def translate(radiograph: Radiograph) -> tuple[np.ndarray, tuple[str, ...]]:
        warnings = ("It is always said.", *(("The view is LATERAL.",) if radiograph.view is View.LATERAL else ()))
        return target.view.hu + 10, warnings

    return translate


def test_verdicts_tell_within_flagged_and_missed_apart(patient, target):
    found = list(trials(patient, target.view, FIELD, faithful_engine(patient, target), checked=True, seed=0))
    words = {(v.name, v.fed): v.word for v in verdicts(found)}
    assert words[("exposure x4", "line integrals")] == WITHIN
    assert words[("rotation 90°", "line integrals")] == MISSED
    assert words[("lateral, stated", "display-processed")] == FLAGGED
    assert words[("lateral, not stated", "display-processed")] == MISSED
    assert words[(BLANK, "line integrals")] == FLAGGED  # a constant radiograph is refused
    assert not any(name == PLAIN for name, _ in words)
    said = next(t for t in found if t.name == "lateral, stated")
    assert said.flags == ("The view is LATERAL.",)  # what it always says is no flag


def test_ten_percent_is_the_limit_and_every_patient_must_be_flagged():
    def trial(patient: str, mae: float, flags: tuple[str, ...] = ()) -> Trial:
        return Trial(patient, "x", "y", mae, 100.0, flags, True)

    assert verdicts([trial("a", 119.0), trial("b", 101.0)])[0].word == WITHIN  # 10 % in the mean
    assert verdicts([trial("a", 130.0, ("no",)), trial("b", 130.0)])[0].word == MISSED
    assert verdicts([trial("a", 130.0, ("no",)), trial("b", 130.0, ("no",))])[0].word == FLAGGED
    refused = verdicts([trial("a", math.nan, ("refused",))])[0]
    assert refused.word == FLAGGED and math.isnan(refused.rise)


def test_a_model_that_refuses_the_plain_radiograph_cannot_be_tested(patient, target):
    def refuses(radiograph: Radiograph) -> tuple[np.ndarray, tuple[str, ...]]:
        raise XrayToCTError("Never.", hint="Stop.")

    with pytest.raises(XrayToCTError, match="refuses the plain radiograph"):
        list(trials(patient, target.view, FIELD, refuses, checked=True, seed=0))


@pytest.mark.parametrize(
    "wrong", [{"resamples": 5}, {"positions": 0}, {"diameters_mm": ()}, {"diameters_mm": (0.0,)}, {"threads": 0}]
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(XrayToCTError, match="cannot be"):
        EvaluationSettings(**wrong)


def test_a_lateral_view_is_that_of_the_projector(patient):
    """The simulation renders frontal views; a lateral one comes from the library, over the same slabs."""
    geometry = replace(plain_geometry(FIELD), view=View.LATERAL)
    with pytest.raises(XrayToCTError, match="frontal views only"):
        render(patient.attenuation, patient.spacing, patient.centre, geometry, FIELD)
    view = rendered(patient, FIELD, geometry)
    scan = patient.attenuation.transpose(1, 0, 2)
    expected = line_integrals(scan, patient.spacing, patient.centre, geometry)
    inside = view.valid & (expected > 0.5)
    assert inside.sum() > 200
    np.testing.assert_allclose(view.integrals[inside], expected[inside], rtol=0.03)
