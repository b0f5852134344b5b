"""Multi-scale structural similarity as a loss."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

# Wang, Simoncelli and Bovik, Asilomar 2003: weights of the scales, fine to coarse, and the constants of SSIM.
_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
_K1, _K2 = 0.01, 0.03
_WIDTH, _SIGMA = 11, 1.5


def ms_ssim(result: Tensor, target: Tensor, data_range: float) -> Tensor:
    """MS-SSIM of two (n, channels, rows, cols), a mean over channels and images; 1 is equality.

    Gaussian window 11 / 1.5, population covariance, borders left out. As many of the five scales as the image has room
    for, their weights brought to sum 1.

    Raises:
        ValueError: the image is smaller than the window.
    """
    scales = sum(min(result.shape[-2:]) // 2**scale >= _WIDTH for scale in range(len(_WEIGHTS)))
    if not scales:
        raise ValueError(f"MS-SSIM needs at least {_WIDTH} rows and columns")
    weights = torch.tensor(_WEIGHTS[:scales], dtype=result.dtype, device=result.device)
    weights = weights / weights.sum()
    # Every channel is an image of its own: one channel a convolution is what CPU and GPU do fastest.
    first = result.reshape(-1, 1, *result.shape[-2:])
    second = target.reshape(-1, 1, *target.shape[-2:])
    logarithm = torch.zeros((), dtype=result.dtype, device=result.device)
    for scale in range(scales):
        luminance, contrast = _similarity(first, second, data_range)
        value = luminance * contrast if scale == scales - 1 else contrast
        # A negative mean has no root; it is as dissimilar as can be.
        logarithm = logarithm + weights[scale] * value.mean((1, 2, 3)).clamp(min=1e-4).log()
        if scale < scales - 1:
            first, second = functional.avg_pool2d(first, 2), functional.avg_pool2d(second, 2)
    return logarithm.exp().mean()


def _similarity(first: Tensor, second: Tensor, data_range: float) -> tuple[Tensor, Tensor]:
    c1, c2 = (_K1 * data_range) ** 2, (_K2 * data_range) ** 2
    parts = torch.cat((first, second, first * first, second * second, first * second))
    mean1, mean2, square1, square2, product = _blurred(parts).chunk(5)
    variances = square1 + square2 - mean1 * mean1 - mean2 * mean2
    luminance = (2.0 * mean1 * mean2 + c1) / (mean1 * mean1 + mean2 * mean2 + c1)
    return luminance, (2.0 * (product - mean1 * mean2) + c2) / (variances + c2)


def _blurred(images: Tensor) -> Tensor:
    at = torch.arange(_WIDTH, dtype=images.dtype, device=images.device) - (_WIDTH - 1) / 2
    window = torch.exp(-0.5 * (at / _SIGMA) ** 2)
    window = window / window.sum()
    return functional.conv2d(functional.conv2d(images, window.view(1, 1, -1, 1)), window.view(1, 1, 1, -1))
