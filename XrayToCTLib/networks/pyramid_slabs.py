"""The flagship's generator: a coarse U-Net finds the anatomy, a light head adds the detail and closes the physics."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from .line_integral_balance import LineIntegralBalance
from .unet_slabs import ConvBlock, UNetSlabs


class PyramidSlabs(nn.Module):
    """Two steps of a Laplacian pyramid (Burt and Adelson, IEEE Trans. Commun. 1983) and a balance of line integrals.

    Input: as for ``UNetSlabs``.
    Output: (N, slabs, H, W) float, HU / 1000.

    ``coarse`` is a whole ``UNetSlabs`` that works on the image at half its resolution: it can be trained alone there,
    at a quarter of the cost, and most of what a slab needs (where lungs, heart, ribs and back are in depth) has no
    finer scale. The detail head sees the image itself, starts as nothing, and is added to the enlarged coarse slabs.
    """

    def __init__(
        self,
        in_channels: int = 1,
        slabs: int = 16,
        widths: Sequence[int] = (32, 64, 128, 256, 256),
        unshuffle: int = 2,
        detail_width: int = 48,
        balance: dict[str, float] | None = None,
    ) -> None:
        """``balance``: the arguments of ``LineIntegralBalance`` but its features and slabs; None leaves it out."""
        super().__init__()
        self.in_channels = in_channels
        self.coarse = UNetSlabs(in_channels, slabs, widths, unshuffle)
        self.multiple = 2 * self.coarse.multiple
        self.unshuffle = nn.PixelUnshuffle(2)
        self.detail = ConvBlock(4 * in_channels + widths[0] + slabs, detail_width)
        self.head = nn.Conv2d(detail_width + in_channels, slabs, 3, padding=1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)  # type: ignore[arg-type]  # there is a bias
        self.balance = None if balance is None else LineIntegralBalance(detail_width, slabs, **balance)

    def forward(self, image: Tensor) -> Tensor:
        half = functional.avg_pool2d(image, 2)
        features = self.coarse.features(half)
        coarse = self.coarse.head(torch.cat((features, half), dim=1))
        # In the features' precision: under autocast the image alone would make the whole tensor float32.
        parts = (self.unshuffle(image), features, coarse)
        detail = self.detail(torch.cat([part.to(features.dtype) for part in parts], dim=1))
        enlarged = functional.interpolate(detail, scale_factor=2.0, mode="nearest")
        stack = self.head(torch.cat((enlarged, image.to(enlarged.dtype)), dim=1))
        stack = stack + functional.interpolate(coarse, scale_factor=2.0, mode="bilinear", align_corners=False)
        return stack if self.balance is None else self.balance(stack, image[:, :1], detail)
