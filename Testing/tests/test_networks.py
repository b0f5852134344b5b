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


PYRAMID = {"slabs": 5, "widths": [8, 16, 16], "unshuffle": 2, "detail_width": 16}
BALANCE = {"mean": 2.5, "std": 1.5, "slab_thickness_mm": 64.0}


def test_a_fresh_pyramid_is_its_coarse_network_enlarged() -> None:
    """So a coarse network that was trained alone loses nothing when the detail head joins."""
    torch.manual_seed(0)
    network = build_network("pyramid-slabs", PYRAMID)
    assert network.multiple == 16
    image = torch.rand(2, 1, 32, 48)
    stack = network(image)
    assert stack.shape == (2, 5, 32, 48)
    coarse = network.coarse(torch.nn.functional.avg_pool2d(image, 2))
    enlarged = torch.nn.functional.interpolate(coarse, scale_factor=2.0, mode="bilinear")
    torch.testing.assert_close(stack, enlarged)


def test_a_believed_input_is_reproduced_by_the_sum_of_the_slabs() -> None:
    torch.manual_seed(0)
    network = build_network("pyramid-slabs", {**PYRAMID, "balance": BALANCE})
    with torch.no_grad():
        network.balance.shares.bias[-1] = 20.0  # belief: all but 1
        network.coarse.head.weight *= 0.1  # no slab below air
    image = torch.rand(1, 1, 32, 32)
    resummed = (1.0 + network(image)).sum(1, keepdim=True) * (0.02 * 64.0)
    torch.testing.assert_close(resummed, image * 1.5 + 2.5, rtol=1e-4, atol=1e-4)


def test_a_disbelieved_input_changes_nothing() -> None:
    torch.manual_seed(0)
    network = build_network("pyramid-slabs", {**PYRAMID, "balance": BALANCE})
    image = torch.rand(1, 1, 32, 32)
    with torch.no_grad():
        network.balance.shares.bias[-1] = -40.0
        balanced = network(image)
        network.balance = None
        torch.testing.assert_close(balanced, network(image))


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


def test_a_network_of_two_channels_balances_by_the_first() -> None:
    """The second says whether the line integrals are calibrated; it is no radiograph to be reproduced."""
    torch.manual_seed(0)
    network = build_network("pyramid-slabs", {**PYRAMID, "in_channels": 2, "balance": BALANCE})
    with torch.no_grad():
        network.balance.shares.bias[-1] = 20.0
        network.coarse.head.weight *= 0.1
    image = torch.cat((torch.rand(1, 1, 32, 32), torch.ones(1, 1, 32, 32)), dim=1)
    resummed = (1.0 + network(image)).sum(1, keepdim=True) * (0.02 * 64.0)
    torch.testing.assert_close(resummed, image[:, :1] * 1.5 + 2.5, rtol=1e-4, atol=1e-4)
