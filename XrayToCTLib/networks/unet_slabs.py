"""U-Net generator: one radiograph in, K slabs out."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional


class ConvBlock(nn.Sequential):
    """Two 3 x 3 convolutions, each with group normalisation (not on the first of the network) and SiLU.

    Group rather than instance normalisation: instance normalisation with one value a channel erases the exposure,
    which carries the thickness of the patient.
    """

    def __init__(self, inputs: int, outputs: int, *, normalise_first: bool = True) -> None:
        groups = max(1, outputs // 16)
        layers: list[nn.Module] = [nn.Conv2d(inputs, outputs, 3, padding=1, bias=not normalise_first)]
        if normalise_first:
            layers.append(nn.GroupNorm(groups, outputs))
        layers += [nn.SiLU(inplace=True), nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)]
        layers += [nn.GroupNorm(groups, outputs), nn.SiLU(inplace=True)]
        super().__init__(*layers)


class UNetSlabs(nn.Module):
    """U-Net (Ronneberger et al., MICCAI 2015) on a pixel-unshuffled image, with a linear full-resolution head.

    Input: (N, in_channels, H, W) float: normalised line integrals and, with two channels, where they are calibrated (1)
    or known by their order alone (0); H and W multiples of ``multiple``.
    Output: (N, slabs, H, W) float, normalised HU.

    Up-sampling is nearest neighbour and convolution, which leaves no checkerboard (Odena et al., Distill 2016). The
    head sees the input itself, so edges need not pass through the halved grid.
    """

    def __init__(
        self,
        in_channels: int = 1,
        slabs: int = 16,
        widths: Sequence[int] = (32, 64, 128, 256, 256),
        unshuffle: int = 2,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.multiple = unshuffle * 2 ** (len(widths) - 1)
        self.unshuffle = nn.PixelUnshuffle(unshuffle)
        inputs = in_channels * unshuffle**2
        self.encoders = nn.ModuleList()
        for level, width in enumerate(widths):
            self.encoders.append(ConvBlock(inputs, width, normalise_first=level > 0))
            inputs = width
        self.decoders = nn.ModuleList()
        for width in reversed(widths[:-1]):
            self.decoders.append(ConvBlock(inputs + width, width))
            inputs = width
        self.scale = float(unshuffle)
        self.head = nn.Conv2d(inputs + in_channels, slabs, 3, padding=1)

    def forward(self, image: Tensor) -> Tensor:
        return self.head(torch.cat((self.features(image), image), dim=1))

    def features(self, image: Tensor) -> Tensor:
        """What the head sees beside the image: (N, widths[0], H, W)."""
        features = self.unshuffle(image)
        skips: list[Tensor] = []
        for level, encoder in enumerate(self.encoders):
            if level:
                features = functional.max_pool2d(features, 2)
            features = encoder(features)
            skips.append(features)
        skips.pop()
        for decoder in self.decoders:
            features = functional.interpolate(features, scale_factor=2.0, mode="nearest")
            features = decoder(torch.cat((features, skips.pop()), dim=1))
        return functional.interpolate(features, scale_factor=self.scale, mode="nearest")
