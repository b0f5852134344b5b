"""Samples: seeded streams of paired simulations and unpaired radiographs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from XrayToCTLib.models.card import ReferenceQuantiles
from XrayToCTLib.radiograph import IntensityScale
from XrayToCTLib.translation.harmonise import to_line_integrals

from .config import RunConfig
from .intensity import detector_image
from .prepare import PreparedCt, load_cts, read_manifest
from .simulate import Field, Sample, random_group

_POSES = 4  # of one deformed patient
_USES = 3  # of one sample, each with another detector
_POOL = 96  # samples that a batch is drawn from, so that one batch shows several patients

INPUT_MEAN, INPUT_STD = 2.5, 1.5  # of line integrals; written into the card
_HU_LOW, _HU_HIGH = -1.024, 1.476  # HU / 1000


@dataclass(frozen=True, slots=True, eq=False)
class PairedBatch:
    """Normalised images and ``valid`` (n, 1, rows, cols), targets in HU / 1000 (n, slabs, rows, cols)."""

    image: Tensor
    target: Tensor
    valid: Tensor


def field_of(config: RunConfig) -> Field:
    return Field(config.grid_size, config.grid_mm, config.slabs, config.slab_thickness_mm)


def reference_of(config: RunConfig) -> ReferenceQuantiles:
    values = read_manifest(config.prepared)["reference_quantiles"]
    assert isinstance(values, dict)
    return ReferenceQuantiles(
        probabilities=tuple(values["probabilities"]), line_integrals=tuple(values["line_integrals"])
    )


class Groups(Dataset[list[Sample]]):
    """Group number -> the poses of one randomly chosen, randomly deformed training patient."""

    def __init__(self, config: RunConfig, first: int) -> None:
        self._cts: list[PreparedCt] = load_cts(config.prepared, config.ct.train)
        weights = np.array([config.ct.train[ct.name] for ct in self._cts])
        self._weights = weights / weights.sum()
        self._field = field_of(config)
        self._seed = config.seed
        self._first = first

    def __len__(self) -> int:
        return 10**7

    def __getitem__(self, index: int) -> list[Sample]:
        rng = np.random.default_rng((self._seed, self._first + index))
        ct = self._cts[int(rng.choice(len(self._cts), p=self._weights))]
        return random_group(ct, self._field, _POSES, rng)


def paired_batches(config: RunConfig, first_group: int, rng: np.random.Generator) -> Iterator[tuple[int, PairedBatch]]:
    """Endless (groups used so far, batch); simulations are made by one worker process while the network learns."""
    loader = DataLoader(
        Groups(config, first_group),
        batch_size=None,
        num_workers=1,
        prefetch_factor=4,
        worker_init_fn=lambda _: cv2.setNumThreads(1),
    )
    reference = reference_of(config)
    pool: list[tuple[Sample, int]] = []
    used = first_group
    groups = iter(loader)
    while True:
        while len(pool) < _POOL:
            pool += [(sample, _USES) for sample in next(groups)]
            used += 1
        drawn = rng.choice(len(pool), config.batch, replace=False)
        batch = [_draw(pool[index][0], reference, rng) for index in drawn]
        for index in sorted(drawn, reverse=True):
            sample, uses = pool[index]
            if uses > 1:
                pool[index] = (sample, uses - 1)
            else:
                pool.pop(index)
        yield used, PairedBatch(*(torch.from_numpy(np.stack(parts)) for parts in zip(*batch, strict=True)))


def _draw(
    sample: Sample, reference: ReferenceQuantiles, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    image, valid = detector_image(sample.integrals, sample.valid, reference, rng)
    target = np.clip(sample.hu.astype(np.float32) / 1000.0, _HU_LOW, _HU_HIGH)
    return normalised(image)[None], target, valid[None].astype(np.float32)


def normalised(integrals: np.ndarray) -> np.ndarray:
    return ((integrals - INPUT_MEAN) / INPUT_STD).astype(np.float32)


class Radiographs:
    """Real radiographs of the training patients, harmonised as the engine does it, with random crops and turns."""

    def __init__(self, config: RunConfig) -> None:
        items = read_manifest(config.prepared)["radiographs"]
        assert isinstance(items, dict)
        keep = [index for index, item in enumerate(items["items"]) if not item["test"]]
        self._images = np.load(config.prepared / "radiographs.npy", mmap_mode="r")[keep]
        self._size = config.grid_size
        self._reference = reference_of(config)

    def batch(self, count: int, rng: np.random.Generator) -> Tensor:
        """(count, 1, rows, cols), normalised line integrals."""
        return torch.from_numpy(np.stack([self._one(rng)[None] for _ in range(count)]))

    def _one(self, rng: np.random.Generator) -> np.ndarray:
        image = self._images[int(rng.integers(len(self._images)))].astype(np.float32)
        side, size = image.shape[0], self._size
        turn = cv2.getRotationMatrix2D((side / 2, side / 2), rng.normal(0.0, 2.0), rng.uniform(0.92, 1.1))
        turn[:, 2] += size / 2 - side / 2 + rng.uniform(-14.0, 14.0, 2)
        crop = cv2.warpAffine(image, turn, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        mapped, _ = to_line_integrals(crop, IntensityScale.DISPLAY, self._reference)
        return normalised(mapped)
