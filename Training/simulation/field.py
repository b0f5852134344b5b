"""The network's grid and one pair on it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from XrayToCTLib.projection.geometry import ProjectionGeometry

# Of line integrals; written into the card.
INPUT_MEAN, INPUT_STD = 2.5, 1.5
# The window of targets in HU / 1000 (reference: a window of 2,500 HU).
TARGET_LOW, TARGET_HIGH = -1.024, 1.476
# What a radiograph shows of a patient where one slab alone is asked for; several slabs are the patient's depth.
PATIENT_DEPTH_MM = 320.0


@dataclass(frozen=True, slots=True)
class Field:
    """The network's grid: a square of ``size`` pixels of ``spacing`` mm, and its slabs."""

    size: int
    spacing: float
    slabs: int
    slab_thickness: float

    @property
    def whole_patient(self) -> bool:
        """Whether the slabs add up to the patient, so that their sum can be held against the radiograph."""
        return self.slabs > 1

    def deepened(self) -> tuple[Field, int]:
        """The field as deep as a radiograph looks, and how many slabs that adds on each side."""
        missing_mm = 0.0 if self.whole_patient else PATIENT_DEPTH_MM - self.slab_thickness
        each_side = max(0, math.ceil(missing_mm / (2.0 * self.slab_thickness)))
        return replace(self, slabs=self.slabs + 2 * each_side), each_side


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One pair: line integrals (rows, cols) float32, slabs in HU (slabs, rows, cols) float16, and where they are real.

    ``valid`` (rows, cols) bool is false on rays that leave the scanned length.
    """

    integrals: np.ndarray
    hu: np.ndarray
    valid: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class PairedBatch:
    """What a training step is fed.

    Attributes:
        image: (n, 2, rows, cols) float32: normalised line integrals; 1 where they are calibrated, 0 where they were
            mapped from grey values.
        target: (n, slabs, rows, cols) float32, HU / 1000, clipped to the window of targets.
        valid: (n, 1, rows, cols) float32, 1 where the target is real and the image shows it.
    """

    image: Tensor
    target: Tensor
    valid: Tensor


def plain_geometry(field: Field) -> ProjectionGeometry:
    """The pose of the evaluation: PA, 1.8 m, the patient's centre 180 mm from the detector, no tilt."""
    return ProjectionGeometry(shape=(field.size, field.size), spacing=(field.spacing, field.spacing))


def normalised(integrals: np.ndarray) -> np.ndarray:
    """Line integrals as the network is fed them, float32."""
    return ((integrals - INPUT_MEAN) / INPUT_STD).astype(np.float32)


def with_radiographs(image: Tensor, radiographs: Tensor) -> Tensor:
    """Simulated images (n, 1 or 2, rows, cols), then real ones (m, 1, rows, cols), which are not calibrated."""
    missing = image.shape[1] - radiographs.shape[1]
    unknown = radiographs.new_zeros(len(radiographs), missing, *radiographs.shape[2:])
    return torch.cat((image, torch.cat((radiographs, unknown), dim=1)))
