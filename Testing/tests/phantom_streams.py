"""Streams of simple phantoms, for tests of training that need no prepared data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import yaml
from torch import Tensor

from Training.config import RunConfig, read_config_text
from Training.engine.batches import Streams
from Training.families.losses import line_integrals, normalise
from Training.simulation import PairedBatch

SLABS, SIZE, THICKNESS = 4, 32, 80.0


class PhantomStream:
    """An ellipse of soft tissue with a lung and a bone; a sample is its seed, step and lane."""

    def __init__(self, seed: int = 0, *, size: int = SIZE, slabs: int = SLABS) -> None:
        self._seed, self._size, self._slabs = seed, size, slabs

    def batch(self, step: int, lanes: range) -> PairedBatch:
        targets = torch.stack([self._stack(step, lane) for lane in lanes])
        valid = torch.ones(len(lanes), 1, self._size, self._size)
        valid[..., :2, :] = 0.0
        return PairedBatch(normalise(line_integrals(targets, THICKNESS)), targets, valid)

    def _stack(self, step: int, lane: int) -> Tensor:
        rng = np.random.default_rng((self._seed, step, lane))
        row, col = np.mgrid[-1 : 1 : self._size * 1j, -1 : 1 : self._size * 1j]
        hu = np.full((self._slabs, self._size, self._size), -1.0)
        for slab in range(self._slabs):
            wide, tall = rng.uniform(0.6, 0.9, 2)
            hu[slab][(col / wide) ** 2 + (row / tall) ** 2 < 1] = 0.04
            x, y = rng.uniform(-0.4, 0.4, 2)
            hu[slab][(col - x) ** 2 + (row - y) ** 2 < 0.06] = -0.8
            hu[slab][np.abs(col - rng.uniform(-0.2, 0.2)) < 0.05] = 0.4
        return torch.from_numpy(hu.astype(np.float32))


class PhantomRadiographs:
    """Radiographs of other phantoms, with another contrast."""

    def __init__(self, seed: int = 1, **shape: int) -> None:
        self._phantoms = PhantomStream(seed, **shape)

    def batch(self, step: int, lanes: range) -> Tensor:
        return 0.8 * self._phantoms.batch(step, lanes).image + 0.1


def phantom_streams() -> Streams:
    return Streams(PhantomStream(), PhantomRadiographs())


# Every term of a family that has a meaning for it; all at once, so that a test sees all.
WEIGHTS = {
    "cnn": "{l1: 1.0, gradient: 0.2, ms_ssim: 0.2, projection: 0.1}",
    "pix2pix": "{l1: 1.0, gradient: 0.2, projection: 0.1, adversarial: 0.05}",
    "cyclegan": "{l1: 0.0, cycle: 10.0, cycle_ct: 10.0, adversarial: 1.0}",
    "physics-cyclegan": "{l1: 1.0, gradient: 0.2, ms_ssim: 0.1, projection: 0.1, cycle: 0.5, cycle_ct: 0.5, "
    "identity: 0.2, adversarial: 0.05}",
}
_DISTILLATION = "{l1: 0.5, gradient: 0.1, projection: 0.1, distillation: 1.0}"
_NETWORKS = {
    "cyclegan": {"name": "resnet9", "parameters": {"out_channels": SLABS, "filters": 4, "blocks": 1}},
}
_UNET = {"name": "unet-slabs", "parameters": {"slabs": SLABS, "widths": [8, 16]}}


def run_text(family: str, run: Path) -> str:
    """The YAML of a small run on phantoms, as a user would write it."""
    network = yaml.safe_dump(_NETWORKS.get(family, _UNET), default_flow_style=True)
    return f"""
run: {run.as_posix()}
seed: 5
data: {{sources: [], prepared: {run.as_posix()}-prepared}}
field: {{size: {SIZE}, spacing: 12.0, slabs: {SLABS}, slab_thickness: {THICKNESS}}}
network: {network}
family:
  name: {family}
  weights: {WEIGHTS.get(family, _DISTILLATION)}
  optimiser: {{learning_rate: 3.0e-3, warm_up_steps: 3}}
  discriminator: {{stack_filters: 4, image_filters: 4, layers: 2, pool: 4}}
  gan_from: 0.4
  radiographs: 2
engine: {{batch: 2, max_steps: 6, precision: "32", log_every: 2, threads: 1, accelerator: cpu}}
"""


def run_config(family: str, run: Path, *overrides: str) -> RunConfig:
    return read_config_text(run_text(family, run), overrides)
