"""The streams that a run's configuration asks for, from its prepared folder."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import torch

from ..config import RunConfig
from ..data.leak_check import check_leaks
from ..data.manifest import load_cts, read_manifest
from ..data.radiographs import load_radiographs
from ..data.reference_quantiles import reference_quantiles
from ..data.split import make_split
from ..simulation.example_sheet import write_example_sheet
from ..simulation.radiograph_stream import RadiographStream
from ..simulation.settings import SimulationSettings
from ..simulation.stream import SampleStream
from .batches import Streams


def open_streams(config: RunConfig, device: torch.device, *, radiographs: bool) -> Streams:
    """Simulated pairs of the training patients and, when asked for, radiographs that train.

    Raises:
        XrayToCTError: nothing is prepared, the split leaks, or there are no radiographs.
    """
    folder = config.data.prepared
    manifest = read_manifest(folder)
    split = make_split(manifest, config.data.split)
    check_leaks(manifest, split)
    quantiles = reference_quantiles(manifest, split)
    cts = load_cts(folder, split.train)
    images: np.ndarray | None = load_radiographs(folder, split) if radiographs else None

    def streams(settings: SimulationSettings) -> tuple[SampleStream, RadiographStream | None]:
        rest = (config.field, settings, quantiles, config.seed, device)
        real = None if images is None else RadiographStream(images, manifest.radiographs.spacing_mm, *rest)
        return SampleStream(cts, split.train, *rest), real

    paired, real = streams(config.simulation)
    shown_paired, shown_real = streams(dataclasses.replace(config.simulation, workers=0))

    def close() -> None:
        paired.close()
        if real is not None:
            real.close()

    def write_examples(path: Path) -> None:
        write_example_sheet(path, shown_paired)

    return Streams(paired, real, close, Streams(shown_paired, shown_real), write_examples)
