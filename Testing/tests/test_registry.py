"""Registry: which models there are, which one a name means, and what happens to broken ones."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_bundle import write_tiny_bundle

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.models import registry
from XrayToCTLib.models.registry import catalogue, find_model, models, user_models_folder


@pytest.fixture
def rooms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """An empty folder of bundled models and an empty folder of the user's."""
    bundled, user = tmp_path / "bundled", tmp_path / "user"
    bundled.mkdir()
    user.mkdir()
    monkeypatch.setattr(registry, "_BUNDLED", bundled)
    monkeypatch.setenv("XRAYTOCT_MODELS", str(user))
    return bundled, user


def test_bundled_models_come_before_the_users(rooms: tuple[Path, Path]):
    write_tiny_bundle(rooms[1] / "mine", id="a-mine")
    write_tiny_bundle(rooms[0] / "theirs", id="z-theirs")
    assert [card.id for card in models()] == ["z-theirs", "a-mine"]


def test_the_default_is_the_first_chest_model(rooms: tuple[Path, Path]):
    write_tiny_bundle(rooms[0] / "a", id="a-knee", anatomy="knee")
    write_tiny_bundle(rooms[0] / "b", id="b-chest")
    assert find_model().card.id == "b-chest"
    assert [card.id for card in models()] == ["b-chest", "a-knee"]


def test_the_flagship_is_the_default_whatever_else_is_there(rooms: tuple[Path, Path]):
    write_tiny_bundle(rooms[0] / "a", id="a-chest")
    write_tiny_bundle(rooms[1] / "b", id=registry.DEFAULT_MODEL)
    assert find_model().card.id == registry.DEFAULT_MODEL
    assert [card.id for card in models()] == [registry.DEFAULT_MODEL, "a-chest"]


def test_the_only_model_is_the_default(rooms: tuple[Path, Path]):
    write_tiny_bundle(rooms[1] / "a", id="a-knee", anatomy="knee")
    assert find_model(None).card.id == "a-knee"


def test_a_model_is_found_by_id_version_card_and_path(rooms: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch):
    for version in ("0.9.0", "0.10.0", "0.10.0-rc1"):
        write_tiny_bundle(rooms[0] / version, version=version)
    assert find_model("tiny").card.version == "0.10.0"
    old = find_model("tiny@0.9.0")
    assert old.card.version == "0.9.0"
    assert find_model(old.card) == old
    assert find_model(old.folder) == old
    assert find_model(str(old.folder)) == old
    monkeypatch.chdir(rooms[0])
    assert find_model("0.9.0") == old


def test_an_unknown_model_is_answered_with_those_that_there_are(rooms: tuple[Path, Path]):
    write_tiny_bundle(rooms[0] / "tiny")
    with pytest.raises(XrayToCTError) as caught:
        find_model("huge")
    assert "huge" in caught.value.message
    assert "tiny@0.1.0" in caught.value.hint


def test_no_model_at_all_is_answered_with_where_to_put_one(rooms: tuple[Path, Path]):
    assert models() == []
    with pytest.raises(XrayToCTError, match=r"There is no model.*user"):
        find_model()


def test_a_broken_model_is_reported_and_skipped(rooms: tuple[Path, Path], caplog: pytest.LogCaptureFixture):
    write_tiny_bundle(rooms[0] / "good", id="good")
    broken = write_tiny_bundle(rooms[0] / "broken", id="broken").folder
    (broken / "weights.safetensors").write_bytes(b"")
    (rooms[0] / "not-a-model").mkdir()
    with caplog.at_level(logging.WARNING):
        assert [card.id for card in models()] == ["good"]
    assert "weights.safetensors" in caplog.text
    assert list(catalogue().problems) == [broken]
    with pytest.raises(XrayToCTError, match="SHA-256"):
        find_model("broken")


def test_the_second_model_of_one_name_is_reported(rooms: tuple[Path, Path]):
    first = write_tiny_bundle(rooms[0] / "tiny")
    second = write_tiny_bundle(rooms[1] / "tiny")
    seen = catalogue()
    assert seen.bundles == (first,)
    assert "second model called tiny@0.1.0" in str(seen.problems[second.folder])


def test_a_missing_user_folder_is_no_error(rooms: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XRAYTOCT_MODELS", str(rooms[1] / "missing"))
    assert models() == []


def test_without_the_variable_the_users_models_lie_in_a_data_folder(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("XRAYTOCT_MODELS", raising=False)
    assert user_models_folder().parts[-2:] == ("XrayToCT", "Models")


def test_the_public_verb_models_answers_whatever_was_imported_before() -> None:
    code = (
        "import XrayToCTLib as x2ct; import XrayToCTLib.models.card; from XrayToCTLib.models import registry; "
        "assert isinstance(x2ct.models(), list); assert x2ct.models.card.ModelCard is x2ct.ModelCard"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
