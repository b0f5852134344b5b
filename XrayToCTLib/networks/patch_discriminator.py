"""PatchGAN discriminator, with spectral normalisation unless it is refused."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import spectral_norm


class PatchDiscriminator(nn.Module):
    """Scores overlapping patches (Isola et al., CVPR 2017), spectrally normalised (Miyato et al., ICLR 2018).

    Input (N, in_channels, H, W); output (N, 1, about H / 2**layers, about W / 2**layers), one score a patch.
    ``layers`` stride-2 convolutions: 3 give the classic 70-pixel patch. Without ``spectral`` its inner layers have
    instance normalisation instead, as the classic one has.
    """

    def __init__(self, in_channels: int = 1, filters: int = 32, layers: int = 3, spectral: bool = True) -> None:
        super().__init__()
        width = filters
        body: list[nn.Module] = [nn.Conv2d(in_channels, width, 4, stride=2, padding=1), nn.LeakyReLU(0.2, inplace=True)]
        for layer in range(1, layers + 1):
            wider = min(filters * 2**layer, filters * 8)
            stride = 2 if layer < layers else 1
            # No bias before instance normalisation, which would take it away again.
            body.append(nn.Conv2d(width, wider, 4, stride=stride, padding=1, bias=spectral))
            if not spectral:
                body.append(nn.InstanceNorm2d(wider))
            body.append(nn.LeakyReLU(0.2, inplace=True))
            width = wider
        body.append(nn.Conv2d(width, 1, 4, padding=1))
        if spectral:
            body = [spectral_norm(layer) if isinstance(layer, nn.Conv2d) else layer for layer in body]
        self.body = nn.Sequential(*body)

    def forward(self, image: Tensor) -> Tensor:
        with parametrize.cached():
            # Norms of the weights are found in single precision, whatever the convolutions are computed in.
            with torch.autocast(image.device.type, enabled=False):
                for layer in self.body:
                    if parametrize.is_parametrized(layer):
                        _ = layer.weight
            return self.body(image)
