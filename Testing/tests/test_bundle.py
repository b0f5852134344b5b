"""Bundle: a model's folder is opened only when every file is what its card says."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_bundle import FILES, PARAMETERS, card_record, write_tiny_bundle

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.models.bundle import load_bundle, write_bundle
from XrayToCTLib.networks.architectures import build_network


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_tiny_bundle(tmp_path / "tiny").folder


def refusal(folder: Path, *, network: bool = False) -> str:
    with pytest.raises(XrayToCTError) as caught:
        bundle = load_bundle(folder)
        if network:
            bundle.load_network()
    return str(caught.value)


def edit_card(folder: Path, **changes: Any) -> None:
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps({**card, **changes}))


def replace_weights(folder: Path, tensors: dict[str, torch.Tensor]) -> None:
    """Other weights, with the hash in the card put right: only their content is wrong."""
    save_file(tensors, folder / "weights.safetensors")
    files = json.loads((folder / "card.json").read_text())["files"]
    digest = hashlib.sha256((folder / "weights.safetensors").read_bytes()).hexdigest()
    edit_card(folder, files={**files, "weights.safetensors": digest})


def test_a_bundle_that_was_written_opens_again(folder: Path):
    bundle = load_bundle(folder)
    assert bundle.card.name == "tiny@0.1.0"
    assert set(bundle.card.files) == {"weights.safetensors", *FILES}
    assert bundle.sha256 == hashlib.sha256((folder / "card.json").read_bytes()).hexdigest()


def test_weights_are_kept_as_float16_and_come_back_as_float32(tmp_path: Path):
    torch.manual_seed(1)
    network = build_network("unet-slabs", PARAMETERS)
    bundle = write_bundle(tmp_path / "tiny", card_record(), network.state_dict(), FILES)
    assert {t.dtype for t in load_file(bundle.folder / "weights.safetensors").values()} == {torch.float16}
    loaded = bundle.load_network()
    assert not loaded.training
    for name, tensor in loaded.state_dict().items():
        assert tensor.dtype == torch.float32
        assert torch.equal(tensor, network.state_dict()[name].half().float())


def test_a_folder_without_a_card_is_no_model(tmp_path: Path):
    assert "card.json" in refusal(tmp_path)
    assert "nowhere" in refusal(tmp_path / "nowhere")


def test_a_broken_card_is_refused(folder: Path):
    (folder / "card.json").write_text("{ not json")
    assert "not valid JSON" in refusal(folder)


def test_a_card_that_is_not_text_is_refused(folder: Path):
    (folder / "card.json").write_bytes(b"\xff\xfe\x00")
    assert "cannot be read" in refusal(folder)


@pytest.mark.parametrize("name", ["weights.safetensors", "LICENSE.txt", "CREDITS.txt"])
def test_a_missing_file_is_named(folder: Path, name: str):
    (folder / name).unlink()
    assert name in refusal(folder)


@pytest.mark.parametrize("name", ["weights.safetensors", "LICENSE.txt"])
def test_a_changed_file_is_refused_by_its_hash(folder: Path, name: str):
    load_bundle(folder)  # a bundle that was checked before must be checked again
    content = bytearray((folder / name).read_bytes())
    content[-1] ^= 1
    (folder / name).write_bytes(content)
    message = refusal(folder)
    assert name in message
    assert "SHA-256" in message


def test_weights_that_the_card_does_not_list_are_refused(folder: Path):
    (folder / "extra.pt").write_bytes(b"pickle")
    assert "extra.pt" in refusal(folder)


def test_an_unknown_architecture_is_refused(folder: Path):
    edit_card(folder, architecture={"name": "transformer", "parameters": {}})
    assert "transformer" in refusal(folder, network=True)


def test_parameters_that_do_not_fit_the_architecture_are_refused(folder: Path):
    edit_card(folder, architecture={"name": "unet-slabs", "parameters": {"colour": "blue"}})
    assert "unet-slabs" in refusal(folder, network=True)


def test_a_tensor_of_another_shape_is_named(folder: Path):
    tensors = load_file(folder / "weights.safetensors")
    tensors["head.bias"] = torch.zeros(7, dtype=torch.float16)
    replace_weights(folder, tensors)
    message = refusal(folder, network=True)
    assert "head.bias" in message
    assert "(7,)" in message


def test_a_missing_and_an_extra_tensor_are_named(folder: Path):
    tensors = load_file(folder / "weights.safetensors")
    bias = tensors.pop("head.bias")
    replace_weights(folder, tensors)
    assert "lacks the tensor head.bias" in refusal(folder, network=True)
    replace_weights(folder, {**tensors, "head.bias": bias, "tail.bias": bias.clone()})
    assert "tail.bias" in refusal(folder, network=True)


def test_weights_that_are_not_finite_are_refused(folder: Path):
    tensors = load_file(folder / "weights.safetensors")
    tensors["head.bias"][0] = float("nan")
    replace_weights(folder, tensors)
    assert "NaN" in refusal(folder, network=True)


def test_weights_that_are_not_safetensors_are_refused(folder: Path):
    (folder / "weights.safetensors").write_bytes(b"not safetensors")
    files = json.loads((folder / "card.json").read_text())["files"]
    edit_card(folder, files={**files, "weights.safetensors": hashlib.sha256(b"not safetensors").hexdigest()})
    assert "safetensors" in refusal(folder, network=True)


def test_a_grid_that_the_network_cannot_take_is_refused(folder: Path):
    edit_card(folder, grid={"spacing_mm": [3, 3], "trained_shape": [64, 64], "multiple": 4})
    assert "multiples of 4" in refusal(folder, network=True)


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path):
    network = build_network("unet-slabs", PARAMETERS)
    state = network.state_dict()
    broken_card = card_record(version="newest")
    broken_state = {**state, "head.bias": torch.full((4,), 1e9)}
    for card, tensors, files in (
        (broken_card, state, FILES),
        (card_record(), broken_state, FILES),
        (card_record(), {"head.bias": state["head.bias"]}, FILES),
        (card_record(), state, {"LICENSE.txt": "only this"}),
        (card_record(), state, {**FILES, "../outside.txt": "no"}),
        (card_record(), state, {**FILES, "preview.png": tmp_path / "missing.png"}),
    ):
        with pytest.raises(XrayToCTError):
            write_bundle(tmp_path / "tiny", card, tensors, files)
        assert list(tmp_path.iterdir()) == []


def test_a_bundle_is_replaced_only_when_asked(folder: Path):
    with pytest.raises(XrayToCTError, match="exists already"):
        write_tiny_bundle(folder)
    network = build_network("unet-slabs", PARAMETERS)
    write_bundle(folder, card_record(version="0.2.0"), network.state_dict(), FILES, overwrite=True)
    assert load_bundle(folder).card.version == "0.2.0"
    assert [path.name for path in folder.parent.iterdir()] == ["tiny"]


def test_further_files_are_copied_and_listed(tmp_path: Path):
    picture = tmp_path / "some.png"
    picture.write_bytes(b"png")
    network = build_network("unet-slabs", PARAMETERS)
    bundle = write_bundle(tmp_path / "tiny", card_record(), network.state_dict(), {**FILES, "preview.png": picture})
    assert (bundle.folder / "preview.png").read_bytes() == b"png"
    assert bundle.card.files["preview.png"] == hashlib.sha256(b"png").hexdigest()
