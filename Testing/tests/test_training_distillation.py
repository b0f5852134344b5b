"""Distillation: a fast generator that follows a slower one, from a run or a bundle."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("jsonargparse")
pytest.importorskip("lightning_fabric")

from phantom_streams import SIZE, SLABS, THICKNESS, PhantomStream, phantom_streams, run_config  # noqa: E402
from tiny_bundle import FILES, card_record  # noqa: E402

from Training.config import RunConfig  # noqa: E402  # after the packages it needs are known to be there
from Training.engine.batches import Streams  # noqa: E402
from Training.engine.checkpoint import load_generator, read_checkpoint  # noqa: E402
from Training.engine.log import read_log  # noqa: E402
from Training.engine.teacher import open_teacher  # noqa: E402
from Training.engine.train import train  # noqa: E402
from Training.simulation.field import Field  # noqa: E402
from XrayToCTLib.errors import XrayToCTError  # noqa: E402
from XrayToCTLib.models.bundle import write_bundle  # noqa: E402
from XrayToCTLib.networks.architectures import build_network  # noqa: E402

BALANCE = {"mean": 2.5, "std": 1.5, "slab_thickness_mm": THICKNESS}
PYRAMID = {"slabs": SLABS, "widths": [16, 32], "detail_width": 16, "balance": BALANCE}
STUDENT = (
    "--network.name=guided-slabs",
    f"--network.parameters={{in_channels: 2, slabs: {SLABS}, widths: [16, 32], detail_width: 8, "
    f"balance: {{mean: 2.5, std: 1.5, slab_thickness_mm: {THICKNESS}}}}}",
)


class SameBatch:
    """The same pairs again and again."""

    def batch(self, step: int, lanes: range) -> object:
        return PhantomStream().batch(0, lanes)


class SameRadiographs:
    def batch(self, step: int, lanes: range) -> object:
        return 0.8 * PhantomStream(1).batch(0, lanes).image + 0.1


def student(run: Path, teacher: Path, *overrides: str) -> RunConfig:
    return run_config(
        "distillation", run, f"--family.teacher={teacher}", "--family.gan_from=0", *STUDENT, *overrides
    )  # fmt: skip


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a pyramid, a few steps long."""
    run = tmp_path_factory.mktemp("teacher") / "run"
    parameters = (
        f"{{in_channels: 2, slabs: {SLABS}, widths: [16, 32], detail_width: 16, "
        f"balance: {{mean: 2.5, std: 1.5, slab_thickness_mm: {THICKNESS}}}}}"
    )
    config = run_config("cnn", run, "--network.name=pyramid-slabs", f"--network.parameters={parameters}")
    train(config, streams=phantom_streams())
    return run


def bundle(folder: Path, **changes: object) -> Path:
    record = card_record(
        architecture={"name": "pyramid-slabs", "parameters": PYRAMID},
        grid={"spacing_mm": [12.0, 12.0], "trained_shape": [SIZE, SIZE], "multiple": 8},
        slabs={"count": SLABS, "thickness_mm": THICKNESS},
    )
    record.update(changes)
    torch.manual_seed(3)
    write_bundle(folder, record, build_network("pyramid-slabs", PYRAMID).state_dict(), FILES)
    return folder


def test_the_student_comes_closer_to_teacher_and_truth_in_30_steps(taught: Path, tmp_path: Path) -> None:
    config = student(tmp_path / "run", taught, "--engine.max_steps=30", "--engine.log_every=5")
    train(config, streams=Streams(SameBatch(), SameRadiographs()))  # type: ignore[arg-type]
    log = read_log(config.run)
    for term in ("distillation", "l1"):
        assert log[-1][term] < 0.8 * log[0][term], term


def test_the_student_starts_with_its_teachers_coarse_network(taught: Path, tmp_path: Path) -> None:
    config = student(tmp_path / "run", taught, f"--start_from={taught}", "--engine.max_steps=1",
                     "--family.optimiser.learning_rate=0")  # fmt: skip
    train(config, streams=phantom_streams())
    given = read_checkpoint(taught)["model"]["average"]
    own = load_generator(config.run).network.state_dict()
    coarse = [name for name in own if name.startswith("coarse.")]
    assert coarse
    for name in coarse:
        torch.testing.assert_close(own[name], given[name])


def test_a_bundle_can_be_teacher_and_start_even_if_it_knows_one_channel(tmp_path: Path) -> None:
    folder = bundle(tmp_path / "bundle")
    config = student(tmp_path / "run", folder, f"--start_from={folder}", "--engine.max_steps=2")
    train(config, streams=phantom_streams())
    assert read_log(config.run)[-1]["distillation"] > 0


def test_the_teacher_learns_nothing_and_is_not_in_the_checkpoint(taught: Path, tmp_path: Path) -> None:
    before = (taught / "checkpoint.pt").read_bytes()
    config = student(tmp_path / "run", taught, "--engine.max_steps=2")
    train(config, streams=phantom_streams())
    assert (taught / "checkpoint.pt").read_bytes() == before
    assert set(read_checkpoint(config.run)["model"]) == {"generator", "average", "generator_optimiser", "pools"}


def test_a_distillation_that_was_stopped_goes_on_bit_for_bit(taught: Path, tmp_path: Path) -> None:
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    train(student(whole, taught, "--engine.max_steps=4"), streams=phantom_streams())
    # Over after two steps by its time, which the schedule does not follow.
    half = student(parted, taught, "--engine.max_steps=4", "--engine.max_minutes=0.00001")
    train(half, streams=phantom_streams())
    assert read_checkpoint(parted)["progress"]["step"] < 4
    train(student(parted, taught, "--engine.max_steps=4"), resume=True, streams=phantom_streams())
    one, other = (read_checkpoint(run)["model"]["generator"] for run in (whole, parted))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_teacher_of_another_grid_is_refused(taught: Path, tmp_path: Path) -> None:
    with pytest.raises(XrayToCTError, match="does not fit: it gives 4 slabs of 80 mm at 12 mm"):
        open_teacher(taught, Field(SIZE, 6.0, SLABS, THICKNESS))
    other = bundle(tmp_path / "b", input={**card_record()["input"], "mean": 0.0})
    with pytest.raises(XrayToCTError, match="normalised by"):
        open_teacher(other, Field(SIZE, 12.0, SLABS, THICKNESS))
    with pytest.raises(XrayToCTError, match="no checkpoint"):
        open_teacher(tmp_path / "nothing", Field(SIZE, 12.0, SLABS, THICKNESS))


def test_a_distillation_without_a_teacher_and_a_teacher_without_distillation_are_refused(
    taught: Path, tmp_path: Path
) -> None:
    with pytest.raises(XrayToCTError, match="needs a teacher"):
        train(run_config("distillation", tmp_path / "a", *STUDENT), streams=phantom_streams())
    with pytest.raises(XrayToCTError, match="learns from no teacher"):
        train(run_config("cnn", tmp_path / "b", f"--family.teacher={taught}"), streams=phantom_streams())
