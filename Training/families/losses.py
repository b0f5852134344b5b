"""Losses on HU / 1000 and normalised line integrals.

Each is a mean over images of a mean within the image, so that a batch divided among processes, or into parts one after
the other, gives the gradient of the whole.
"""

from __future__ import annotations

import torch
from torch import Tensor

from XrayToCTLib.projection.plane_warps import MU_WATER_PER_MM

from ..simulation.field import INPUT_MEAN, INPUT_STD


def masked_l1(result: Tensor, target: Tensor, valid: Tensor | None = None) -> Tensor:
    """Mean absolute error over valid rays; ``valid`` (n, 1, rows, cols) broadcasts over the slabs."""
    return _mean_magnitude(result - target, valid)


def gradient_l1(result: Tensor, target: Tensor, valid: Tensor) -> Tensor:
    """L1 on differences of neighbours, down and across: edges in their place."""
    error = result - target
    down = _mean_magnitude(error[..., 1:, :] - error[..., :-1, :], valid[..., 1:, :] * valid[..., :-1, :])
    across = _mean_magnitude(error[..., 1:] - error[..., :-1], valid[..., 1:] * valid[..., :-1])
    return down + across


def _mean_magnitude(error: Tensor, valid: Tensor | None) -> Tensor:
    # The norm reads its input once, where abs and sum read and write it: on a CPU these terms are bound by memory.
    if valid is None:
        return torch.linalg.vector_norm(error, 1) / error.numel()
    seen = (valid.sum((1, 2, 3)) * error.shape[1]).clamp(min=1.0)
    return (torch.linalg.vector_norm(error * valid, 1, (1, 2, 3)) / seen).mean()


def line_integrals(stack: Tensor, slab_thickness: float) -> Tensor:
    """The projector on slabs in ray geometry: (n, slabs, rows, cols) HU / 1000 -> (n, 1, rows, cols), dimensionless.

    The obliquity of the rays (below 1.02 on this field) is left out: it cancels in every use here.
    """
    return torch.relu(1.0 + stack).sum(1, keepdim=True) * (slab_thickness * MU_WATER_PER_MM)


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


def gradient_penalty(images: Tensor, scores: Tensor) -> Tensor:
    """R1 (Mescheder et al., ICML 2018): half the squared gradient of the scores at real data, a mean over images.

    ``images`` (n, channels, rows, cols) must require gradients and have led to ``scores`` (m, 1, rows', cols'), which
    may be those of some of them.
    """
    (slope,) = torch.autograd.grad(scores.mean((1, 2, 3)).sum(), images, create_graph=True)
    return 0.5 * slope.square().sum() / len(scores)
