"""The engine's mapping of display-processed images, for batches on any device."""

from __future__ import annotations

import torch
from torch import Tensor

from XrayToCTLib.models.card import ReferenceQuantiles


def to_line_integrals(images: Tensor, reference: ReferenceQuantiles) -> Tensor:
    """As ``XrayToCTLib.translation.harmonise.to_line_integrals`` for ``IntensityScale.DISPLAY``, image by image.

    Args:
        images: (n, rows, cols) floating point, bone bright.
        reference: the model's.

    Returns:
        (n, rows, cols) line integrals.
    """
    pixels = images.flatten(1)
    values = quantiles(pixels, torch.tensor(reference.probabilities, dtype=torch.float64, device=images.device))
    targets = torch.tensor(reference.line_integrals, dtype=images.dtype, device=images.device)
    # Quantiles of one value share the mean of their targets, or the map would not be a function.
    total = torch.nn.functional.pad(targets.cumsum(0), (1, 0))
    first, last = (torch.searchsorted(values, values, right=right) for right in (False, True))
    mapped = (total[last] - total[first]) / (last - first)

    count = len(targets)
    pixels = torch.minimum(torch.maximum(pixels, values[:, :1]), values[:, -1:])
    above = torch.searchsorted(values, pixels, right=True).clamp(1, count - 1)
    low, high = values.gather(1, above - 1), values.gather(1, above)
    wide = high > low
    share = torch.where(wide, (pixels - low) / torch.where(wide, high - low, 1.0), 1.0)
    return torch.lerp(mapped.gather(1, above - 1), mapped.gather(1, above), share).view_as(images)


def quantiles(pixels: Tensor, probabilities: Tensor) -> Tensor:
    """Quantiles of each row by linear interpolation, as ``numpy.quantile``: (n, k) from (n, m) and (k,)."""
    ordered = pixels.sort(1).values
    at = probabilities * (pixels.shape[1] - 1)
    low = at.floor().clamp(max=pixels.shape[1] - 2)
    index = low.long()
    share = (at - low).to(pixels.dtype)
    return torch.lerp(ordered[:, index], ordered[:, index + 1], share)
