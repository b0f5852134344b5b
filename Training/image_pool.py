"""Image pool: discriminators also see what the generator made some time ago (Shrivastava et al., CVPR 2017)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


class ImagePool:
    """Keeps up to ``size`` images and gives back a mixture of new and old ones."""

    def __init__(self, size: int = 50) -> None:
        self._size = size
        self.images: list[Tensor] = []

    def mix(self, images: Tensor, rng: np.random.Generator) -> Tensor:
        """(n, channels, rows, cols) detached -> the same shape, some of it from the past."""
        mixed = []
        for image in images:
            if len(self.images) < self._size:
                self.images.append(image.clone())
                mixed.append(image)
            elif rng.random() < 0.5:
                slot = int(rng.integers(self._size))
                mixed.append(self.images[slot])
                self.images[slot] = image.clone()
            else:
                mixed.append(image)
        return torch.stack(mixed)
