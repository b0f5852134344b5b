"""A small chest for the tests of simulation: a phantom at 5 x 8 x 5 mm, prepared as a CT is; a record of no change."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from Training.data.manifest import PreparedCt
from Training.simulation import Field, SimulationSettings
from Training.simulation.draws import BodyDraw, TissueCurve
from Training.simulation.phantoms import torso_phantom
from XrayToCTLib.models.card import ReferenceQuantiles
from XrayToCTLib.projection.ct_volume import body_centre

FIELD = Field(size=64, spacing=6.0, slabs=8, slab_thickness=40.0)
REFERENCE = ReferenceQuantiles(
    tuple(float(p) for p in np.linspace(0, 1, 65)), tuple(float(v) for v in np.linspace(0, 6, 65))
)
IN_PROCESS = SimulationSettings(workers=0)
STILL = BodyDraw(
    spacing=(5.0, 8.0, 5.0),
    margin=(2, 3),
    displacement=np.zeros((3, 4, 4, 4), np.float32),
    inflation=None,
    curve=TissueCurve(1.0, 1.0, 0.0),
    fat=None,
    edits=(),
    flip=False,
)


@lru_cache(maxsize=4)
def chest(seed: int = 1) -> PreparedCt:
    hu, spacing = torso_phantom(seed, (5.0, 8.0, 5.0))
    attenuation = np.maximum(hu.astype(np.float32) / 1000 + 1, 0).transpose(1, 0, 2)
    return PreparedCt(f"chest {seed}", f"chest {seed}", attenuation.astype(np.float16), spacing, body_centre(hu))


def changed(settings: SimulationSettings, **parts: dict[str, object]) -> SimulationSettings:
    """Settings with some entries of their parts replaced."""
    return replace(settings, **{name: replace(getattr(settings, name), **values) for name, values in parts.items()})
