"""Trust: what is wrong with a stack is found without a reference, and said in words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from tiny_bundle import make_radiograph, write_tiny_bundle

import XrayToCTLib as x2ct
from XrayToCTLib import CtStack, Radiograph, TrustMap, TrustReport, XrayToCTError, translate
from XrayToCTLib.progress import TranslationCancelled
from XrayToCTLib.radiograph import IntensityScale, View
from XrayToCTLib.trust.check import TrustCheck
from XrayToCTLib.trust.perturbations import PERTURBATIONS, Perturbation
from XrayToCTLib.trust.reprojection_check import reprojection_map
from XrayToCTLib.trust.trust_report import TrustLevel
from XrayToCTLib.trust.unsteadiness import unsteadiness_map

CPU = "torch-cpu/fp32"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_bundle(tmp_path_factory.mktemp("models") / "tiny").folder


@pytest.fixture(scope="module")
def radiograph() -> Radiograph:
    return make_radiograph((120, 90), (2.0, 3.0))


@pytest.fixture(scope="module")
def stack(tiny: Path, radiograph: Radiograph) -> CtStack:
    return translate(radiograph, model=tiny, device=CPU)


def from_ct(radiograph: Radiograph, depth_mm: float = 200.0) -> CtStack:
    """Four equal slabs that add up to the radiograph exactly, if nothing is denser than bone."""
    hu = radiograph.pixels[0] / (0.02 * depth_mm) * 1000.0 - 1000.0
    return CtStack(np.repeat(hu[None], 4, 0).astype(np.float32), radiograph.spacing, depth_mm / 4, View.PA)


def level(report: TrustReport, name: str) -> TrustLevel:
    return next(flag.level for flag in report.flags if flag.name == name)


def test_the_public_verb_answers_although_a_package_has_its_name(
    stack: CtStack, radiograph: Radiograph, tiny: Path
) -> None:
    report = x2ct.trust(stack, radiograph, model=tiny, device=CPU)
    assert isinstance(report, TrustReport)
    assert [item.name for item in report.maps] == ["reprojection", "unsteadiness"]
    assert report.to_record()["doubtful"] is report.doubtful
    assert all(sentence.endswith(".") for sentence in report.sentences)


def test_slabs_that_add_up_pass_without_any_model(radiograph: Radiograph) -> None:
    report = x2ct.trust(from_ct(radiograph), radiograph)
    assert level(report, "reprojection") is TrustLevel.FINE
    assert np.abs(report.map("reprojection").values).max() < 1.0  # mm of water; the grids differ a little
    assert level(report, "unsteadiness") is TrustLevel.UNKNOWN
    assert level(report, "input-gate") is TrustLevel.UNKNOWN


def test_slabs_that_hold_too_much_are_doubted_and_the_map_says_how_much(radiograph: Radiograph) -> None:
    right = from_ct(radiograph)
    dense = replace(right, hu=right.hu + np.float32(500.0))
    report = x2ct.trust(dense, radiograph)
    assert report.doubtful
    assert report.flags[0].level is TrustLevel.DOUBTFUL, "doubtful flags come first"
    shown = report.map("reprojection").values[0]
    body = shown != 0
    assert shown[body].mean() == pytest.approx(0.5 * 200.0, rel=0.02)  # half of water's density over 200 mm


def test_a_hole_is_found_where_it_is(radiograph: Radiograph) -> None:
    right = from_ct(radiograph)
    hu = right.hu.copy()
    hu[:, 30:70, 5:40] = -1000.0
    report = x2ct.trust(replace(right, hu=hu), radiograph)
    sentence = next(flag.sentence for flag in report.flags if flag.name == "reprojection-local")
    assert level(report, "reprojection-local") is TrustLevel.DOUBTFUL
    assert "too little" in sentence and "in the left of the image" in sentence


def test_a_stack_that_was_changed_since_is_noticed(stack: CtStack, radiograph: Radiograph, tiny: Path) -> None:
    fine = x2ct.trust(stack, radiograph, model=tiny, device=CPU)
    assert level(fine, "origin") is TrustLevel.FINE
    edited = replace(stack, hu=np.ascontiguousarray(stack.hu[:, ::-1]))
    assert level(x2ct.trust(edited, radiograph, model=tiny, device=CPU), "origin") is TrustLevel.DOUBTFUL


def test_rounding_to_the_node_s_whole_hu_changes_no_verdict(stack: CtStack, radiograph: Radiograph, tiny: Path) -> None:
    rounded = replace(stack, hu=np.rint(stack.hu))
    report = x2ct.trust(rounded, radiograph, model=tiny, device=CPU)
    assert level(report, "origin") is TrustLevel.FINE


def test_a_radiograph_on_the_network_s_grid_gives_what_the_whole_one_gives_there(
    radiograph: Radiograph, tiny: Path, stack: CtStack
) -> None:
    check = TrustCheck(stack, radiograph, model=tiny)
    small = check.inputs[0]
    again = translate(small, model=tiny, device=CPU)
    card = x2ct.Translator(tiny).card
    assert small.spacing == pytest.approx(card.grid.spacing_mm, rel=0.02)
    assert again.hu.shape[1:] == small.shape
    assert len(check.inputs) == len(PERTURBATIONS) + 1
    assert check.report([again.hu] * len(check.inputs)).map("unsteadiness").values.shape == again.hu.shape


@pytest.mark.parametrize("perturbation", PERTURBATIONS)
def test_a_perturbation_that_is_undone_leaves_the_middle_as_it_was(perturbation: Perturbation) -> None:
    smooth = make_radiograph((120, 90), (2.0, 3.0))
    moved = perturbation.apply(smooth)
    back = perturbation.undo(moved.pixels, smooth)
    inner = np.s_[:, 10:-10, 10:-10]
    assert np.abs(moved.pixels - smooth.pixels)[inner].max() > 0.02, "it moved"
    assert np.abs(back - smooth.pixels)[inner].max() < 0.02


def test_a_turn_is_a_turn_in_millimetres_whatever_the_pixels_shape() -> None:
    for spacing in ((2.0, 2.0), (1.0, 4.0)):
        given = make_radiograph((int(240 / spacing[0]), int(240 / spacing[1])), spacing)
        matrix = Perturbation(turn_deg=30.0)._matrix(given)
        right, down = spacing[1], spacing[0]
        in_mm = np.diag((right, down)) @ matrix[:, :2] @ np.diag((1 / right, 1 / down))
        np.testing.assert_allclose(in_mm @ in_mm.T, np.eye(2), atol=1e-9)


def test_answers_that_do_not_move_along_are_unsteady_and_equal_ones_are_steady() -> None:
    answers = [np.full((2, 4, 4), hu, np.float32) for hu in (-10.0, 10.0, -10.0, 10.0)]
    assert unsteadiness_map(answers, (1.5, 1.5)).values == pytest.approx(10.0)
    assert unsteadiness_map(answers[:1] * 7, (1.5, 1.5)).values.max() == 0.0


def test_the_maps_ride_on_the_stack(stack: CtStack, radiograph: Radiograph, tiny: Path) -> None:
    report = x2ct.trust(stack, radiograph, model=tiny, device=CPU)
    assert replace(stack, trust_maps=report.maps).trust_maps[0].signed
    with pytest.raises(XrayToCTError, match="no trust map 'colour'"):
        report.map("colour")


def test_grey_levels_are_said_to_be_an_estimate(radiograph: Radiograph) -> None:
    arguments = (np.zeros((1, 4, 4), np.float32), np.ones((4, 4), np.float32), (1.0, 1.0), 20.0)
    assert "estimate" in reprojection_map(*arguments, IntensityScale.DISPLAY).explanation
    assert "estimate" not in reprojection_map(*arguments, IntensityScale.LINE_INTEGRAL).explanation


def test_display_values_without_a_model_are_refused_with_a_way_on(radiograph: Radiograph) -> None:
    with pytest.raises(XrayToCTError, match="Pass model="):
        x2ct.trust(from_ct(radiograph), replace(radiograph, scale=IntensityScale.DISPLAY))


def test_a_stack_of_another_radiograph_is_refused(stack: CtStack, radiograph: Radiograph) -> None:
    with pytest.raises(XrayToCTError, match="do not belong together"):
        x2ct.trust(stack, make_radiograph((60, 60)))
    with pytest.raises(XrayToCTError, match="do not belong together"):
        x2ct.trust(stack, replace(radiograph, spacing=(3.0, 2.0)))


def test_a_model_that_is_gone_leaves_what_needs_none(stack: CtStack, radiograph: Radiograph) -> None:
    orphan = replace(stack, card=None, provenance={"model_id": "no-such-model", "model_version": "9.9.9"})
    report = x2ct.trust(orphan, radiograph)
    assert level(report, "unsteadiness") is TrustLevel.UNKNOWN
    with pytest.raises(XrayToCTError, match="no model"):
        x2ct.trust(orphan, radiograph, model="no-such-model")


def test_it_can_be_cancelled(stack: CtStack, radiograph: Radiograph, tiny: Path) -> None:
    with pytest.raises(TranslationCancelled):
        x2ct.trust(stack, radiograph, model=tiny, device=CPU, progress=lambda fraction, phase: fraction < 0.3)


def test_the_wrong_number_of_answers_is_refused(stack: CtStack, radiograph: Radiograph, tiny: Path) -> None:
    check = TrustCheck(stack, radiograph, model=tiny)
    with pytest.raises(XrayToCTError, match="2 answers to 7 inputs"):
        check.report([stack.hu, stack.hu])


def test_a_map_that_no_one_could_show_is_refused() -> None:
    with pytest.raises(XrayToCTError, match="finite float32"):
        TrustMap("a", "A", "HU", np.full((1, 2, 2), np.nan, np.float32), (1.0, 1.0), (0.0, 1.0), "")
    with pytest.raises(XrayToCTError, match="limits that rise"):
        TrustMap("a", "A", "HU", np.zeros((1, 2, 2), np.float32), (1.0, 1.0), (1.0, 1.0), "")


def test_an_ordinary_translation_of_the_sample_is_not_doubted(repository: Path) -> None:
    sample = repository / "XrayToCT" / "Resources" / "SampleData" / "XrayToCT-sample-chest-PA.dcm"
    if not sample.is_file():
        pytest.skip("the sample did not come with this checkout")
    radiograph = x2ct.read_radiograph(sample)
    report = x2ct.trust(x2ct.translate(radiograph, device=CPU), radiograph, device=CPU)
    assert not report.doubtful, report.sentences


def test_one_slab_alone_is_not_held_against_the_radiograph(radiograph: Radiograph) -> None:
    whole = from_ct(radiograph)
    single = CtStack(whole.hu[:1], whole.spacing, 20.0, View.PA)
    report = x2ct.trust(single, radiograph, device=CPU, perturb=False)
    assert level(report, "reprojection") is TrustLevel.UNKNOWN
    assert not report.maps
    assert any("One slab alone does not add up to a radiograph" in sentence for sentence in report.sentences)
