"""The streams that a run's configuration asks for, from its prepared folder."""

from __future__ import annotations

import numpy as np
import torch

from ..config import RunConfig
from ..data.leak_check import check_leaks
from ..data.manifest import load_cts, read_manifest
from ..data.radiographs import load_radiographs
from ..data.reference_quantiles import reference_quantiles
from ..data.split import make_split
from ..simulation.radiograph_stream import RadiographStream
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
    paired = SampleStream(cts, split.train, config.field, config.simulation, quantiles, config.seed, device)
    if not radiographs:
        return Streams(paired, None, paired.close)
    images: np.ndarray = load_radiographs(folder, split)
    real = RadiographStream(
        images, manifest.radiographs.spacing_mm, config.field, config.simulation, quantiles, config.seed, device
    )

    def close() -> None:
        paired.close()
        real.close()

    return Streams(paired, real, close)
