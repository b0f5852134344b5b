"""What the plots show: known answers of histograms, joint histogram, line profile and Bland-Altman."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from fidelity_stacks import box_stack, shifted

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.fidelity import compare
from XrayToCTLib.fidelity.bland_altman import bland_altman
from XrayToCTLib.fidelity.comparison_pictures import comparison_pictures
from XrayToCTLib.fidelity.comparison_plots import central_profile, comparison_plots
from XrayToCTLib.fidelity.histograms import histograms, joint_histogram
from XrayToCTLib.fidelity.line_profile import line_profile


def test_bland_altman_of_a_constant_offset_has_that_bias_and_no_spread():
    reference = np.arange(60, dtype=np.float32).reshape(6, 10)
    made = bland_altman(reference + 12, reference)
    assert (made.bias, made.low, made.high, made.within, made.n) == pytest.approx((12, 12, 12, 1, 60), abs=1e-5)


def test_bland_altman_limits_hold_95_of_100_normal_differences(rng):
    reference = rng.normal(0, 100, (200, 200))
    made = bland_altman(reference + rng.normal(5, 20, reference.shape), reference)
    assert made.bias == pytest.approx(5, abs=0.4)
    assert (made.low, made.high) == pytest.approx((5 - 39.2, 5 + 39.2), abs=1)
    assert made.within == pytest.approx(0.95, abs=0.005)
    assert made.mean.shape == made.difference.shape == (2000,)
    assert "limits of agreement" in made.sentence("HU") and " HU" in made.sentence("HU")


def test_bland_altman_counts_the_mask_alone():
    reference = np.zeros((4, 4))
    result = np.zeros((4, 4))
    result[0] = 100
    assert bland_altman(result, reference, result == 0).bias == 0


def test_histograms_share_their_bins_and_sum_to_one(rng):
    first, second = rng.normal(0, 10, (50, 50)), rng.normal(30, 10, (50, 50))
    made = histograms({"a": first, "b": second}, bins=64)
    assert made.edges.shape == (65,)
    assert {name: share.sum() for name, share in made.shares.items()} == pytest.approx({"a": 1, "b": 1})
    peaks = [made.centres[np.argmax(np.convolve(share, np.ones(9), "same"))] for share in made.shares.values()]
    assert peaks == pytest.approx([0, 30], abs=4)


def test_a_constant_image_has_a_histogram_too():
    assert histograms({"flat": np.full((8, 8), 3.0)}).shares["flat"].sum() == 1


def test_equal_images_lie_on_the_diagonal_of_the_joint_histogram(rng):
    image = rng.normal(0, 50, (40, 40))
    counts = joint_histogram(image, image).counts
    assert counts.sum() == 1600
    assert np.trace(counts) == 1600


def test_the_joint_histogram_has_the_result_along_its_first_axis():
    reference = np.array([[0.0, 100.0]] * 8)
    counts = joint_histogram(np.full((8, 2), 100.0), reference, bins=2).counts
    np.testing.assert_array_equal(counts, [[0, 0], [8, 8]])


def test_a_profile_of_a_ramp_is_the_ramp_in_millimetres():
    ramp = np.add.outer(np.zeros(20), 10.0 * np.arange(30))
    made = line_profile({"ramp": ramp}, (1.5, 0.5), start=(3.5, 2.0), end=(3.5, 12.0))
    assert made.distance_mm[-1] == pytest.approx(5.0)
    np.testing.assert_allclose(made.values["ramp"], 20 + 20 * made.distance_mm)


def test_an_oblique_profile_is_as_long_as_the_line_in_millimetres():
    made = line_profile({"a": np.zeros((9, 9))}, (3.0, 4.0), start=(0, 0), end=(8, 8))
    assert made.distance_mm[-1] == pytest.approx(40.0)


@pytest.mark.parametrize(
    ("ends", "sentence"),
    [(((0, 0), (0, 99)), "lies outside"), (((2, 2), (2, 2)), "has no length")],
)
def test_a_line_that_cannot_be_sampled_gets_a_sentence(ends, sentence):
    with pytest.raises(XrayToCTError, match=sentence):
        line_profile({"a": np.zeros((5, 5))}, (1, 1), start=ends[0], end=ends[1])


def test_profiles_of_different_grids_get_a_sentence():
    with pytest.raises(XrayToCTError, match="one shape"):
        line_profile({"a": np.zeros((5, 5)), "b": np.zeros((6, 5))}, (1, 1))


@pytest.fixture(scope="module")
def reports():
    reference = box_stack()
    return [
        dataclasses.replace(compare(shifted(reference, offset, noise=5), reference), candidate=name)
        for name, offset in (("near", 10), ("far", 90))
    ]


def test_the_central_profile_goes_through_the_body(reports):
    profile, where = central_profile(reports[0], {"near": reports[0].result_image})
    assert where == "row 25 of 48, slab 3 of 4"
    assert profile.values["reference"].max() > 0 > profile.values["reference"].min()
    assert (profile.values["near"] - profile.values["reference"]).mean() == pytest.approx(8.6, abs=2)


def test_candidates_share_histogram_and_profile_and_have_the_other_two_each(reports):
    made = comparison_plots(reports)
    assert len(made) == 2 + 2 * 2
    assert all(plot.png.startswith(b"\x89PNG") for plot in made)


def test_plots_and_pictures_say_their_numbers_to_those_who_do_not_see_them(reports):
    plots = {plot.alternative.split(" ")[0]: plot.alternative for plot in comparison_plots(reports[:1])}
    assert set(plots) == {"Histograms", "Line", "Joint", "Bland-Altman"}
    assert "Mean difference 9." in plots["Bland-Altman"]
    assert "near differs by" in plots["Line"]
    words = [picture.alternative for picture in comparison_pictures(reports[0], name="near")]
    assert len(words) == 3
    assert "symmetric about 0 up to 50 HU" in words[1]


def test_beside_an_mri_no_plot_needs_a_common_scale(reports):
    mri = dataclasses.replace(reports[0], modality="MR", unit="")
    made = comparison_plots([mri])
    assert [plot.alternative.split(" ")[0] for plot in made] == ["Histograms", "Line", "Joint"]
    assert not any(word in f"{plot.caption} {plot.alternative}" for plot in made for word in ("equal", "differs"))


def test_a_report_that_was_kept_without_images_has_no_plots(reports):
    bare = dataclasses.replace(reports[0], result_image=None, reference_image=None, ssim_map=None)
    assert comparison_plots([bare]) == []
    assert len(comparison_pictures(bare, name="near")) == 1  # the difference


def test_images_in_other_units_are_shown_in_their_own_window(reports):
    tiny = dataclasses.replace(
        reports[0],
        unit="",
        **{name: getattr(reports[0], name) / 1e5 for name in ("difference", "result_image", "reference_image")},
    )
    words = [picture.alternative for picture in comparison_pictures(tiny, name="near")]
    assert "HU" not in "".join(words)
    assert "up to 0.00025: mean 9" in words[1]
