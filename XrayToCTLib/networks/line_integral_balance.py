"""The physics as a layer: what a stack lacks of its radiograph's line integral is put where it most likely belongs."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..projection.plane_warps import MU_WATER_PER_MM


class LineIntegralBalance(nn.Module):
    """Adds to each ray's slabs a learned share of the difference between the input and their re-summed integral.

    One radiograph says nothing about where along a ray matter lies, but it says exactly how much of it there is. The
    network predicts, for each pixel, the shares of the slabs (they sum to 1) and how far the input is to be believed
    (0 to 1: a display-processed image shows its integrals only roughly).

    Args:
        features: channels of the features at half the image's resolution that shares and belief are read from.
        slabs: how many.
        mean, std: what the input was normalised with, line integrals, dimensionless.
        slab_thickness_mm: of the slabs; the obliquity of the rays (below 1.02) is left out.
    """

    def __init__(self, features: int, slabs: int, mean: float, std: float, slab_thickness_mm: float) -> None:
        super().__init__()
        self.mean, self.std = mean, std
        self.integral_per_slab = slab_thickness_mm * MU_WATER_PER_MM
        self.shares = nn.Conv2d(features, slabs + 1, 1)
        nn.init.zeros_(self.shares.weight)
        nn.init.zeros_(self.shares.bias)  # type: ignore[arg-type]  # there is a bias

    def forward(self, stack: Tensor, image: Tensor, features: Tensor) -> Tensor:
        """(N, slabs, H, W) HU / 1000, (N, 1, H, W), (N, features, H / 2, W / 2) -> (N, slabs, H, W) HU / 1000."""
        scores = functional.interpolate(
            self.shares(features).float(), scale_factor=2.0, mode="bilinear", align_corners=False
        )
        believed = torch.sigmoid(scores[:, -1:])
        # In single precision: the sum over the slabs is what the layer is about.
        stack = stack.float()
        resummed = (1.0 + stack).clamp(min=0.0).sum(1, keepdim=True)
        missing = (image.float() * self.std + self.mean) / self.integral_per_slab - resummed
        return stack + torch.softmax(scores[:, :-1], dim=1) * (believed * missing)
