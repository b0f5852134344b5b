"""The distribution of line integrals that display-processed radiographs are mapped onto: of training patients only."""

from __future__ import annotations

import numpy as np

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.models.card import ReferenceQuantiles
from XrayToCTLib.projection import CtVolume, ProjectionGeometry, project

from .manifest import PROBABILITIES, Manifest
from .split import Split

# mm: a shorter scan shows a part of the chest only, and its radiograph has another distribution.
_SHORTEST = 200.0


def scan_quantiles(volume: CtVolume) -> tuple[float, ...] | None:
    """Quantiles of a simulated PA radiograph as long as the scan, so that missing neck and belly do not count as air.

    None for a scan that is too short to show a chest.
    """
    covers = volume.hu.shape[0] * volume.spacing[0]
    if covers <= _SHORTEST:
        return None
    geometry = ProjectionGeometry(shape=(round(covers * 1.05 / 3.0), 128), spacing=(3.0, 3.0))
    pixels = project(volume, geometry=geometry).pixels[0]
    return tuple(round(float(value), 6) for value in np.quantile(pixels, PROBABILITIES))


def reference_quantiles(manifest: Manifest, split: Split) -> ReferenceQuantiles:
    """The mean quantile function of the split's training patients; a test patient has no part in it.

    Raises:
        XrayToCTError: no training scan is long enough.
    """
    known = [manifest.ct(name).quantiles for name in split.train]
    values = [quantiles for quantiles in known if quantiles is not None]
    if not values:
        raise XrayToCTError(
            f"No training CT is longer than {_SHORTEST:g} mm: radiographs' grey levels lack a reference.",
            hint="Add at least one CT that covers the chest.",
        )
    return ReferenceQuantiles(
        probabilities=PROBABILITIES, line_integrals=tuple(float(v) for v in np.mean(values, axis=0))
    )
