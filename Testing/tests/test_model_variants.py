"""Variants: further networks on a model's card, chosen by name wherever a model is, and told by what they made."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import torch
from tiny_bundle import FILES, card_record, make_radiograph, write_tiny_bundle

from XrayToCTLib import Translator, batch, read_stack, translate, trust, write_stack
from XrayToCTLib.batches.outcome import Row
from XrayToCTLib.cli import main
from XrayToCTLib.comparison.page import _cards
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.models import registry
from XrayToCTLib.models.bundle import Bundle, load_bundle, write_bundle, write_variant
from XrayToCTLib.models.card import ModelCard
from XrayToCTLib.models.registry import catalogue, find_model, models
from XrayToCTLib.networks.architectures import build_network
from XrayToCTLib.trust.trust_report import TrustLevel
from XrayToCTLib.worker import WorkerClient

NARROW = {"in_channels": 1, "slabs": 4, "widths": [2, 4], "unshuffle": 4}


def variant_record(**changes: object) -> dict:
    fidelity = {"metric": "MAE", "value": 998.0, "unit": "HU", "protocol": "Made up for the tests as well."}
    return {
        "description": "Narrower.",
        "architecture": {"name": "unet-slabs", "parameters": NARROW},
        "multiple": 8,
        "fidelity": [fidelity],
        **changes,
    }


def add_fast(folder: Path, seed: int = 1) -> Bundle:
    torch.manual_seed(seed)
    return write_variant(folder, "fast", variant_record(), build_network("unet-slabs", NARROW).state_dict())


@pytest.fixture(scope="module")
def rooms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder with one model that has a variant."""
    folder = tmp_path_factory.mktemp("models")
    write_tiny_bundle(folder / "tiny")
    add_fast(folder / "tiny")
    return folder


@pytest.fixture(autouse=True)
def only_that_model(rooms: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XRAYTOCT_MODELS", str(rooms))
    monkeypatch.setattr(registry, "_BUNDLED", tmp_path_factory.mktemp("no-bundled-models"))


@pytest.fixture
def folder(rooms: Path, tmp_path: Path) -> Path:
    """A copy to be broken."""
    return Path(shutil.copytree(rooms / "tiny", tmp_path / "tiny"))


def test_a_model_and_its_variant_are_listed_one_after_the_other_and_the_model_stays_the_default() -> None:
    assert [card.name for card in models()] == ["tiny@0.1.0", "tiny@0.1.0:fast"]
    assert find_model().card.name == "tiny@0.1.0"
    assert not catalogue().problems


def test_a_variant_is_found_by_every_name_that_a_model_has(rooms: Path) -> None:
    fast = find_model("tiny:fast")
    for name in ("tiny@0.1.0:fast", rooms / "tiny" / "fast", str(rooms / "tiny" / "fast"), fast.card, fast.folder):
        assert find_model(name) == fast
    assert find_model("tiny").card.variant == "" and fast.card.variant == "fast"


def test_an_unknown_variant_names_those_that_there_are(rooms: Path) -> None:
    with pytest.raises(XrayToCTError, match=r"tiny@0\.1\.0:fast"):
        find_model("tiny:slow")
    with pytest.raises(XrayToCTError, match=r"no variant 'slow'[^\n]*(\n.*)?It has: fast"):
        find_model(rooms / "tiny" / "slow")


def test_a_variant_shares_the_card_but_for_its_network_and_figures(rooms: Path) -> None:
    base, fast = load_bundle(rooms / "tiny"), find_model("tiny:fast")
    assert fast.card.architecture.parameters == NARROW and fast.card.fidelity[0].value == 998.0
    for shared in ("id", "version", "slabs", "input", "output", "limits", "licence", "training_data", "views"):
        assert getattr(fast.card, shared) == getattr(base.card, shared)
    assert fast.sha256 != base.sha256  # networks are kept, and results remembered, by it
    assert sum(p.numel() for p in fast.load_network().parameters()) < sum(
        p.numel() for p in base.load_network().parameters()
    )


def test_cards_keep_their_form_with_and_without_variants(rooms: Path) -> None:
    plain = card_record(files=dict.fromkeys(("weights.safetensors", *FILES), "0" * 64))
    assert ModelCard.from_record(plain).to_record() == plain
    text = (rooms / "tiny" / "card.json").read_text()
    assert ModelCard.from_json(text).to_json() == text
    fast = find_model("tiny:fast").card
    assert ModelCard.from_json(fast.to_json()) == fast


def test_translate_takes_a_variant_and_says_so(tmp_path: Path) -> None:
    radiograph = make_radiograph()
    fast, plain = (translate(radiograph, model=name, device="torch-cpu/fp32") for name in ("tiny:fast", "tiny"))
    assert not np.array_equal(fast.hu, plain.hu)
    assert fast.provenance["model_variant"] == "fast" and "model_variant" not in plain.provenance
    assert fast.card is not None and fast.card.name == "tiny@0.1.0:fast"
    write_stack(fast, tmp_path / "stack.nrrd")
    assert read_stack(tmp_path / "stack.nrrd").provenance["model_variant"] == "fast"


def test_a_translator_stays_with_its_variant() -> None:
    radiograph = make_radiograph()
    with Translator("tiny:fast", "torch-cpu/fp32") as translator:
        stack = translator.translate(radiograph)
    assert stack.provenance["model_variant"] == "fast"
    assert np.array_equal(stack.hu, translate(radiograph, model="tiny:fast", device="torch-cpu/fp32").hu)


def test_a_worker_takes_a_variant(tmp_path: Path) -> None:
    with WorkerClient(folder=tmp_path) as client:
        stack = client.submit(make_radiograph(), model="tiny:fast", device="torch-cpu/fp32").result(60.0)
    assert stack.provenance["model_variant"] == "fast"
    assert stack.card == find_model("tiny:fast").card


def test_a_batch_takes_a_variant(png: Path, tmp_path: Path) -> None:
    rows: list[Row] = []
    report = batch([png], tmp_path / "out", model="tiny:fast", device="torch-cpu/fp32", spacing=2.0, on_row=rows.append)
    assert report.ok and [row.model for row in rows] == ["tiny@0.1.0:fast"]


def test_trust_asks_the_variant_that_made_a_stack() -> None:
    radiograph = make_radiograph()
    stack = translate(radiograph, model="tiny:fast", device="torch-cpu/fp32")
    for made in (stack, replace(stack, card=None)):  # as made here, and as read from a file
        report = trust(made, radiograph, device="torch-cpu/fp32")
        (origin,) = [flag for flag in report.flags if flag.name == "origin"]
        assert origin.level is TrustLevel.FINE, origin.sentence


@pytest.fixture
def png(tmp_path: Path) -> Path:
    pixels = make_radiograph().pixels[0]
    path = tmp_path / "chest.png"
    sitk.WriteImage(sitk.GetImageFromArray((pixels / pixels.max() * 65535).astype(np.uint16)), str(path))
    return path


def test_the_command_line_lists_and_takes_variants(png: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    assert "tiny@0.1.0:fast\n  A tiny model for tests, fast" in capsys.readouterr().out
    assert main(["models", "--json"]) == 0
    assert [card.get("variant") for card in json.loads(capsys.readouterr().out)["models"]] == [None, "fast"]
    assert main(["translate", str(png), "--model", "tiny:fast", "--spacing", "2"]) == 0
    assert read_stack(capsys.readouterr().out.strip()).provenance["model_variant"] == "fast"


def test_a_variant_whose_files_are_not_as_the_card_says_is_refused(folder: Path) -> None:
    weights = folder / "fast" / "weights.safetensors"
    content = weights.read_bytes()
    weights.write_bytes(content[:-1] + b"?")
    for path in (folder, folder / "fast"):
        with pytest.raises(XrayToCTError, match="SHA-256 differs"):
            load_bundle(path)
    weights.unlink()
    with pytest.raises(XrayToCTError, match=r"tiny@0\.1\.0:fast lacks the file"):
        load_bundle(folder)
    weights.write_bytes(content)
    (folder / "fast" / "more.pt").write_bytes(b"pickle")
    with pytest.raises(XrayToCTError, match="does not list"):
        load_bundle(folder)


def test_a_card_that_is_that_of_a_variant_alone_is_refused(folder: Path) -> None:
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps({**card, "variant": "fast"}))
    with pytest.raises(XrayToCTError, match="a variant alone"):
        load_bundle(folder)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"variants": {"Fast one": {}}}, "variants"),
        ({"variants": {"fast": {}}}, "variants.fast"),
        ({"variants": {"fast": {**variant_record(), "files": {"weights.safetensors": "0" * 64, "x.py": "0" * 64}}}},
         "variants.fast.files"),
    ],
)  # fmt: skip
def test_a_card_whose_variants_break_the_schema_is_refused(folder: Path, change: dict, field: str) -> None:
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps({**card, **change}))
    with pytest.raises(XrayToCTError, match=f"field {field} is wrong"):
        load_bundle(folder)


def test_a_variant_is_replaced_whole_or_not_at_all(folder: Path) -> None:
    before = load_bundle(folder)
    again = add_fast(folder, seed=2)
    assert again.sha256 != before.of_variant("fast").sha256
    assert load_bundle(folder).card.files == before.card.files
    wrong = build_network("unet-slabs", {**NARROW, "widths": [4, 4]}).state_dict()
    with pytest.raises(XrayToCTError, match="shape"):
        write_variant(folder, "fast", variant_record(), wrong)
    assert load_bundle(folder / "fast") == again
    assert [path.name for path in folder.parent.iterdir()] == ["tiny"]


@pytest.mark.parametrize("name", ["../fast", "weights.safetensors", "", "Fast"])
def test_a_variant_needs_a_plain_name(folder: Path, name: str) -> None:
    with pytest.raises(XrayToCTError):
        write_variant(folder, name, variant_record(), build_network("unet-slabs", NARROW).state_dict())
    assert [path.name for path in folder.parent.iterdir()] == ["tiny"]
    assert find_model().card.name == "tiny@0.1.0"


def test_a_bundle_that_is_written_anew_has_no_variants(folder: Path) -> None:
    torch.manual_seed(0)
    network = build_network("unet-slabs", card_record()["architecture"]["parameters"])
    assert not write_bundle(folder, card_record(), network.state_dict(), FILES, overwrite=True).card.variants
    assert not (folder / "fast").exists()


def test_a_comparison_names_the_variant_that_made_a_stack_of_a_file() -> None:
    stack = translate(make_radiograph(), model="tiny:fast", device="torch-cpu/fp32")
    (card,) = _cards([replace(stack, card=None)])
    assert card == find_model("tiny:fast").card
