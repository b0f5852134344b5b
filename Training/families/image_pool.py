"""Image pool: discriminators also see what the generator made some time ago (Shrivastava et al., CVPR 2017)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor


class ImagePool:
    """Keeps up to ``size`` images, the same share for each lane, and gives back a mixture of new and old ones.

    A lane (a position in the batch of all processes) has images and chances of its own, so what a discriminator sees
    does not depend on how many processes share the batch. Kept in half precision.
    """

    def __init__(self, size: int, lanes: int) -> None:
        self._capacity = max(1, size // lanes) if size else 0
        self._images: dict[int, list[Tensor]] = {}

    def mix(self, images: Tensor, chances: Mapping[int, np.random.Generator]) -> Tensor:
        """(n, channels, rows, cols) detached -> the same shape, some of it from the past.

        ``chances`` has the generator of each image's lane, in the order of the images.
        """
        if not self._capacity:
            return images
        mixed = []
        for image, (lane, rng) in zip(images, chances.items(), strict=True):
            kept = self._images.setdefault(lane, [])
            if len(kept) < self._capacity:
                kept.append(image.half())
                mixed.append(image)
            elif rng.random() < 0.5:
                slot = int(rng.integers(len(kept)))
                mixed.append(kept[slot].to(image.dtype))
                kept[slot] = image.half()
            else:
                mixed.append(image)
        return torch.stack(mixed)

    def state(self) -> dict[str, Tensor]:
        """Images (n, channels, rows, cols) of this process's lanes."""
        return {str(lane): torch.stack(images) for lane, images in self._images.items()}

    def load_state(self, state: Mapping[str, Tensor], lanes: Sequence[int], device: torch.device) -> None:
        """Take what belongs to ``lanes`` from the images of all."""
        self._images = {lane: [*state[str(lane)].to(device)] for lane in lanes if str(lane) in state}
