"""The ONNX graph: it shares the bundle's weights, takes every size, and gives what torch gives."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")
pytest.importorskip("onnxruntime")

from Training.exporting.onnx_graph import check_onnx, onnx_graph  # noqa: E402  # after the packages it needs
from XrayToCTLib.errors import XrayToCTError  # noqa: E402
from XrayToCTLib.models.weights import read_tensors, write_tensors  # noqa: E402
from XrayToCTLib.networks.architectures import build_network  # noqa: E402

BALANCE = {"mean": 2.5, "std": 1.5, "slab_thickness_mm": 80.0}
NETWORKS = {
    "pyramid-slabs": {"slabs": 4, "widths": [32, 48], "detail_width": 32, "balance": BALANCE},
    "guided-slabs": {"slabs": 4, "widths": [32, 48], "detail_width": 32, "balance": BALANCE},
    "resnet9": {"filters": 16, "out_channels": 4, "blocks": 2},
}


def rounded(name: str, folder: Path) -> torch.nn.Module:
    """A network with the weights that its safetensors file holds."""
    torch.manual_seed(0)
    network = build_network(name, NETWORKS[name]).eval()
    for parameter in network.parameters():
        if not parameter.any():  # a head that starts as zero would drop out of the comparison
            torch.nn.init.normal_(parameter, std=0.05)
    write_tensors(folder / "weights.safetensors", network.state_dict())
    tensors = read_tensors(folder / "weights.safetensors")
    network.load_state_dict({key: value.float() for key, value in tensors.items()})
    return network


@pytest.fixture(scope="module", params=list(NETWORKS))
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, torch.nn.Module]:
    folder = tmp_path_factory.mktemp(request.param)
    network = rounded(request.param, folder)
    (folder / "network.onnx").write_bytes(onnx_graph(network, folder / "weights.safetensors"))
    return folder, network


@pytest.mark.parametrize("multiples", [(2, 2), (3, 5)])
def test_the_graph_gives_what_torch_gives_on_every_size(
    exported: tuple[Path, torch.nn.Module], multiples: tuple[int, int]
) -> None:
    folder, network = exported
    image = torch.randn(2, 1, *(int(network.multiple) * n for n in multiples))
    assert check_onnx(folder, "network.onnx", network, image, 1e-5) < 1e-5


def test_the_weights_are_not_stored_twice(exported: tuple[Path, torch.nn.Module]) -> None:
    folder, _ = exported
    assert (folder / "network.onnx").stat().st_size < 0.6 * (folder / "weights.safetensors").stat().st_size
    (folder / "weights.safetensors").rename(folder / "elsewhere.safetensors")
    try:
        with pytest.raises(XrayToCTError, match="cannot run"):
            check_onnx(folder, "network.onnx", exported[1], torch.zeros(1, 1, 64, 64), 1.0)
    finally:
        (folder / "elsewhere.safetensors").rename(folder / "weights.safetensors")


def test_the_graph_says_nothing_about_the_machine(exported: tuple[Path, torch.nn.Module]) -> None:
    content = (exported[0] / "network.onnx").read_bytes()
    assert b"site-packages" not in content and b".py" not in content


def test_a_graph_of_other_weights_is_refused(exported: tuple[Path, torch.nn.Module]) -> None:
    folder, network = exported
    state = {key: value.clone() for key, value in network.state_dict().items()}
    try:
        for parameter in network.parameters():
            parameter.data += 0.05
        image = torch.randn(1, 1, int(network.multiple) * 2, int(network.multiple) * 2)
        with pytest.raises(XrayToCTError, match="differs from torch"):
            check_onnx(folder, "network.onnx", network, image, 1e-5)
    finally:
        network.load_state_dict(state)
