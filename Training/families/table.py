"""The table that resolves a family's name."""

from __future__ import annotations

import torch
from lightning_fabric import Fabric

from XrayToCTLib.errors import XrayToCTError

from ..config import RunConfig
from .cnn import Cnn
from .cyclegan import CycleGan
from .distillation import Distillation
from .family import Family
from .generator_in_hu import build_generator
from .physics_cyclegan import PhysicsCycleGan
from .pix2pix import Pix2Pix

_FAMILIES: dict[str, type[Family]] = {
    "physics-cyclegan": PhysicsCycleGan,
    "cyclegan": CycleGan,
    "pix2pix": Pix2Pix,
    "cnn": Cnn,
    "distillation": Distillation,
}


def build_family(config: RunConfig, fabric: Fabric) -> Family:
    """The family of a run, its networks freshly initialised from the run's seed.

    Raises:
        XrayToCTError: the network does not fit the field, or the family's settings contradict each other.
    """
    _check_network(config)
    return _FAMILIES[config.family.name](config, fabric)


def _check_network(config: RunConfig) -> None:
    """The generator must give the field's slabs on the field's grid."""
    network = build_generator(config.network).eval()
    multiple, size = network.multiple, config.field.size
    if size % multiple:
        raise XrayToCTError(
            f"A field of {size} pixels does not fit the network, which needs multiples of {multiple}.",
            hint=f"Set field.size to {max(1, round(size / multiple)) * multiple}.",
        )
    if network.in_channels not in (1, 2):
        raise XrayToCTError(
            f"The network {config.network.name} takes {network.in_channels} channels.",
            hint="Set network.parameters.in_channels to 1 (line integrals) or 2 (and whether they are calibrated).",
        )
    try:
        with torch.inference_mode():
            shape = tuple(network(torch.zeros(1, 1, size, size)).shape)
    except RuntimeError as error:
        raise XrayToCTError(
            f"The network {config.network.name} cannot take a radiograph: {str(error).splitlines()[0]}.",
            hint="Correct network.parameters.",
        ) from error
    if shape != (1, config.field.slabs, size, size):
        raise XrayToCTError(
            f"The network {config.network.name} gives an output of shape {shape[1:]}, but the field has "
            f"{config.field.slabs} slabs of {size} x {size}.",
            hint="Correct network.parameters or field.",
        )


def uses_radiographs(config: RunConfig) -> bool:
    """Whether real radiographs take part in a run of this family, at some time."""
    return _FAMILIES[config.family.name].uses_radiographs
