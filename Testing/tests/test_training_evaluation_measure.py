"""The protocol: perfect and constant predictors give what paper and pencil give; baselines do what they say."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from skimage import exposure  # noqa: E402  # after the packages it needs are known to be there

from Training.evaluation.classical_baselines import CLASSICAL, Pair, fit_classical, mean_stack  # noqa: E402
from Training.evaluation.cost import _peak_in_a_fresh_process, cost_of, multiply_adds  # noqa: E402
from Training.evaluation.enhancement_filters import FILTERS, equalised, sharpened  # noqa: E402
from Training.evaluation.inputs import Rendered, display_look, fed_images  # noqa: E402
from Training.evaluation.measure import halved, measure, target_of  # noqa: E402
from Training.evaluation.ridge_baseline import fit_ridge, patch_features  # noqa: E402
from Training.evaluation.rows import ALL, BODY, CENTRAL, FIELD, Row  # noqa: E402
from Training.simulation import Field, plain_geometry  # noqa: E402
from XrayToCTLib.errors import XrayToCTError  # noqa: E402
from XrayToCTLib.fidelity.reprojection import obliquity  # noqa: E402
from XrayToCTLib.models.card import ReferenceQuantiles  # noqa: E402
from XrayToCTLib.projection.project import resum  # noqa: E402

GRID = Field(size=192, spacing=2.0, slabs=4, slab_thickness=80.0)


def view(seed: int = 0, field: Field = GRID) -> Rendered:
    """A body of soft tissue with two lungs and bone, the rim of the field outside of the scan."""
    n = field.size
    y, x = np.mgrid[-1 : 1 : n * 1j, -1 : 1 : n * 1j]
    rng = np.random.default_rng(seed)
    hu = np.full((field.slabs, n, n), -1000.0, np.float32)
    hu[:, (x / rng.uniform(0.7, 0.85)) ** 2 + (y / 0.85) ** 2 < 1] = 40
    for side in (-1, 1):
        hu[:, ((x - 0.35 * side) / 0.22) ** 2 + (y / 0.55) ** 2 < 1] = -800
    hu[:, (abs(x) < 0.06) & (abs(y) < 0.8)] = 400
    hu[:, (abs(x) > 0.6) & (abs(y) < 0.2) & (hu[0] > -100)] = -100
    hu += np.where(hu > -990, cv2.GaussianBlur(rng.normal(0, 60, (n, n)).astype(np.float32), (0, 0), 2.0) * 4, 0)
    valid = np.ones((n, n), bool)
    valid[:10] = False
    integrals = resum(hu, obliquity(plain_geometry(field)), field.slab_thickness)
    return Rendered(f"patient {seed}", integrals, hu, valid)


def values(rows: list[Row], slabs: str, mask: str, grid_mm: float = 2.0) -> dict[str, float]:
    return {row.metric: row.value for row in rows if (row.slabs, row.mask, row.grid_mm) == (slabs, mask, grid_mm)}


def test_a_perfect_predictor_has_no_error():
    target = target_of(view(), GRID)
    rows = list(measure("perfect", "line integrals", target.view.hu, target, halved(target)))
    for slabs in (CENTRAL, ALL):
        found = values(rows, slabs, BODY)
        assert found["MAE"] == found["ME"] == found["RMSE"] == 0
        assert found["PSNR-2500"] == found["PSNR-4024"] == math.inf
        for metric in ("SSIM", "MS-SSIM", "gradient correlation", "lung Dice", "bone Dice"):
            assert found[metric] == pytest.approx(1), metric
        for band in (m for m in values(rows, slabs, FIELD) if m.startswith("power")):
            assert values(rows, slabs, FIELD)[band] == pytest.approx(1)
        for tissue in ("air", "lung", "fat", "soft tissue", "bone"):
            assert values(rows, slabs, tissue) == {"MAE": 0, "ME": 0}
    assert values(rows, ALL, BODY)["re-projection"] == pytest.approx(0, abs=1e-4)
    assert values(rows, CENTRAL, BODY, 4.0)["MAE"] == 0


def test_a_constant_predictor_gives_the_numbers_of_paper_and_pencil():
    target = target_of(view(), GRID)
    rows = list(measure("constant", "nothing", np.full_like(target.hu, 60.0), target))
    found, truth = values(rows, CENTRAL, BODY), target.hu[2][target.body[2]].astype(np.float64)
    assert found["MAE"] == pytest.approx(np.abs(60 - truth).mean(), rel=1e-6)
    assert found["ME"] == pytest.approx(60 - truth.mean(), rel=1e-5)
    assert found["RMSE"] == pytest.approx(math.sqrt((60 - truth.mean()) ** 2 + truth.var()), rel=1e-5)
    assert found["PSNR-2500"] == pytest.approx(20 * math.log10(2500 / found["RMSE"]))
    assert found["PSNR-4024"] - found["PSNR-2500"] == pytest.approx(20 * math.log10(4024 / 2500))
    assert found["lung Dice"] == found["bone Dice"] == 0  # everything is soft tissue
    assert "gradient correlation" not in found  # a constant has no edge: no number rather than a false one
    lung = truth[(truth >= -950) & (truth < -500)]
    assert values(rows, CENTRAL, "lung")["MAE"] == pytest.approx((60 - lung).mean(), rel=1e-6)
    everywhere = np.abs(60 - target.hu[:, target.inside].astype(np.float64)).mean()
    assert values(rows, ALL, FIELD)["MAE"] == pytest.approx(everywhere, rel=1e-6)
    power = {m: v for m, v in values(rows, CENTRAL, FIELD).items() if m.startswith("power")}
    assert power and all(value == pytest.approx(0, abs=1e-12) for value in power.values())
    # 320 mm of 60 HU, against what is there.
    rays = target.body.any(0)
    again = resum(np.full_like(target.hu, 60.0), obliquity(plain_geometry(GRID)), 80.0)
    expected = 100 * np.abs(again - target.view.integrals)[rays].sum() / target.view.integrals[rays].sum()
    assert values(rows, ALL, BODY)["re-projection"] == pytest.approx(expected, rel=1e-4)


def test_rays_beyond_the_scan_and_values_beyond_the_window_do_not_count():
    target = target_of(view(), GRID)
    spoiled = target.view.hu.copy()
    spoiled[:, :10] = 1400
    spoiled[:, 100, 96] = np.where(spoiled[:, 100, 96] > 1476, 5000, spoiled[:, 100, 96])
    found = values(list(measure("x", "y", spoiled, target)), ALL, FIELD)
    assert found["MAE"] == 0


def test_a_field_too_small_for_ms_ssim_has_no_such_row():
    small = Field(size=64, spacing=6.0, slabs=4, slab_thickness=80.0)
    target = target_of(view(field=small), small)
    metrics = {row.metric for row in measure("x", "y", target.hu, target)}
    assert "SSIM" in metrics and "MS-SSIM" not in metrics


def test_a_display_look_keeps_the_order_of_the_values():
    integrals = np.linspace(0, 6, 500, dtype=np.float32).reshape(20, 25)
    look = display_look(integrals).ravel()
    assert (np.diff(look) >= 0).all() and len(np.unique(look)) > 100


def test_a_display_processed_input_is_brought_back_onto_the_reference_quantiles():
    integrals = view().integrals
    probabilities = np.linspace(0, 1, 65)
    reference = ReferenceQuantiles(tuple(probabilities), tuple(np.quantile(integrals, probabilities)))
    fed = fed_images(integrals, reference)
    assert fed["line integrals"] is integrals
    # Its own quantiles are the reference: only the 8 bits and the saturated ends are lost.
    middle = (integrals > np.quantile(integrals, 0.4)) & (integrals < np.quantile(integrals, 0.9))
    assert np.abs(fed["display-processed"] - integrals)[middle].mean() < 0.1


def pairs(count: int = 3, field: Field = GRID) -> list[Pair]:
    views = [view(seed, field) for seed in range(count)]
    return [Pair(v.integrals, np.clip(v.hu, -1024, 1476), v.valid) for v in views]


def test_an_affine_world_is_found_by_the_affine_identity():
    exact = [Pair(p.image, np.stack([200 * p.image - 700, -150 * p.image + 300]), p.valid) for p in pairs(2)]
    made = fit_classical(exact)["affine identity"].predict(exact[0].image)
    np.testing.assert_allclose(made[0], exact[0].hu[0], atol=0.5)


def test_histogram_matching_equals_scikit_image():
    one = pairs(1)[0]
    whole = Pair(one.image, one.hu, np.ones_like(one.valid))
    made = fit_classical([whole])["histogram matching"].predict(whole.image)
    expected = exposure.match_histograms(whole.image.astype(float), whole.hu[2].astype(float))
    # Where neighbouring ranks lie in different tissues a ray may fall on either side.
    assert np.median(np.abs(made[2] - expected)) < 5 and np.corrcoef(made[2].ravel(), expected.ravel())[0, 1] > 0.99


def test_every_filter_of_the_protocol_is_there_and_each_changes_the_image():
    fitted = fit_classical(pairs(2, Field(64, 6.0, 4, 80.0)))
    assert tuple(fitted) == CLASSICAL
    image = view().integrals
    for name, one in FILTERS.items():
        assert one(image).shape == image.shape and np.abs(one(image) - image).max() > 0.01, name


def test_equalisation_equals_scikit_image_and_sharpening_is_an_unsharp_mask():
    image = view().integrals
    expected = exposure.equalize_hist(image, nbins=4096)
    assert np.abs(equalised(image) - expected)[image > 0.1].mean() < 0.01
    np.testing.assert_allclose(sharpened(np.full((40, 40), 2.5, np.float32)), 2.5, atol=1e-5)
    step = np.zeros((40, 40), np.float32)
    step[:, 20:] = 1
    assert sharpened(step)[20, 20] > 1.2 and sharpened(step)[20, 19] < -0.2


def test_mean_ct_counts_a_patient_only_where_it_was_scanned():
    first, second = pairs(2)
    valid = np.zeros_like(first.valid)
    valid[50:] = True
    mean = mean_stack([Pair(first.image, first.hu, valid), Pair(second.image, second.hu, np.ones_like(valid))])
    np.testing.assert_allclose(mean[:, :50], second.hu[:, :50])
    np.testing.assert_allclose(mean[:, 50:], (first.hu + second.hu)[:, 50:] / 2, rtol=1e-5)
    assert mean_stack([Pair(first.image, first.hu, np.zeros_like(valid))]).max() == -1000


def test_ridge_finds_a_linear_filter_and_chooses_little_penalty_for_it():
    small = Field(64, 6.0, 4, 80.0)
    linear = []
    for p in pairs(3, small):
        image = p.image + np.random.default_rng(1).normal(0, 0.2, p.image.shape).astype(np.float32)
        hu = np.stack([300 * np.roll(image, 2, 1) - 500, 100 * image])
        linear.append(Pair(image, hu, p.valid))
    ridge = fit_ridge(linear)
    inside = (slice(4, -4), slice(4, -4))
    assert np.abs(ridge.predict(linear[0].image)[0] - linear[0].hu[0])[inside].mean() < 3
    assert ridge.penalty == pytest.approx(1e-4)
    noise = [Pair(p.image, np.random.default_rng(n).normal(0, 100, (2, 64, 64)), p.valid) for n, p in enumerate(linear)]
    assert fit_ridge(noise).penalty > ridge.penalty
    assert patch_features(linear[0].image).shape == (64 * 64, 5 * 25 + 5)
    with pytest.raises(XrayToCTError, match="two training patients"):
        fit_ridge(linear[:1])


def test_the_cost_is_counted_as_by_hand():
    network = torch.nn.Sequential(torch.nn.Conv2d(1, 8, 3, padding=1), torch.nn.ReLU(), torch.nn.Conv2d(8, 4, 1))
    assert multiply_adds(network, (32, 48)) == 32 * 48 * (9 * 8 + 8 * 4)
    cost = cost_of(network, (32, 48), memory=False)
    assert cost.parameters == 8 * 10 + 4 * 9
    assert cost.gmac == pytest.approx(32 * 48 * 104 / 1e9)
    assert cost.milliseconds > 0 and cost.peak_mb is None


def test_the_peak_of_memory_is_at_least_what_the_network_holds_at_once():
    # Two images of 64 channels at 512 x 512, 64 MB each, are alive together. A process that has done other work would
    # take them from memory that it holds already.
    network = torch.nn.Sequential(torch.nn.Conv2d(1, 64, 1), torch.nn.Conv2d(64, 64, 1))
    peak_mb = _peak_in_a_fresh_process(network, (512, 512), 1)
    if peak_mb is None:
        pytest.skip("this system does not tell the peak of a process's memory")
    assert 100 < peak_mb < 1000
