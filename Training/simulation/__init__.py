"""Simulation: some prepared CTs stand for a population of patients, poses, detectors and consoles.

Chance is drawn into records (``draws``, ``edit_draws``, ``look_draws``); two executors apply them: OpenCV on the CPU
(``opencv_*``) and torch on any device (``torch_*``). ``stream`` numbers the samples.
"""

from .field import (
    INPUT_MEAN,
    INPUT_STD,
    TARGET_HIGH,
    TARGET_LOW,
    Field,
    PairedBatch,
    Sample,
    normalised,
    plain_geometry,
)
from .opencv_render import render
from .radiograph_stream import RadiographStream
from .settings import SimulationSettings
from .stream import SampleStream

__all__ = [
    "INPUT_MEAN",
    "INPUT_STD",
    "TARGET_HIGH",
    "TARGET_LOW",
    "Field",
    "PairedBatch",
    "RadiographStream",
    "Sample",
    "SampleStream",
    "SimulationSettings",
    "normalised",
    "plain_geometry",
    "render",
]
