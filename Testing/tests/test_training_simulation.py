"""Streams of simulated pairs: a sample is its number, whoever asks for it and when."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
cv2 = pytest.importorskip("cv2")
pytest.importorskip("tqdm")

from Testing.tests.training_simulation_chest import FIELD, IN_PROCESS, REFERENCE, changed, chest  # noqa: E402
from Training.simulation import PairedBatch, RadiographStream, SampleStream, SimulationSettings  # noqa: E402
from Training.simulation.example_sheet import write_example_sheet  # noqa: E402
from Training.simulation.settings import BodySettings, DetectorSettings, PoseSettings  # noqa: E402
from Training.simulation.stateless import place  # noqa: E402
from XrayToCTLib.errors import XrayToCTError  # noqa: E402


def stream(settings: SimulationSettings = IN_PROCESS, seed: int = 3) -> SampleStream:
    return SampleStream([chest(1), chest(2)], [1.0, 0.5], FIELD, settings, REFERENCE, seed)


def assert_same(one: PairedBatch, other: PairedBatch) -> None:
    for name in ("image", "target", "valid"):
        assert torch.equal(getattr(one, name), getattr(other, name)), name


def test_a_batch_has_the_shapes_and_units_that_training_expects() -> None:
    batch = stream().batch(0, range(3))
    assert batch.image.shape == (3, 2, 64, 64) and batch.target.shape == (3, 8, 64, 64)
    assert batch.valid.shape == (3, 1, 64, 64) and set(batch.valid.unique().tolist()) <= {0.0, 1.0}
    assert batch.image.dtype == batch.target.dtype == batch.valid.dtype == torch.float32
    assert float(batch.target.min()) >= -1.024 and float(batch.target.max()) <= 1.476
    assert (batch.target < -0.7).any() and (batch.target > 0.0).any()  # lung and tissue, in HU / 1000


def test_a_sample_is_its_number() -> None:
    walked = stream()
    for step in range(5):
        walked.batch(step, range(3))
    assert_same(walked.batch(5, range(3)), stream().batch(5, range(3)))


def test_a_lane_does_not_depend_on_who_asks_for_it() -> None:
    whole = stream().batch(4, range(4))
    parts = [stream().batch(4, lanes) for lanes in (range(0, 2), range(2, 4))]
    for name in ("image", "target", "valid"):
        assert torch.equal(getattr(whole, name), torch.cat([getattr(part, name) for part in parts]))


def test_another_seed_is_another_stream() -> None:
    assert not torch.equal(stream(seed=3).batch(0, [0]).image, stream(seed=4).batch(0, [0]).image)


def test_workers_make_the_same_samples_as_one_process() -> None:
    working = stream(replace(IN_PROCESS, workers=2))
    alone = stream()
    try:
        for step in (2, 3, 7):  # a jump too
            assert_same(working.batch(step, range(3)), alone.batch(step, range(3)))
    finally:
        working.close()


def test_a_lane_shows_all_poses_of_a_body_in_several_looks_before_it_changes() -> None:
    places = [place(step, 0, 4, 3) for step in range(12)]
    assert {spot.group for spot in places} == {0}
    assert len({(spot.pose, spot.use) for spot in places}) == 12
    assert [spot.pose for spot in places[:4]] == [0, 1, 2, 3]


def test_lanes_change_their_bodies_at_different_steps() -> None:
    begun = [sum(place(step, lane, 4, 3).group > place(step - 1, lane, 4, 3).group for lane in range(24))
             for step in range(1, 13)]  # fmt: skip
    assert begun == [2] * 12


def test_other_looks_of_a_pose_share_its_target() -> None:
    watched = stream()
    first, again = watched.batch(0, [0]), watched.batch(4, [0])  # four poses on
    assert torch.equal(first.target, again.target)
    assert not torch.equal(first.image, again.image)


def test_the_chest_is_not_mirrored_unless_that_is_allowed() -> None:
    from Training.simulation.sample_draws import SampleDraws

    def flips(settings: SimulationSettings) -> int:
        draws = SampleDraws([chest(1)], np.ones(1), FIELD, settings, 0)
        return sum(draws.body(0, group)[1].flip for group in range(20))

    assert flips(IN_PROCESS) == 0
    assert 3 < flips(changed(IN_PROCESS, body={"allow_flip": True})) < 17


def test_radiographs_are_mapped_onto_the_reference_and_stateless() -> None:
    images = np.random.default_rng(0).integers(0, 255, (5, 90, 90)).astype(np.uint8)
    real = RadiographStream(images, 5.0, FIELD, IN_PROCESS, REFERENCE, 1)
    batch = real.batch(7, range(3))
    assert batch.shape == (3, 1, 64, 64)
    integrals = batch * 1.5 + 2.5
    assert float(integrals.min()) >= 0.0 and float(integrals.max()) <= 6.0
    assert float(integrals.mean()) == pytest.approx(3.0, abs=0.1)  # of a uniform reference from 0 to 6
    again = RadiographStream(images, 5.0, FIELD, IN_PROCESS, REFERENCE, 1)
    assert torch.equal(again.batch(7, [1]), batch[1:2])


def test_an_example_sheet_shows_what_was_done(tmp_path: Path) -> None:
    shown = stream()
    assert shown.caption(0, 0).startswith("chest ") and "lung x" in shown.caption(0, 0)
    write_example_sheet(tmp_path / "sheet.png", shown, count=3)
    sheet = cv2.imread(str(tmp_path / "sheet.png"))
    assert sheet is not None and sheet.shape[1] > 2 * 6 * 190 and sheet.std() > 20
    assert [path.name for path in tmp_path.iterdir()] == ["sheet.png"]


@pytest.mark.parametrize(
    ("weights", "sentence"),
    [
        ([1.0], "1 sampling weights for 2 CTs"),
        ([0.0, 0.0], "all zero"),
        ([1.0, -1.0], "negative"),
        ({"chest 1": 1.0}, "No sampling weight for chest 2"),
    ],
)
def test_weights_that_do_not_fit_are_refused(weights: list[float], sentence: str) -> None:
    with pytest.raises(XrayToCTError, match=sentence):
        SampleStream([chest(1), chest(2)], weights, FIELD, IN_PROCESS, REFERENCE, 0)


def test_a_stream_without_images_is_refused() -> None:
    with pytest.raises(XrayToCTError, match="no radiographs"):
        RadiographStream(np.zeros((0, 8, 8), np.uint8), 5.0, FIELD, IN_PROCESS, REFERENCE, 1)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: SimulationSettings(executor="numpy"), "executor"),  # type: ignore[arg-type]
        (lambda: SimulationSettings(workers=-1), "too few"),
        (lambda: SimulationSettings(pose=PoseSettings(poses=0)), "too few"),
        (lambda: SimulationSettings(body=BodySettings(fat=1.5)), "BodySettings.fat is wrong: 1.5"),
        (lambda: SimulationSettings(body=BodySettings(lung_gain=(2.0, 1.0))), "lung_gain"),
        (lambda: SimulationSettings(detector=DetectorSettings(collimation_share=0.6)), "collimation_share"),
    ],
)
def test_settings_out_of_range_are_refused(make: object, sentence: str) -> None:
    with pytest.raises(XrayToCTError, match=sentence):
        make()  # type: ignore[operator]
