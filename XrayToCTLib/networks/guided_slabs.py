"""The generator of fast variants: slabs at half the image's resolution, enlarged under the image's guidance."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..projection.plane_warps import MU_WATER_PER_MM
from .unet_slabs import UNetSlabs


class GuidedSlabs(nn.Module):
    """As ``PyramidSlabs`` with a balance, but nothing is convolved at the image's own resolution.

    Input: as for ``UNetSlabs``.
    Output: (N, slabs, H, W) float, HU / 1000.

    The line-integral balance (see ``LineIntegralBalance``) is linear in the image, so the stack is written as
    ``enlarged(a) * image + enlarged(b)`` with coefficients at half the resolution: the guided filter in its fast form
    (He and Sun, arXiv 1505.00996), its coefficients learned. ``a`` holds the slabs' shares of a ray, so the detail of
    the image goes where the ray's matter is thought to lie, and the re-summed integrals follow the image.

    ``coarse`` is that of a ``PyramidSlabs`` of the same widths and can take its weights.
    """

    def __init__(
        self,
        in_channels: int = 1,
        slabs: int = 16,
        widths: Sequence[int] = (32, 64, 128, 256, 256),
        unshuffle: int = 2,
        detail_width: int = 32,
        *,
        balance: dict[str, float],
    ) -> None:
        """``balance``: mean and std that line integrals were normalised with, and slab_thickness_mm."""
        super().__init__()
        self.in_channels, self.slabs = in_channels, slabs
        self.coarse = UNetSlabs(in_channels, slabs, widths, unshuffle)
        self.multiple = 2 * self.coarse.multiple
        self.unshuffle = nn.PixelUnshuffle(2)
        self.detail = nn.Sequential(
            nn.Conv2d(4 * in_channels + widths[0] + slabs, detail_width, 3, padding=1), nn.SiLU(inplace=True)
        )
        self.head = nn.Conv2d(detail_width, 2 * slabs + 1, 1)  # corrections, shares, belief
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)  # type: ignore[arg-type]  # there is a bias
        per_slab = _integral_per_slab(**balance)
        self.water, self.contrast = balance["mean"] / per_slab, balance["std"] / per_slab

    def forward(self, image: Tensor) -> Tensor:
        half = functional.avg_pool2d(image, 2)
        features = self.coarse.features(half)
        coarse = self.coarse.head(torch.cat((features, half), dim=1))
        # In the features' precision: under autocast the image alone would make the whole tensor float32.
        parts = (self.unshuffle(image), features, coarse)
        detail = self.detail(torch.cat([part.to(features.dtype) for part in parts], dim=1))
        # In single precision: the sum over the slabs is what the balance is about.
        scores, slabs = self.head(detail).float(), self.slabs
        stack = coarse.float() + scores[:, :slabs]
        shares = torch.softmax(scores[:, slabs : 2 * slabs], dim=1) * torch.sigmoid(scores[:, 2 * slabs :])
        resummed = (1.0 + stack).clamp(min=0.0).sum(1, keepdim=True)
        return _enlarged(stack + shares * (self.water - resummed)) + _enlarged(shares * self.contrast) * image[:, :1]


def _integral_per_slab(mean: float, std: float, slab_thickness_mm: float) -> float:
    """Of water, dimensionless; the names are those that a card gives, and others are refused."""
    return slab_thickness_mm * MU_WATER_PER_MM


def _enlarged(coefficients: Tensor) -> Tensor:
    return functional.interpolate(coefficients, scale_factor=2.0, mode="bilinear", align_corners=False)
