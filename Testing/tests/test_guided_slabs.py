"""The fast variants' network: the same physics as the flagship's from coefficients at half the resolution."""

from __future__ import annotations

import pytest

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.networks.architectures import build_network

torch = pytest.importorskip("torch")

BALANCE = {"mean": 2.5, "std": 1.5, "slab_thickness_mm": 64.0}
GUIDED = {"slabs": 5, "widths": [8, 16, 16], "unshuffle": 2, "detail_width": 16, "balance": BALANCE}


def test_it_gives_one_slab_a_channel_on_the_grid_of_its_input() -> None:
    network = build_network("guided-slabs", {**GUIDED, "in_channels": 2})
    assert network.multiple == 16
    assert network(torch.zeros(2, 2, 32, 48)).shape == (2, 5, 32, 48)


def test_a_believed_input_is_reproduced_by_the_sum_of_the_slabs_down_to_its_pixels() -> None:
    torch.manual_seed(0)
    network = build_network("guided-slabs", GUIDED)
    with torch.no_grad():
        network.head.bias[-1] = 20.0  # belief: all but 1
        network.coarse.head.weight *= 0.1  # no slab below air
    image = torch.rand(1, 1, 32, 32)
    resummed = (1.0 + network(image)).sum(1, keepdim=True) * (0.02 * 64.0)
    torch.testing.assert_close(resummed, image * 1.5 + 2.5, rtol=1e-4, atol=1e-4)


def test_a_disbelieved_input_leaves_the_coarse_slabs_enlarged() -> None:
    torch.manual_seed(0)
    network = build_network("guided-slabs", GUIDED)
    with torch.no_grad():
        network.head.bias[-1] = -40.0
    image = torch.rand(1, 1, 32, 32)
    coarse = network.coarse(torch.nn.functional.avg_pool2d(image, 2))
    torch.testing.assert_close(
        network(image), torch.nn.functional.interpolate(coarse, scale_factor=2.0, mode="bilinear")
    )


def test_the_detail_of_the_image_goes_where_the_shares_are() -> None:
    torch.manual_seed(0)
    network = build_network("guided-slabs", GUIDED)
    with torch.no_grad():
        network.head.bias[5 + 3] = 40.0  # all of each ray's missing matter belongs to slab 3
        network.head.bias[-1] = 20.0
        image = torch.rand(1, 1, 32, 32)
        checks = torch.tensor([[1.0, -1.0], [-1.0, 1.0]]).repeat(16, 16)  # no trace of it at half the resolution
        change = network(image + 0.1 * checks) - network(image)
    fine = (change * checks).mean((0, 2, 3))
    assert fine[3] > 10 * fine[[0, 1, 2, 4]].abs().max()


def test_it_takes_the_coarse_network_of_a_pyramid() -> None:
    pyramid = build_network("pyramid-slabs", GUIDED)
    network = build_network("guided-slabs", {**GUIDED, "detail_width": 8})
    assert {k: v.shape for k, v in pyramid.coarse.state_dict().items()} == {
        k: v.shape for k, v in network.coarse.state_dict().items()
    }


@pytest.mark.parametrize("balance", [{}, {**BALANCE, "depth": 1.0}, None])
def test_a_balance_that_does_not_fit_is_an_error_with_a_hint(balance: object) -> None:
    with pytest.raises(XrayToCTError, match="do not fit"):
        build_network("guided-slabs", {**GUIDED, "balance": balance})
