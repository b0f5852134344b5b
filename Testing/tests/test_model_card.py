"""ModelCard: what a card must say, and how a wrong one is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tiny_bundle import card_record

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.models.card import ModelCard
from XrayToCTLib.radiograph import View

HASHES = {"weights.safetensors": "0" * 64, "LICENSE.txt": "1" * 64, "CREDITS.txt": "2" * 64}


def record(**changes: Any) -> dict[str, Any]:
    return card_record(**{"files": dict(HASHES), **changes})


def changed(path: str, value: Any) -> str:
    """The card as text with one nested field changed, or removed when value is ...."""
    content: Any = record()
    *parents, last = path.split(".")
    target = content
    for step in parents:
        target = target[step]
    if value is ...:
        del target[last]
    else:
        target[last] = value
    return json.dumps(content)


def refusal(text: str) -> str:
    with pytest.raises(XrayToCTError) as caught:
        ModelCard.from_json(text)
    assert caught.value.hint
    return str(caught.value)


def test_a_card_survives_writing_and_reading():
    card = ModelCard.from_json(json.dumps(record()))
    assert ModelCard.from_json(card.to_json()) == card
    assert json.loads(card.to_json()) == record()


def test_a_card_gives_its_fields_as_records():
    card = ModelCard.from_json(json.dumps(record()))
    assert card.name == "tiny@0.1.0"
    assert card.views == (View.PA, View.AP)
    assert card.grid.spacing_mm == (3.0, 3.0)
    assert card.slabs.count == 4
    assert card.output.window_hu == (-1024.0, 1476.0)
    assert card.fidelity[0].interval95 is None


def test_an_interval_of_a_measured_number_is_kept():
    row = {"metric": "MAE", "value": 99.0, "unit": "HU", "interval95": [90, 110], "protocol": "Made up for this test."}
    card = ModelCard.from_json(json.dumps(record(fidelity=[row])))
    assert card.fidelity[0].interval95 == (90.0, 110.0)
    assert json.loads(card.to_json())["fidelity"][0]["interval95"] == [90.0, 110.0]


def test_a_card_cannot_be_changed():
    card = ModelCard.from_json(json.dumps(record()))
    with pytest.raises(AttributeError):
        card.version = "2.0.0"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("views", ["OBLIQUE"]),
        ("views", []),
        ("version", "latest"),
        ("id", "../evil"),
        ("grid.spacing_mm", [0.0, 1.5]),
        ("grid.trained_shape", [256]),
        ("slabs.count", 0),
        ("input.std", 0.0),
        ("input.reference_quantiles.probabilities", [0.5, 0.1]),
        ("input.reference_quantiles.line_integrals", [1.0, 2.0]),
        ("output.window_hu", [1476.0, -1024.0]),
        ("output.slope_hu", "1000"),
        ("limits", []),
        ("training_data", []),
        ("fidelity", [{"metric": "MAE", "value": 1.0, "unit": "HU", "protocol": ""}]),
    ],
)
def test_a_wrong_field_is_refused_by_name(field: str, value: Any):
    assert field in refusal(changed(field, value))


def test_quantiles_that_fall_are_refused():
    values = [float(i) for i in range(17)]
    values[5] = 3.0
    assert "line_integrals" in refusal(changed("input.reference_quantiles.line_integrals", values))


@pytest.mark.parametrize("field", ["licence", "grid.multiple", "input.mean", "architecture.parameters", "files"])
def test_a_missing_field_is_refused_by_name(field: str):
    assert f"'{field.split('.')[-1]}'" in refusal(changed(field, ...))


def test_a_field_that_the_schema_does_not_know_is_refused():
    assert "python_code" in refusal(changed("python_code", "import os"))


@pytest.mark.parametrize("name", ["../../weights.safetensors", "folder/file.txt", ".hidden", "card.json"])
def test_a_listed_file_must_lie_in_the_folder_itself(name: str):
    assert "files" in refusal(json.dumps(record(files={**HASHES, name: "0" * 64})))


def test_a_hash_must_be_a_sha256():
    assert "weights.safetensors" in refusal(json.dumps(record(files={**HASHES, "weights.safetensors": "abc"})))


def test_another_schema_version_is_refused_with_the_advice_to_update():
    message = refusal(changed("schema_version", 2))
    assert "schema_version 2" in message
    assert "Update" in message


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"schema_version": NaN}'])
def test_what_is_not_a_json_object_is_refused(text: str):
    assert "card.json" in refusal(text)
