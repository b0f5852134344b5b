"""The training loop: stopping, resuming, sharing work, and what goes wrong."""

from __future__ import annotations

import csv
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("jsonargparse")
pytest.importorskip("lightning_fabric")

from phantom_streams import WEIGHTS, PhantomStream, phantom_streams, run_config  # noqa: E402

from Training.engine.batches import Streams  # noqa: E402  # after the packages it needs are known to be there
from Training.engine.checkpoint import load_generator, read_checkpoint, write_checkpoint  # noqa: E402
from Training.engine.log import read_log  # noqa: E402
from Training.engine.schedule import Progress, learning_rate, share_of  # noqa: E402
from Training.engine.settings import EngineSettings  # noqa: E402
from Training.engine.train import train  # noqa: E402
from Training.families.settings import OptimiserSettings  # noqa: E402
from XrayToCTLib.errors import XrayToCTError  # noqa: E402


def assert_equal(a: Any, b: Any, *, atol: float = 0.0, at: str = "") -> None:
    """All tensors of two nested states."""
    if isinstance(a, dict):
        assert a.keys() == b.keys(), at
        for key in a:
            assert_equal(a[key], b[key], atol=atol, at=f"{at}/{key}")
    elif isinstance(a, list | tuple):
        assert len(a) == len(b), at
        for index, (x, y) in enumerate(zip(a, b, strict=True)):
            assert_equal(x, y, atol=atol, at=f"{at}/{index}")
    elif torch.is_tensor(a):
        torch.testing.assert_close(a, b, rtol=0, atol=atol, msg=lambda text: f"{at}: {text}")
    else:
        assert a == b, at


class SignalAt:
    """A stream during one of whose steps somebody presses Ctrl-C."""

    def __init__(self, step: int, kind: signal.Signals) -> None:
        self._phantoms, self._step, self._kind = PhantomStream(), step, kind

    def batch(self, step: int, lanes: range) -> Any:
        if step == self._step and len(lanes) == 2:
            self._step = -1
            os.kill(os.getpid(), self._kind)
        return self._phantoms.batch(step, lanes)


@pytest.mark.parametrize("family", WEIGHTS)
def test_a_run_that_was_stopped_and_resumed_equals_one_that_was_not(family: str, tmp_path: Path) -> None:
    whole = run_config(family, tmp_path / "whole", "--engine.precision", "bf16")
    train(whole, streams=phantom_streams())
    parts = run_config(family, tmp_path / "parts", "--engine.precision", "bf16", "--engine.prefetch", "false")
    stopped = train(parts, streams=Streams(SignalAt(3, signal.SIGINT), phantom_streams().radiographs))
    assert stopped.step == 4  # the step at hand is finished
    assert train(parts, streams=phantom_streams(), resume=True).step == 6
    assert_equal(read_checkpoint(whole.run)["model"], read_checkpoint(parts.run)["model"])


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_after_the_step_at_hand_with_a_checkpoint(kind: signal.Signals, tmp_path: Path) -> None:
    before = signal.getsignal(kind)
    config = run_config("cnn", tmp_path / "run", "--engine.prefetch", "false")
    train(config, streams=Streams(SignalAt(1, kind), None))
    assert read_checkpoint(config.run)["progress"]["step"] == 2
    assert signal.getsignal(kind) is before


def test_a_second_signal_stops_at_once(tmp_path: Path) -> None:
    class Impatient(PhantomStream):
        def batch(self, step: int, lanes: range) -> Any:
            if step == 2:
                os.kill(os.getpid(), signal.SIGINT)
                os.kill(os.getpid(), signal.SIGINT)
            return super().batch(step, lanes)

    config = run_config("cnn", tmp_path / "run", "--engine.prefetch", "false", "--engine.save_every_s", "0")
    with pytest.raises(KeyboardInterrupt):
        train(config, streams=Streams(Impatient(), None))
    assert read_checkpoint(config.run)["progress"]["step"] == 2


_SHARED = """
import sys
from pathlib import Path
from phantom_streams import phantom_streams, run_config
from Training.engine.train import train
for family in ("physics-cyclegan", "cyclegan"):
    train(run_config(family, Path(sys.argv[1]) / family, *sys.argv[2:]), streams=phantom_streams())
"""


def test_two_processes_with_half_the_batch_each_equal_one_with_all_of_it(tmp_path: Path, repository: Path) -> None:
    options = ["--family.optimiser.learning_rate", "2e-4", "--engine.max_steps", "4", "--family.gan_from", "0.25"]
    (tmp_path / "shared.py").write_text(_SHARED)
    paths = os.pathsep.join((str(repository), str(repository / "Testing" / "tests")))
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
         str(tmp_path / "shared.py"), str(tmp_path / "two"), *options],
        check=True, env=environment, timeout=100, capture_output=True,
    )  # fmt: skip
    for family in ("physics-cyclegan", "cyclegan"):
        config = run_config(family, tmp_path / "one" / family, *options)
        train(config, streams=phantom_streams())
        one, two = (read_checkpoint(tmp_path / who / family)["model"] for who in ("one", "two"))
        # Pools are kept in half precision: the last bit of an image may fall to either side.
        assert_equal(one.pop("pools"), two.pop("pools"), atol=2e-3)
        assert_equal(one, two, atol=1e-6)


@pytest.mark.parametrize("family", ["cyclegan", "physics-cyclegan"])
def test_accumulated_gradients_equal_those_of_the_whole_batch(family: str, tmp_path: Path) -> None:
    options = ["--family.optimiser.learning_rate", "2e-4", "--engine.max_steps", "3", "--family.gan_from", "0.3"]
    states = []
    for parts in (1, 2):
        config = run_config(family, tmp_path / str(parts), *options, "--engine.accumulate", str(parts))
        train(config, streams=phantom_streams())
        states.append(read_checkpoint(config.run)["model"])
        states[-1].pop("pools")
    assert_equal(*states, atol=1e-6)


def test_a_batch_that_cannot_be_divided_is_refused(tmp_path: Path) -> None:
    config = run_config("physics-cyclegan", tmp_path / "run", "--engine.accumulate", "2", "--family.radiographs", "1")
    with pytest.raises(XrayToCTError, match=r"family.radiographs \(1\) cannot be divided"):
        train(config, streams=phantom_streams())


def test_a_run_begins_once_and_goes_on_only_if_it_began(tmp_path: Path) -> None:
    config = run_config("cnn", tmp_path / "run", "--engine.max_steps", "1")
    with pytest.raises(XrayToCTError, match="no checkpoint"):
        train(config, streams=phantom_streams(), resume=True)
    train(config, streams=phantom_streams())
    with pytest.raises(XrayToCTError, match="already has"):
        train(config, streams=phantom_streams())
    assert train(config, streams=phantom_streams(), resume=True).step == 1  # it is over, and nothing is lost
    longer = run_config("cnn", tmp_path / "run", "--engine.max_steps", "2", "--engine.log_every", "1")
    assert train(longer, streams=phantom_streams(), resume=True).step == 2


def test_a_resumed_run_with_another_configuration_is_refused_with_the_values(tmp_path: Path) -> None:
    train(run_config("cnn", tmp_path / "run", "--engine.max_steps", "1"), streams=phantom_streams())
    other = run_config("cnn", tmp_path / "run", "--engine.batch", "4", "--network.parameters.widths", "[8, 24]")
    with pytest.raises(XrayToCTError, match=r"engine.batch was 2, is 4; network.parameters.widths was \[8, 16\]"):
        train(other, streams=phantom_streams(), resume=True)


def test_the_folder_of_a_run_says_all_about_it(tmp_path: Path) -> None:
    config = run_config("physics-cyclegan", tmp_path / "run", "--engine.log_every", "1")
    train(config, streams=phantom_streams())
    assert {path.name for path in config.run.iterdir()} == {
        "config.yaml", "checkpoint.pt", "log.jsonl", "log.csv", "samples-000006.png",
    }  # fmt: skip
    with (config.run / "log.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["step"] for row in rows] == [str(step) for step in range(1, 7)]
    # Columns of terms that joined later are empty before.
    assert rows[0]["cycle"] == "" and float(rows[-1]["cycle"]) == read_log(config.run)[-1]["cycle"]


def test_steps_after_the_checkpoint_are_logged_once(tmp_path: Path) -> None:
    config = run_config("cnn", tmp_path / "run", "--engine.log_every", "1", "--engine.max_steps", "3")
    train(config, streams=phantom_streams())
    with (config.run / "log.jsonl").open("a") as stream:
        stream.write('{"step": 4, "l1": 1.0}\n{"step": 5, "l')  # the run went on and was killed while it wrote
    longer = run_config("cnn", tmp_path / "run", "--engine.log_every", "1", "--engine.max_steps", "5")
    train(longer, streams=phantom_streams(), resume=True)
    assert [record["step"] for record in read_log(config.run)] == [1, 2, 3, 4, 5]


def test_time_alone_can_limit_a_run(tmp_path: Path) -> None:
    config = run_config("cnn", tmp_path / "run", "--engine.max_steps", "null", "--engine.max_minutes", "0.02")
    progress = train(config, streams=phantom_streams())
    assert progress.step > 3
    assert progress.seconds >= 1.2


def test_a_full_disk_leaves_the_last_checkpoint_whole(tmp_path: Path) -> None:
    config = run_config("cnn", tmp_path / "run", "--engine.max_steps", "2")
    train(config, streams=phantom_streams())
    size = (config.run / "checkpoint.pt").stat().st_size
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    longer = run_config("cnn", tmp_path / "run", "--engine.max_steps", "4")
    resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, before[1]))
    try:
        with pytest.raises(XrayToCTError, match=r"could not be written.*before it is whole"):
            train(longer, streams=phantom_streams(), resume=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(config.run.glob("*.partial"))
    assert read_checkpoint(config.run)["progress"]["step"] == 2
    assert train(longer, streams=phantom_streams(), resume=True).step == 4


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, {"model": {"average": {}}, "progress": {}, "config": ""})
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(XrayToCTError, match="damaged"):
        read_checkpoint(tmp_path)


@pytest.mark.parametrize(("spoiled", "term"), [("target", "l1"), ("image", "l1.*gradient norm")])
def test_a_loss_that_is_no_longer_finite_is_named_and_changes_nothing(spoiled: str, term: str, tmp_path: Path) -> None:
    class Spoiled(PhantomStream):
        def batch(self, step: int, lanes: range) -> Any:
            batch = super().batch(step, lanes)
            if step == 3:
                getattr(batch, spoiled)[0, 0, 5, 5] = float("inf")
            return batch

    config = run_config("cnn", tmp_path / "run", "--engine.save_every_s", "0")
    with pytest.raises(XrayToCTError, match=rf"step 3: .*{term}"):
        train(config, streams=Streams(Spoiled(), None))
    state = read_checkpoint(config.run)
    assert state["progress"]["step"] == 3
    assert all(torch.isfinite(value).all() for value in state["model"]["generator"].values())


def test_a_run_starts_from_the_averaged_weights_of_another(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = run_config("cnn", tmp_path / "first")
    train(first, streams=phantom_streams())
    # A rate of nothing: what comes out is what went in.
    options = ["--start_from", str(first.run), "--family.optimiser.learning_rate", "0", "--engine.max_steps", "1"]
    second = run_config("physics-cyclegan", tmp_path / "second", *options)
    capsys.readouterr()
    train(second, streams=phantom_streams())
    assert "19 of its 19 tensors taken." in capsys.readouterr().err
    given, got = (read_checkpoint(config.run)["model"] for config in (first, second))
    assert_equal(got["average"], given["average"])
    assert_equal(got["generator"], given["average"])


def test_a_start_that_fits_in_part_says_which_part(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = run_config("cnn", tmp_path / "first", "--engine.max_steps", "1")
    train(first, streams=phantom_streams())
    pyramid = [
        "--network.name",
        "pyramid-slabs",
        "--network.parameters",
        "{slabs: 4, widths: [8, 16], detail_width: 8}",
    ]
    options = ["--start_from", str(first.run), "--engine.max_steps", "1"]
    train(run_config("cnn", tmp_path / "pyramid", *options, *pyramid), streams=phantom_streams())
    said = capsys.readouterr().err
    assert "into its part coarse: 19 of its 19 tensors taken; new here: detail." in said
    wider = ["--network.parameters", "{slabs: 4, widths: [8, 32]}"]
    train(run_config("cnn", tmp_path / "wider", *options, *wider), streams=phantom_streams())
    assert "not taken: " in capsys.readouterr().err
    with pytest.raises(XrayToCTError, match="Nothing of the generator"):
        train(run_config("cyclegan", tmp_path / "other", *options), streams=phantom_streams())
    with pytest.raises(XrayToCTError, match="no checkpoint"):
        train(
            run_config("cnn", tmp_path / "none", "--start_from", str(tmp_path / "nowhere")), streams=phantom_streams()
        )


def test_the_averaged_generator_of_a_run_is_loaded_by_its_folder(tmp_path: Path) -> None:
    config = run_config("cyclegan", tmp_path / "run", "--engine.max_steps", "1")
    train(config, streams=phantom_streams())
    generator = load_generator(config.run)
    assert not generator.training
    with torch.inference_mode():
        stack = generator(PhantomStream().batch(0, range(1)).image)
    assert stack.shape == (1, 4, 32, 32)
    assert float(stack.min()) > -1.03 and float(stack.max()) < 1.48  # the window of the targets, HU / 1000


def test_rates_rise_hold_and_fall_as_their_schedule_says() -> None:
    cosine = OptimiserSettings(learning_rate=1.0, floor=0.1, warm_up_steps=10)
    assert learning_rate(cosine, 0.0, 4) == pytest.approx(0.5)
    assert learning_rate(cosine, 0.5, 99) == pytest.approx(0.55)
    assert learning_rate(cosine, 1.0, 99) == pytest.approx(0.1)
    linear = OptimiserSettings(learning_rate=1.0, schedule="linear", decay_from=0.5, warm_up_steps=0)
    assert [learning_rate(linear, share, 0) for share in (0.0, 0.5, 0.75, 1.0)] == [1.0, 1.0, 0.5, 0.0]
    constant = OptimiserSettings(learning_rate=1.0, schedule="constant", warm_up_steps=0)
    assert learning_rate(constant, 0.9, 0) == 1.0


def test_the_schedule_follows_the_steps_when_they_are_counted_and_else_the_time() -> None:
    progress = Progress(step=25, seconds=30.0)
    assert share_of(progress, EngineSettings(max_steps=100, max_minutes=1.0)) == 0.25
    assert share_of(progress, EngineSettings(max_minutes=1.0)) == 0.5
