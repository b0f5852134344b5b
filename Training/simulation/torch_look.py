"""Looks on any device: as ``opencv_look``, for a batch with one record each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from XrayToCTLib.models.card import ReferenceQuantiles

from .look_draws import LUT_KNOTS, LookDraw
from .noise import FIRST, SECOND, WORD, mixed
from .opencv_look import DARKEST, LEAD, POINT_SPREAD_TAPS, WINDOW, as_read, open_field, point_spread_kernel
from .overlays import line_integrals_of, marker_mask
from .torch_harmonise import quantiles, to_line_integrals


def apply_looks(
    integrals: Tensor, valid: Tensor, looks: Sequence[LookDraw], reference: ReferenceQuantiles
) -> tuple[Tensor, Tensor]:
    """One look each.

    Args:
        integrals: (n, rows, cols) float32.
        valid: (n, rows, cols) bool.
        looks: n records.
        reference: the model's distribution.

    Returns:
        As ``opencv_look.apply_look``, for the batch.
    """
    image = detected(integrals, looks)
    gain = _column([look.gain for look in looks], image)
    display = [index for index, look in enumerate(looks) if not look.calibrated]
    fed = image * gain
    if display:
        chosen = torch.tensor(display, device=image.device)
        shown, seen = _displayed(image[chosen], [looks[index] for index in display], reference)
        fed[chosen] = shown
        valid = valid.clone()
        valid[chosen] &= seen
    return fed, valid


def detected(integrals: Tensor, looks: Sequence[LookDraw]) -> Tensor:
    """Line integrals after scatter, point spread and quantum noise."""
    _, rows, cols = integrals.shape
    if any(look.lines for look in looks):
        integrals = integrals + _stacked(looks, lambda look: line_integrals_of(look.lines, (rows, cols)), integrals)
    transmitted = torch.exp(-integrals)
    if any(look.scatter_share > 0 for look in looks):
        share = _column([look.scatter_share for look in looks], transmitted)
        transmitted = transmitted + share * blurred(transmitted, [look.scatter_px for look in looks])
    if any(look.point_spread_px > 0 for look in looks):
        transmitted = _point_spread(transmitted, looks)
    quanta = _column([look.quanta for look in looks], transmitted)
    noise = normal_noise([look.noise_seed for look in looks], (rows, cols), integrals.device)
    transmitted = transmitted + noise * torch.sqrt(transmitted / quanta)
    return -torch.log(transmitted.clamp(min=DARKEST))


def _displayed(image: Tensor, looks: Sequence[LookDraw], reference: ReferenceQuantiles) -> tuple[Tensor, Tensor]:
    """What a console and a file make of it, mapped as the engine maps it; and what a collimator leaves."""
    rows, cols = image.shape[1:]
    if any(look.marker for look in looks):
        none = np.zeros((rows, cols), bool)
        lead = _stacked(looks, lambda look: marker_mask(look.marker, (rows, cols)) if look.marker else none, image)
        image = torch.where(lead, image.amax((1, 2), keepdim=True) + LEAD, image)
    if any(look.detail_gain > 0 for look in looks):
        gain = _column([look.detail_gain for look in looks], image)
        image = image + gain * (image - blurred(image, [look.detail_px for look in looks]))
    seen = torch.ones(image.shape, dtype=torch.bool, device=image.device)
    if any(look.collimation for look in looks):
        whole = np.ones((rows, cols), bool)
        seen = _stacked(
            looks, lambda look: open_field(look.collimation, (rows, cols)) if look.collimation else whole, image
        )
        white = _column([float(look.collimation is not None and look.collimation.white) for look in looks], image)
        border = torch.where(white > 0, image.amax((1, 2), keepdim=True), image.amin((1, 2), keepdim=True))
        image = torch.where(seen, image, border)
    for index, look in enumerate(looks):
        if look.eight_bit:
            image[index] = _grey_levels(image[index], look.look_up_table)
        if look.inverted is not None:  # rare, and the engine's estimate runs on the CPU
            read = as_read(image[index].cpu().numpy(), look.inverted)
            image[index] = torch.from_numpy(np.ascontiguousarray(read)).to(image.device)
    return to_line_integrals(image, reference), seen


def blurred(images: Tensor, deviations: Sequence[float]) -> Tensor:
    """As ``opencv_look.blurred``, a deviation each."""
    _, rows, cols = images.shape
    scale = _column([-0.5 / deviation**2 for deviation in deviations], images)

    def weights(count: int) -> Tensor:
        index = torch.arange(count, dtype=images.dtype, device=images.device)
        matrix = torch.exp((index[:, None] - index) ** 2 * scale)
        return matrix / matrix.sum(2, keepdim=True)

    return weights(rows) @ images @ weights(cols).transpose(1, 2)


def normal_noise(seeds: Sequence[int], shape: tuple[int, int], device: torch.device) -> Tensor:
    """As ``noise.normal_noise``, for several seeds: (n, rows, cols)."""
    count = shape[0] * shape[1]
    half = (count + 1) // 2
    starts = torch.tensor([mixed(seed) for seed in seeds], dtype=torch.int64, device=device)[:, None]
    bits = (torch.arange(2 * half, dtype=torch.int64, device=device) + starts) & WORD
    bits = bits ^ (bits >> 16)
    bits = (bits * FIRST) & WORD  # the lower 32 bits of a product survive the overflow of 64
    bits = bits ^ (bits >> 13)
    bits = (bits * SECOND) & WORD
    bits = bits ^ (bits >> 16)
    uniform = ((bits >> 8).float() + 0.5) * 2.0**-24
    radius = torch.sqrt(-2.0 * torch.log(uniform[:, :half]))
    angle = 2.0 * torch.pi * uniform[:, half:]
    deviates = torch.cat((radius * torch.cos(angle), radius * torch.sin(angle)), 1)
    return deviates[:, :count].view(len(seeds), *shape)


def _point_spread(transmitted: Tensor, looks: Sequence[LookDraw]) -> Tensor:
    none = np.zeros(POINT_SPREAD_TAPS, np.float32)
    none[POINT_SPREAD_TAPS // 2] = 1.0
    taps = _stacked(
        looks, lambda look: point_spread_kernel(look.point_spread_px) if look.point_spread_px > 0 else none, transmitted
    )
    half, n = POINT_SPREAD_TAPS // 2, len(looks)
    padded = functional.pad(transmitted[None], (half, half, half, half), mode="reflect")
    along = functional.conv2d(padded, taps[:, None, :, None], groups=n)
    return functional.conv2d(along, taps[:, None, None, :], groups=n)[0]


def _grey_levels(image: Tensor, table: tuple[float, ...] | None) -> Tensor:
    window = torch.tensor(WINDOW, dtype=torch.float64, device=image.device)
    low, high = quantiles(image.reshape(1, -1), window)[0]
    share = ((image - low) / (high - low).clamp(min=1e-3)).clamp(0.0, 1.0)
    if table is not None:
        curve = torch.tensor(table, dtype=image.dtype, device=image.device)
        at = share * (LUT_KNOTS - 1)
        knot = at.floor().clamp(max=LUT_KNOTS - 2.0)
        index = knot.long()
        share = torch.lerp(curve[index], curve[index + 1], at - knot)
    return torch.round(share * 255.0)


def _column(values: list[float], like: Tensor) -> Tensor:
    """One number an image, (n, 1, 1)."""
    return torch.tensor(values, dtype=like.dtype, device=like.device)[:, None, None]


def _stacked(looks: Sequence[LookDraw], make: Callable[[LookDraw], np.ndarray], like: Tensor) -> Tensor:
    return torch.from_numpy(np.stack([make(look) for look in looks])).to(like.device)
