"""Input gate: what is no ordinary radiograph is told in words, before or with the translation."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("tqdm")

from tiny_bundle import FILES, card_record, make_radiograph, write_tiny_bundle  # noqa: E402

from Testing.tests.training_simulation_chest import FIELD, IN_PROCESS, REFERENCE, changed, chest  # noqa: E402
from Training.data.manifest import PreparedCt  # noqa: E402
from Training.exporting.gate import FittedGate, GateSettings, InputGroup, fit_gate, flagged_share, with_measured  # noqa: E402
from Training.exporting.gate_inputs import lateral_inputs, radiograph_group, simulated_groups  # noqa: E402
from XrayToCTLib import translate  # noqa: E402
from XrayToCTLib.errors import XrayToCTError  # noqa: E402
from XrayToCTLib.models.bundle import Bundle, load_bundle, write_bundle  # noqa: E402
from XrayToCTLib.models.card import ModelCard  # noqa: E402
from XrayToCTLib.models.gate_file import gate_content, read_gate  # noqa: E402
from XrayToCTLib.networks.architectures import build_network  # noqa: E402
from XrayToCTLib.radiograph import IntensityScale, Radiograph  # noqa: E402
from XrayToCTLib.translation.gate_statistics import Thumbnail, fits_of, thumbnail  # noqa: E402
from XrayToCTLib.translation.input_gate import look_at_input  # noqa: E402

SETTINGS = GateSettings(side=16, components=12, lateral_components=8, copies=4)
PATIENTS = 7
UNSEEN = (101, 102)
QUANTILES = {
    "quantity": "line_integral",
    "mean": 2.5,
    "std": 1.5,
    "reference_quantiles": {
        "probabilities": list(REFERENCE.probabilities),
        "line_integrals": list(REFERENCE.line_integrals),
    },
}


@cache
def phantom(seed: int) -> PreparedCt:
    return chest(seed)


@cache
def views(*seeds: int) -> list[InputGroup]:
    """Two poses of each phantom, calibrated and display-processed, without cables and collimation."""
    settings = changed(IN_PROCESS, detector={"collimation": 0.0, "lines": 0.0}, pose={"poses": 2})
    return simulated_groups([phantom(seed) for seed in seeds], FIELD, settings, REFERENCE, bodies=1, seed=5)


@pytest.fixture(scope="module")
def fitted() -> FittedGate:
    cts = [phantom(seed) for seed in range(1, PATIENTS + 1)]
    laterals = lateral_inputs(cts, FIELD, REFERENCE, views=4)
    return fit_gate(
        views(*range(1, PATIENTS + 1)),
        spacing_mm=FIELD.spacing,
        reference=REFERENCE,
        laterals=laterals,
        settings=SETTINGS,
    )


def gated_bundle(folder: Path, fitted: FittedGate, content: bytes | None = None) -> Bundle:
    record = card_record(
        grid={"spacing_mm": [FIELD.spacing] * 2, "trained_shape": [64, 64], "multiple": 8},
        input=QUANTILES,
        gate=fitted.card_block,
    )
    torch.manual_seed(0)
    network = build_network(record["architecture"]["name"], record["architecture"]["parameters"])
    return write_bundle(folder, record, network.state_dict(), {**FILES, fitted.file: content or fitted.content})


@pytest.fixture(scope="module")
def gated(tmp_path_factory: pytest.TempPathFactory, fitted: FittedGate) -> Bundle:
    return gated_bundle(tmp_path_factory.mktemp("models") / "tiny", fitted)


@pytest.fixture(scope="module")
def ordinary() -> list[Radiograph]:
    """Phantoms that the gate has not seen: calibrated ones first."""
    made = []
    for group in views(*UNSEEN):
        for _, image in group.inputs[::2]:
            integrals = image * np.float32(1.5) + np.float32(2.5)
            scale = IntensityScale.LINE_INTEGRAL if group.calibrated else IntensityScale.DISPLAY
            made.append(make_radiograph(pixels=integrals[None], spacing=(FIELD.spacing,) * 2, scale=scale))
    return made


def with_pixels(radiograph: Radiograph, pixels: np.ndarray, **changes: object) -> Radiograph:
    return replace(radiograph, pixels=np.ascontiguousarray(pixels[None], np.float32), **changes)


def test_ordinary_radiographs_pass(gated: Bundle, ordinary: list[Radiograph]) -> None:
    for radiograph in ordinary:
        assert look_at_input(radiograph, gated.folder) == []


@pytest.mark.parametrize(
    ("quarters", "words"),
    [
        (1, "on its side (turned by 90 degrees). Turn it upright (clockwise)"),
        (2, "upside down"),
        (3, "(counter-clockwise)"),
    ],
)
def test_a_chest_that_lies_on_its_side_or_head_is_told_how_to_turn(
    gated: Bundle, ordinary: list[Radiograph], quarters: int, words: str
) -> None:
    for radiograph in ordinary:
        (sentence,) = look_at_input(with_pixels(radiograph, np.rot90(radiograph.pixels[0], quarters)), gated.folder)
        assert words in sentence and "translate again" in sentence


def test_a_wrong_polarity_is_told(gated: Bundle, ordinary: list[Radiograph]) -> None:
    for radiograph in ordinary:
        pixels = radiograph.pixels[0]
        (sentence,) = look_at_input(with_pixels(radiograph, pixels.max() - pixels), gated.folder)
        assert "looks inverted" in sentence


def test_a_lateral_view_is_told(gated: Bundle) -> None:
    lateral = lateral_inputs([phantom(seed) for seed in UNSEEN], FIELD, REFERENCE, views=2, seed=9)
    for image in lateral:
        integrals = image * 1.5 + 2.5
        radiograph = make_radiograph(pixels=integrals[None].astype(np.float32), spacing=(FIELD.spacing,) * 2)
        assert any("does not look like" in s or "lateral view" in s for s in look_at_input(radiograph, gated.folder))


def test_a_blank_image_raises_the_flag(gated: Bundle, rng: np.random.Generator) -> None:
    pixels = 2.0 + rng.normal(0.0, 0.01, (64, 64))
    radiograph = with_pixels(make_radiograph(spacing=(FIELD.spacing,) * 2), pixels)
    assert "blank" in look_at_input(radiograph, gated.folder)[0]
    shown = replace(radiograph, scale=IntensityScale.DISPLAY)
    assert any("blank" in s or "noise" in s for s in look_at_input(shown, gated.folder))


def test_a_wide_border_is_told_to_be_cropped(gated: Bundle, ordinary: list[Radiograph]) -> None:
    for radiograph in ordinary:
        pixels = radiograph.pixels[0].copy()
        seen = np.zeros(pixels.shape, bool)
        seen[10:-10, 10:-10] = True
        (sentence,) = look_at_input(with_pixels(radiograph, np.where(seen, pixels, pixels.max())), gated.folder)
        assert "Crop it" in sentence


def test_line_integrals_below_nothing_are_told(gated: Bundle, ordinary: list[Radiograph]) -> None:
    calibrated = ordinary[0]
    lowest = float(np.quantile(calibrated.pixels, 0.01))
    overexposed = with_pixels(calibrated, calibrated.pixels[0] - lowest - 0.7)
    assert any("unattenuated exposure" in sentence for sentence in look_at_input(overexposed, gated.folder))
    grey = replace(overexposed, scale=IntensityScale.DISPLAY)  # negative grey values mean nothing
    assert not any("exposure is wrong" in sentence for sentence in look_at_input(grey, gated.folder))


def test_the_sentence_and_the_score_come_with_the_stack(gated: Bundle, ordinary: list[Radiograph]) -> None:
    plain = translate(ordinary[0], model=gated.folder, device="cpu")
    assert plain.warnings == ()
    score, threshold = plain.provenance["input_gate"].removeprefix("score ").split(", threshold ")
    assert float(score) <= float(threshold) == 1.0
    turned = translate(with_pixels(ordinary[0], np.rot90(ordinary[0].pixels[0], 2)), model=gated.folder, device="cpu")
    assert "upside down" in turned.warnings[0]
    assert float(turned.provenance["input_gate"].split()[1].rstrip(",")) > 1.0


def test_slabs_that_do_not_add_up_are_told(tmp_path: Path, ordinary: list[Radiograph]) -> None:
    """Calibrated with a network that adds up, shipped with one of random weights that does not."""

    def adds_up(image: np.ndarray) -> np.ndarray:
        share = np.maximum(image * 1.5 + 2.5, 0.0) / (FIELD.slabs * FIELD.slab_thickness * 0.02)
        return np.repeat((share - 1.0)[None] * 1000.0, FIELD.slabs, 0).astype(np.float32)

    gate = fit_gate(
        views(*range(1, PATIENTS + 1)),
        spacing_mm=FIELD.spacing,
        reference=REFERENCE,
        predict=adds_up,
        slab_thickness=FIELD.slab_thickness,
        settings=SETTINGS,
    )
    assert gate.parameters.limits["physics"][1] == pytest.approx(0.05)
    bundle = gated_bundle(tmp_path / "tiny", gate)
    assert look_at_input(ordinary[0], bundle.folder) == []  # known only after the translation
    assert any("do not add up" in warning for warning in translate(ordinary[0], model=bundle.folder).warnings)


def test_a_model_without_a_gate_says_nothing(tmp_path: Path) -> None:
    bundle = write_tiny_bundle(tmp_path / "tiny")
    assert bundle.gate is None and bundle.card.gate is None
    assert look_at_input(make_radiograph(), bundle.folder) == []
    assert "input_gate" not in translate(make_radiograph(), model=bundle.folder).provenance


def test_gate_and_card_survive_being_written(gated: Bundle, fitted: FittedGate) -> None:
    assert gated.gate is not None and gated.card.gate is not None
    assert ModelCard.from_json(gated.card.to_json()) == gated.card
    assert (gated.folder / fitted.file).stat().st_size < 300_000
    assert np.array_equal(gated.gate.ordinary.mean, fitted.parameters.ordinary.mean)
    assert gated.gate.limits.keys() == fitted.parameters.limits.keys()
    for test, limits in fitted.parameters.limits.items():
        assert gated.gate.limits[test] == pytest.approx(limits, rel=1e-6)


def test_a_damaged_gate_is_refused(tmp_path: Path, fitted: FittedGate) -> None:
    with pytest.raises(XrayToCTError, match=r"gate\.safetensors is not a readable"):
        gated_bundle(tmp_path / "tiny", fitted, fitted.content[:200])
    bundle = gated_bundle(tmp_path / "whole", fitted)
    (bundle.folder / fitted.file).write_bytes(fitted.content[:-1] + b"\0\0")
    with pytest.raises(XrayToCTError, match="SHA-256 differs"):
        load_bundle(bundle.folder)


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("ordinary.noise", np.zeros(256, np.float32), "noise is not positive"),
        ("ordinary.mean", np.full(256, np.nan, np.float32), "NaN"),
        ("ordinary.components", np.zeros((3, 9), np.float32), "has shape"),
        ("ordinary.mean", np.zeros(250, np.float32), "not square"),
        ("limits.turn", np.array([1, 0], np.float32), "limit of the test 'turn'"),
        ("limits.smell", np.array([0, 1], np.float32), "no test 'smell'"),
        ("window_mm", np.zeros(1, np.float32), "window is 0.0 mm"),
        ("ordinary.mean", None, r"lacks 'ordinary\.mean'"),
    ],
)
def test_a_gate_that_cannot_be_one_is_refused_by_name(
    tmp_path: Path, fitted: FittedGate, name: str, array: np.ndarray | None, message: str
) -> None:
    from safetensors.numpy import load, save_file

    arrays = {**load(fitted.content), name: array}
    save_file({key: value for key, value in arrays.items() if value is not None}, str(tmp_path / "gate.safetensors"))
    with pytest.raises(XrayToCTError, match=message):
        read_gate(tmp_path / "gate.safetensors")


def test_a_card_whose_gate_is_no_file_of_the_bundle_is_refused(fitted: FittedGate) -> None:
    record = card_record(gate=fitted.card_block, files=dict.fromkeys(("weights.safetensors", *FILES), "0" * 64))
    with pytest.raises(XrayToCTError, match=r"gate\.file"):
        ModelCard.from_record(record)


def test_limits_let_the_wanted_share_of_left_out_patients_through(fitted: FittedGate) -> None:
    """With 28 inputs of 7 patients, two per cent is none of them, and a half is at most half."""
    assert max(fitted.rates.values()) == 0.0
    loose = fit_gate(
        views(*range(1, PATIENTS + 1)),
        spacing_mm=FIELD.spacing,
        reference=REFERENCE,
        settings=replace(SETTINGS, false_alarms=0.5),
    )
    assert 0.0 < max(loose.rates.values()) <= 1.0
    assert float(np.mean(list(loose.rates.values()))) <= 0.5


def test_held_out_patients_measure_the_false_alarms(fitted: FittedGate) -> None:
    groups = views(*UNSEEN)
    shares = [flagged_share(fitted, group, spacing_mm=FIELD.spacing, reference=REFERENCE) for group in groups]
    assert shares == [0.0, 0.0]
    upside_down = InputGroup("turned", [(patient, image[::-1]) for patient, image in groups[1].inputs])
    assert flagged_share(fitted, upside_down, spacing_mm=FIELD.spacing, reference=REFERENCE) == 1.0
    first = with_measured(fitted, 0.0, "2 phantoms that nobody saw").card_block["false_alarms"][0]
    assert first == {"rate": 0.0, "protocol": "2 phantoms that nobody saw"}


def test_a_gate_needs_patients_and_images(fitted: FittedGate) -> None:
    (group, *_) = views(1)
    with pytest.raises(XrayToCTError, match="cannot be fitted to 1 patients"):
        fit_gate([group], spacing_mm=6.0, reference=REFERENCE)
    bad = InputGroup("bad", [(str(n), np.full((8, 8), np.nan)) for n in range(3)])
    with pytest.raises(XrayToCTError, match="finite values"):
        fit_gate([bad], spacing_mm=6.0, reference=REFERENCE)
    with pytest.raises(XrayToCTError, match="patient of each radiograph"):
        radiograph_group(np.zeros((2, 8, 8), np.uint8), ["one"], REFERENCE)
    with pytest.raises(XrayToCTError, match="no CTs"):
        simulated_groups([], FIELD, IN_PROCESS, REFERENCE)
    assert gate_content(fitted.parameters) == fitted.content


def test_unseen_pixels_say_nothing(fitted: FittedGate, rng: np.random.Generator) -> None:
    """The distance of what is seen equals that of the Gaussian's marginal, computed the long way."""
    gate = fitted.parameters.ordinary
    values = rng.normal(size=(16, 16)).astype(np.float32)
    seen = rng.random((16, 16)) < 0.6
    covariance = gate.components.T.astype(np.float64) @ gate.components + np.diag(gate.noise)
    part = covariance[np.ix_(seen.ravel(), seen.ravel())]
    rest = values[seen] - gate.mean[seen.ravel()]
    distance, cost = fits_of(gate, [Thumbnail(values, seen)])[0]
    assert distance == pytest.approx(rest @ np.linalg.solve(part, rest) / seen.sum(), rel=1e-4)
    expected = 0.5 * (distance + np.linalg.slogdet(part)[1] / seen.sum())
    assert cost == pytest.approx(expected, rel=1e-4)
    hidden = Thumbnail(np.where(seen, values, 99.0), seen)
    assert fits_of(gate, [hidden])[0] == pytest.approx((distance, cost))


def test_a_thumbnail_is_the_window_in_millimetres_whatever_the_grid() -> None:
    rows = np.linspace(0.0, 1.0, 200, dtype=np.float32)[:, None] * np.ones((1, 120), np.float32)
    image = thumbnail(rows, (2.0, 4.0), 200.0, 10)
    assert image.seen.all()
    assert image.values[:, 0] == pytest.approx(np.linspace(0.25, 0.75, 11)[:-1] + 0.025, abs=0.01)
    small = thumbnail(np.ones((10, 10), np.float32), (2.0, 2.0), 200.0, 10)
    assert small.seen.sum() == 1 or small.seen.sum() == 4  # 20 mm of 200
    assert small.values[small.seen] == pytest.approx(1.0)
