"""The library's networks: shapes, names, and what their design promises."""

from __future__ import annotations

import pytest

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.networks.architectures import build_network, known_architectures

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("size", [(64, 64), (96, 160)])
def test_the_unet_gives_one_slab_a_channel_on_the_grid_of_its_input(size: tuple[int, int]) -> None:
    network = build_network("unet-slabs", {"slabs": 5, "widths": [8, 16, 16], "unshuffle": 2})
    assert network(torch.zeros(2, 1, *size)).shape == (2, 5, *size)
    assert network.multiple == 8


def test_the_unet_keeps_the_exposure() -> None:
    """An input and the same input plus a constant must not come out alike: the constant is tissue thickness."""
    torch.manual_seed(0)
    network = build_network("unet-slabs", {"slabs": 2, "widths": [8, 16], "unshuffle": 2})
    image = torch.rand(1, 1, 32, 32)
    assert (network(image) - network(image + 1.0)).abs().mean() > 0.05


def test_resnet9_has_the_size_that_the_papers_state() -> None:
    network = build_network("resnet9", {})
    assert sum(parameter.numel() for parameter in network.parameters()) == pytest.approx(11.4e6, rel=0.01)
    with torch.inference_mode():
        assert network(torch.zeros(1, 1, 64, 48)).shape == (1, 1, 64, 48)


def test_the_style_net_starts_as_the_identity_and_sees_only_its_neighbourhood() -> None:
    style = build_network("style", {})
    image = torch.rand(1, 1, 32, 32)
    torch.testing.assert_close(style(image), image)
    for parameter in style.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    spot = image.clone()
    spot[..., 16, 16] += 1.0
    changed = (style(spot) - style(image)).abs()[0, 0] > 1e-7
    assert changed[13:20, 13:20].any()
    changed[13:20, 13:20] = False
    assert not changed.any()


def test_the_discriminator_scores_patches() -> None:
    judge = build_network("patch-discriminator", {"in_channels": 3, "filters": 8})
    assert judge(torch.zeros(2, 3, 64, 64)).shape[:2] == (2, 1)


def test_an_unknown_architecture_names_the_known_ones() -> None:
    with pytest.raises(XrayToCTError, match="unet-slabs"):
        build_network("transformer-9000", {})
    assert "resnet9" in known_architectures()


@pytest.mark.parametrize("parameters", [{"depth": 7}, {"widths": 3}, {"slabs": -1}])
def test_parameters_that_do_not_fit_are_an_error_with_a_hint(parameters: dict) -> None:
    with pytest.raises(XrayToCTError, match="do not fit"):
        build_network("unet-slabs", parameters)
