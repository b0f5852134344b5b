"""The classic CycleGAN generator: nine residual blocks, instance normalisation, reflection padding."""

from __future__ import annotations

from torch import Tensor, nn


class ResidualBlock(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3, bias=False),
            nn.InstanceNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3, bias=False),
            nn.InstanceNorm2d(channels),
        )

    def forward(self, features: Tensor) -> Tensor:
        return features + self.body(features)


class ResNet9(nn.Module):
    """Generator of Zhu et al. (CycleGAN, ICCV 2017), after Johnson et al. (ECCV 2016), with resize convolutions.

    Input (N, in_channels, H, W), output (N, out_channels, H, W) in -1..1 (tanh); H and W multiples of 4.
    The named baseline of every speed figure: 64 filters, 1 channel in and out; 11.4 M parameters, 48.7 GMAC at
    256 x 256.
    """

    multiple = 4

    def __init__(self, in_channels: int = 1, out_channels: int = 1, filters: int = 64, blocks: int = 9) -> None:
        super().__init__()
        self.in_channels = in_channels
        layers: list[nn.Module] = [nn.ReflectionPad2d(3), nn.Conv2d(in_channels, filters, 7, bias=False)]
        layers += [nn.InstanceNorm2d(filters), nn.ReLU(inplace=True)]
        width = filters
        for _ in range(2):
            layers += [nn.Conv2d(width, width * 2, 3, stride=2, padding=1, bias=False)]
            layers += [nn.InstanceNorm2d(width * 2), nn.ReLU(inplace=True)]
            width *= 2
        layers += [ResidualBlock(width) for _ in range(blocks)]
        for _ in range(2):
            layers += [nn.Upsample(scale_factor=2.0, mode="nearest"), nn.ReflectionPad2d(1)]
            layers += [nn.Conv2d(width, width // 2, 3, bias=False)]
            layers += [nn.InstanceNorm2d(width // 2), nn.ReLU(inplace=True)]
            width //= 2
        layers += [nn.ReflectionPad2d(3), nn.Conv2d(filters, out_channels, 7), nn.Tanh()]
        self.body = nn.Sequential(*layers)

    def forward(self, image: Tensor) -> Tensor:
        return self.body(image)
