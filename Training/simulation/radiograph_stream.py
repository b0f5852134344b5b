"""Real radiographs as the network sees them: (seed, step, lane) -> image."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from torch import Tensor

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.models.card import ReferenceQuantiles
from XrayToCTLib.radiograph import IntensityScale
from XrayToCTLib.translation.harmonise import to_line_integrals

from .ahead import Ahead, Tensors
from .field import Field, normalised
from .settings import SimulationSettings
from .stateless import generator
from .stream import one_thread


class RadiographStream:
    """Radiographs of training patients, harmonised as the engine does it, with random crops, turns and zooms.

    Args:
        images: uint8 (n, rows, cols), bone bright.
        spacing_mm: of their pixels.
        field: the network's grid.
        settings: how far they vary; ``settings.workers`` decides whether one process makes them ahead.
        reference_quantiles: onto which their values are mapped.
        seed: of everything.
        device: where batches are wanted.

    Raises:
        XrayToCTError: no image.
    """

    def __init__(
        self,
        images: np.ndarray,
        spacing_mm: float,
        field: Field,
        settings: SimulationSettings,
        reference_quantiles: ReferenceQuantiles,
        seed: int,
        device: torch.device | str = "cpu",
    ) -> None:
        if images.ndim != 3 or len(images) == 0:
            raise XrayToCTError("There are no radiographs to train with.", hint="Prepare some, or train on pairs only.")
        self._device = torch.device(device)
        maker = _RadiographMaker(images, spacing_mm, field, settings, reference_quantiles, seed)
        self._ahead = Ahead(maker, min(1, settings.workers), one_thread)

    def batch(self, step: int, lanes: Sequence[int]) -> Tensor:
        """(n, 1, rows, cols) float32, normalised line integrals, none calibrated. Consecutive steps are fast."""
        return self._ahead.batch(step, lanes)[0].to(self._device)

    def close(self) -> None:
        """End the worker process."""
        self._ahead.close()


class _RadiographMaker:
    def __init__(
        self,
        images: np.ndarray,
        spacing_mm: float,
        field: Field,
        settings: SimulationSettings,
        reference: ReferenceQuantiles,
        seed: int,
    ) -> None:
        self._images, self._spacing, self._field = images, spacing_mm, field
        self._settings, self._reference, self._seed = settings.radiographs, reference, seed

    def __call__(self, step: int, lanes: Sequence[int]) -> Tensors:
        return (torch.from_numpy(np.stack([self._one(step, lane)[None] for lane in lanes])),)

    def _one(self, step: int, lane: int) -> np.ndarray:
        rng = generator(self._seed, "radiograph", lane, step)
        image = self._images[int(rng.integers(len(self._images)))].astype(np.float32)
        rows, cols = image.shape
        size, settings = self._field.size, self._settings
        zoom = rng.uniform(*settings.magnification) * self._spacing / self._field.spacing
        turn = cv2.getRotationMatrix2D(
            ((cols - 1) / 2, (rows - 1) / 2), float(rng.normal(0.0, settings.turn_deg)), float(zoom)
        )
        shift = rng.uniform(-1.0, 1.0, 2) * (settings.shift_mm / self._field.spacing)
        turn[0, 2] += (size - cols) / 2 + shift[0]
        turn[1, 2] += (size - rows) / 2 + shift[1]
        crop = cv2.warpAffine(image, turn, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        mapped, _ = to_line_integrals(crop, IntensityScale.DISPLAY, self._reference)
        return normalised(mapped)
