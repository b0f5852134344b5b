"""A run's configuration: one YAML, the command line over it, and sentences for what does not fit."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("jsonargparse")
pytest.importorskip("lightning_fabric")

from phantom_streams import run_config, run_text

from Training.__main__ import main  # after the packages it needs are known to be there
from Training.config import config_text, flat_values, read_config, read_config_text
from XrayToCTLib.errors import XrayToCTError

RUN = Path("runs/test")


def test_the_command_line_overrides_any_value_of_the_file() -> None:
    config = run_config("cnn", RUN, "--engine.max_minutes", "10", "--network.parameters.widths", "[4, 8]")
    assert config.engine.max_minutes == 10.0
    assert config.network.parameters["widths"] == [4, 8]
    assert config.engine.batch == 2  # as the file has it


def test_numbers_may_be_written_as_people_write_them() -> None:
    text = run_text("cnn", RUN).replace("learning_rate: 3.0e-3", "learning_rate: 3e-3")
    assert read_config_text(text).family.optimiser.learning_rate == 3e-3


def test_what_is_saved_with_a_run_reads_back_as_the_same_configuration() -> None:
    config = run_config("physics-cyclegan", RUN, "--start_from", "runs/before")
    assert read_config_text(config_text(config)) == config
    assert flat_values(config)["family.discriminator.optimiser.betas"] == [0.5, 0.999]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("seed: 5", "seed: 5\nsped: 3", "sped"),
        ("gan_from: 0.4", "gan_fron: 0.4", "gan_fron"),
        ("weights: {", "weights: {l2: 1.0, ", "l2"),
        ("seed: 5", "", "seed"),
        ("seed: 5", "seed: five", "seed.*int"),
        ("name: cnn", "name: gan", "pix2pix"),
        ("seed: 5", "seed: [5", "no YAML"),
        ("max_steps: 6, ", "", "engine.max_minutes or engine.max_steps"),
        ("radiographs: 2", "radiographs: 3", "family.radiographs .3. must divide engine.batch"),
        ("batch: 2", "batch: 2, accumulate: 3", "multiple of engine.accumulate"),
        ("seed: 5", "seed: -5", "negative"),
    ],
)
def test_an_entry_that_does_not_fit_is_named(old: str, new: str, sentence: str) -> None:
    text = run_text("cnn", RUN)
    assert old in text
    with pytest.raises(XrayToCTError, match=sentence):
        read_config_text(text.replace(old, new, 1))


def test_one_slab_is_not_held_against_the_radiograph() -> None:
    with pytest.raises(XrayToCTError, match="one slab alone does not add up to the radiograph"):
        run_config("cnn", RUN, "--field.slabs", "1", "--family.weights.projection", "0.1")


def test_an_unknown_option_of_the_command_line_is_named() -> None:
    with pytest.raises(XrayToCTError, match=r"--engine\.steps"):
        run_config("cnn", RUN, "--engine.steps", "3")


def test_a_file_that_is_missing_or_empty_is_refused(tmp_path: Path) -> None:
    with pytest.raises(XrayToCTError, match="cannot be read"):
        read_config(tmp_path / "absent.yaml")
    (tmp_path / "empty.yaml").write_text("# nothing\n")
    with pytest.raises(XrayToCTError, match="no entries"):
        read_config(tmp_path / "empty.yaml")


def test_every_configuration_that_the_project_ships_reads(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository)  # parts of them are files, named from the checkout
    paths = [p for p in (repository / "Training" / "configs").glob("*.yaml") if "\nengine:" in p.read_text()]
    assert paths
    for path in paths:
        assert read_config(path.relative_to(repository)).run.parts[0] == "runs"


def test_help_explains_every_value(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["train", "--help"])
    assert stop.value.code == 0
    said = capsys.readouterr().out
    for name in ("--resume", "--max-time", "--engine.batch", "--family.weights.l1", "--start_from"):
        assert name in said


def test_a_mistake_on_the_command_line_ends_with_a_sentence_and_not_with_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run.yaml").write_text(run_text("cnn", tmp_path / "run"))
    assert main(["train", "--config", str(tmp_path / "run.yaml"), "--engine.batch", "many"]) == 1
    assert "engine.batch" in capsys.readouterr().err
    assert main(["train", "--config", str(tmp_path / "run.yaml"), "--max-time", "1"]) == 1
    assert "python -m Training prepare" in capsys.readouterr().err  # nothing is prepared yet
