"""The table that resolves a card's architecture name: a bundle carries data, never code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import XrayToCTError

if TYPE_CHECKING:
    from torch import nn

_ARCHITECTURES = {
    "unet-slabs": ("unet_slabs", "UNetSlabs"),
    "pyramid-slabs": ("pyramid_slabs", "PyramidSlabs"),
    "guided-slabs": ("guided_slabs", "GuidedSlabs"),
    "resnet9": ("resnet9", "ResNet9"),
    "patch-discriminator": ("patch_discriminator", "PatchDiscriminator"),
    "style": ("style", "StyleNet"),
}


def known_architectures() -> tuple[str, ...]:
    return tuple(_ARCHITECTURES)


def build_network(name: str, parameters: Mapping[str, Any]) -> nn.Module:
    """A freshly initialised network of the library's own.

    Raises:
        XrayToCTError: the name is unknown, or the parameters do not fit it.
    """
    if name not in _ARCHITECTURES:
        raise XrayToCTError(
            f"The architecture '{name}' is unknown to this version.",
            hint=f"Update XrayToCT, or use a model built on one of: {', '.join(_ARCHITECTURES)}.",
        )
    from importlib import import_module

    module, class_name = _ARCHITECTURES[name]
    network_class = getattr(import_module(f"{__package__}.{module}"), class_name)
    try:
        network: nn.Module = network_class(**parameters)
    except (TypeError, ValueError, RuntimeError) as error:
        raise XrayToCTError(
            f"The parameters {dict(parameters)} do not fit the architecture '{name}' ({error}).",
            hint="The model's card is damaged; get the model again.",
        ) from error
    return network
