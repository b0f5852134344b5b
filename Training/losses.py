"""Losses of the physics cycle, on HU / 1000 and normalised line integrals."""

from __future__ import annotations

import torch
from torch import Tensor

from XrayToCTLib.projection.plane_warps import MU_WATER_PER_MM

from .samples import INPUT_MEAN, INPUT_STD


def masked_l1(result: Tensor, target: Tensor, valid: Tensor) -> Tensor:
    """Mean absolute error over valid rays; ``valid`` (n, 1, rows, cols) broadcasts over the slabs."""
    return ((result - target).abs() * valid).sum() / (valid.sum() * result.shape[1]).clamp(min=1.0)


def gradient_l1(result: Tensor, target: Tensor, valid: Tensor) -> Tensor:
    """L1 on differences of neighbours, down and across: edges in their place."""
    error = result - target
    down = masked_l1(error[..., 1:, :], error[..., :-1, :], valid[..., 1:, :] * valid[..., :-1, :])
    across = masked_l1(error[..., 1:], error[..., :-1], valid[..., 1:] * valid[..., :-1])
    return down + across


def line_integrals(stack: Tensor, slab_thickness: float) -> Tensor:
    """The projector on slabs in ray geometry: (n, slabs, rows, cols) HU / 1000 -> (n, 1, rows, cols), dimensionless.

    The obliquity of the rays (below 1.02 on this field) is left out: it cancels in every use here.
    """
    return (1.0 + stack).clamp(min=0.0).sum(1, keepdim=True) * (slab_thickness * MU_WATER_PER_MM)


def normalise(integrals: Tensor) -> Tensor:
    return (integrals - INPUT_MEAN) / INPUT_STD


def contrast_l1(result: Tensor, target: Tensor) -> Tensor:
    """L1 after each image is brought to mean 0 and deviation 1: exposure and gain are not identifiable."""

    def standard(image: Tensor) -> Tensor:
        mean = image.mean((1, 2, 3), keepdim=True)
        return (image - mean) / image.std((1, 2, 3), keepdim=True).clamp(min=1e-3)

    return (standard(result) - standard(target)).abs().mean()


def least_squares(scores: Tensor, real: bool) -> Tensor:
    """LSGAN (Mao et al., ICCV 2017)."""
    return (scores - (1.0 if real else 0.0)).square().mean()


def augment_for_discriminator(images: Tensor, generator: torch.Generator) -> Tensor:
    """Shifts and a cut-out (DiffAugment, Zhao et al., NeurIPS 2020): few patients are soon memorised."""
    rows, cols = images.shape[-2:]
    shift = [int(torch.randint(-n // 8, n // 8 + 1, (1,), generator=generator)) for n in (rows, cols)]
    images = torch.roll(images, shift, dims=(-2, -1))
    top, left = (int(torch.randint(0, n * 3 // 4, (1,), generator=generator)) for n in (rows, cols))
    hole = torch.ones_like(images)
    hole[..., top : top + rows // 4, left : left + cols // 4] = 0.0
    return images * hole
