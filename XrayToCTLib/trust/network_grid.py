"""A radiograph and its stack on the network's grid, where a trust check costs milliseconds instead of seconds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ..ct_stack import CtStack
from ..errors import XrayToCTError
from ..models.card import ModelCard
from ..radiograph import IntensityScale, Radiograph
from ..translation.harmonise import to_line_integrals
from ..translation.resample import network_shape, resample

# Of a stack that no card belongs to: finer than slabs of 20 mm can be trusted to show anyway.
_OWN_SPACING_MM = (1.5, 1.5)


def radiograph_on_grid(radiograph: Radiograph, card: ModelCard | None) -> Radiograph:
    """One frame on the grid that the network sees: translated, it gives what the whole radiograph gives there."""
    shape = network_shape(radiograph.shape, radiograph.spacing, card.grid.spacing_mm if card else _OWN_SPACING_MM)
    pixels = resample(radiograph.pixels[0], shape)[None]
    height, width = radiograph.extent_mm
    return replace(radiograph, pixels=pixels, spacing=(height / shape[0], width / shape[1]))


def slabs_on_grid(hu: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Slabs (slabs, rows, cols) on another number of rows and columns over the same extent, float32."""
    return np.stack([resample(np.asarray(slab, np.float32), shape) for slab in hu])


def seen_through(hu: np.ndarray, shape: tuple[int, int]) -> Iterator[np.ndarray]:
    """Slabs of the network's grid as they come back from a radiograph of ``shape``: what linear interpolation onto it
    and averaging back leave of them."""
    for slab in hu:
        yield resample(resample(slab, shape), (slab.shape[0], slab.shape[1]))


def line_integrals_on_grid(small: Radiograph, card: ModelCard | None) -> np.ndarray:
    """float32 (rows, cols): what the network is fed of a radiograph that is on its grid already.

    Raises:
        XrayToCTError: the values are no line integrals and there is no card to map them by.
    """
    if card is None:
        if small.scale is IntensityScale.LINE_INTEGRAL:
            return small.pixels[0]
        raise XrayToCTError(
            "The radiograph holds no line integrals, and the model that would map its grey levels onto them is not "
            "there.",
            hint="Pass model=: the one that made the stack.",
        )
    integrals, _ = to_line_integrals(small.pixels[0], small.scale, card.input.reference_quantiles)
    return integrals


def check_belongs(stack: CtStack, radiograph: Radiograph) -> None:
    """Raises XrayToCTError when a stack does not lie on the pixels of a radiograph."""
    if stack.hu.shape[1:] != radiograph.shape:
        raise XrayToCTError(
            f"The stack has {stack.hu.shape[1]} x {stack.hu.shape[2]} pixels a slab, the radiograph "
            f"{radiograph.shape[0]} x {radiograph.shape[1]}: they do not belong together.",
            hint="Choose the radiograph that the stack was made from.",
        )
    for ours, theirs in zip(stack.spacing, radiograph.spacing, strict=True):
        if abs(ours - theirs) > 0.01 * theirs:
            raise XrayToCTError(
                f"The stack's pixels are {stack.spacing[0]:.4g} x {stack.spacing[1]:.4g} mm, the radiograph's "
                f"{radiograph.spacing[0]:.4g} x {radiograph.spacing[1]:.4g} mm: they do not belong together.",
                hint="Choose the radiograph that the stack was made from, with the same spacing.",
            )
