"""PatchGAN discriminator with spectral normalisation."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm


class PatchDiscriminator(nn.Module):
    """Scores overlapping patches (Isola et al., CVPR 2017), spectrally normalised (Miyato et al., ICLR 2018).

    Input (N, in_channels, H, W); output (N, 1, about H / 2**layers, about W / 2**layers), one score a patch.
    ``layers`` stride-2 convolutions: 3 give the classic 70-pixel patch.
    """

    def __init__(self, in_channels: int = 1, filters: int = 32, layers: int = 3) -> None:
        super().__init__()
        width = filters
        body: list[nn.Module] = [spectral_norm(nn.Conv2d(in_channels, width, 4, stride=2, padding=1))]
        body.append(nn.LeakyReLU(0.2, inplace=True))
        for layer in range(1, layers + 1):
            wider = min(filters * 2**layer, filters * 8)
            stride = 2 if layer < layers else 1
            body.append(spectral_norm(nn.Conv2d(width, wider, 4, stride=stride, padding=1)))
            body.append(nn.LeakyReLU(0.2, inplace=True))
            width = wider
        body.append(spectral_norm(nn.Conv2d(width, 1, 4, padding=1)))
        self.body = nn.Sequential(*body)

    def forward(self, image: Tensor) -> Tensor:
        return self.body(image)
