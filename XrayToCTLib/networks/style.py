"""Style net: the look of a real detector on top of simulated line integrals."""

from __future__ import annotations

from torch import Tensor, nn


class StyleNet(nn.Module):
    """Three small convolutions added to their input: (N, 1, H, W) -> (N, 1, H, W), normalised line integrals.

    The way back of the physics cycle is the projector and this net. Its receptive field is 7 pixels and it starts as
    the identity: there is no room in it to hide a code that would satisfy the cycle without the anatomy (Chu et al.,
    arXiv 1712.02950).
    """

    def __init__(self, filters: int = 16) -> None:
        super().__init__()
        last = nn.Conv2d(filters, 1, 3, padding=1)
        nn.init.zeros_(last.weight)
        if last.bias is not None:
            nn.init.zeros_(last.bias)
        self.body = nn.Sequential(
            nn.Conv2d(1, filters, 3, padding=1),
            nn.SiLU(inplace=True),
            nn.Conv2d(filters, filters, 3, padding=1),
            nn.SiLU(inplace=True),
            last,
        )

    def forward(self, image: Tensor) -> Tensor:
        return image + self.body(image)
