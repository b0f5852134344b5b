"""One way to use every generator: normalised line integrals in, HU / 1000 out."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from XrayToCTLib.networks.architectures import build_network

from .settings import NetworkSettings

# ResNet-9 ends in tanh: -1..1 is the window of the targets, -1024..1476 HU; a linear head gives HU / 1000 itself.
_SLOPE_AND_INTERCEPT = {"resnet9": (1.25, 0.226)}
# The same for a generator of radiographs: normalised line integrals -1.7..4.3, which is 0 to 9.
_RADIOGRAPH = {"resnet9": (3.0, 1.3)}


class Scaled(nn.Module):
    """A network whose output is scaled: ``slope * network(x) + intercept``.

    It takes radiographs of one channel or of two (see ``PairedBatch.image``), whichever its network knows.
    """

    network: nn.Module

    def __init__(self, network: nn.Module, slope: float, intercept: float) -> None:
        super().__init__()
        self.network = network
        self.slope, self.intercept = slope, intercept
        self.in_channels = int(getattr(network, "in_channels", 0))
        self.multiple = int(getattr(network, "multiple", 1))

    def forward(self, image: Tensor) -> Tensor:
        result: Tensor = self.network(self._fitting(image))
        return result if (self.slope, self.intercept) == (1.0, 0.0) else result.float() * self.slope + self.intercept

    def _fitting(self, image: Tensor) -> Tensor:
        """The channels that the network knows: a radiograph without word of its calibration has none."""
        missing = self.in_channels - image.shape[1] if self.in_channels else 0
        if missing > 0:
            return torch.cat((image, image.new_zeros(image.shape[0], missing, *image.shape[2:])), dim=1)
        return image[:, : self.in_channels] if missing < 0 else image


def hu_scale(name: str) -> tuple[float, float]:
    """(slope, intercept) in HU / 1000 of an architecture's output; a card states them times 1000."""
    return _SLOPE_AND_INTERCEPT.get(name, (1.0, 0.0))


def build_generator(settings: NetworkSettings) -> Scaled:
    """radiograph (n, 1, rows, cols), normalised line integrals -> stack (n, slabs, rows, cols), HU / 1000."""
    return Scaled(build_network(settings.name, settings.parameters), *hu_scale(settings.name))


def build_back_generator(settings: NetworkSettings) -> Scaled:
    """stack (n, slabs, rows, cols), HU / 1000 -> radiograph (n, 1, rows, cols), normalised line integrals."""
    slope, intercept = _RADIOGRAPH.get(settings.name, (1.0, 0.0))
    return Scaled(build_network(settings.name, settings.parameters), slope, intercept)
