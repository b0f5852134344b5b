"""Predictors: anything that makes a stack of slabs from line integrals, and the learned ones among them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from torch import nn

from Training.families.generator_in_hu import Scaled
from Training.simulation import INPUT_MEAN, INPUT_STD, Field
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.models.bundle import load_bundle
from XrayToCTLib.models.card import CARD_FILE, ReferenceQuantiles
from XrayToCTLib.radiograph import IntensityScale, Radiograph
from XrayToCTLib.translation.engine import translate
from XrayToCTLib.translation.harmonise import to_line_integrals
from XrayToCTLib.translation.resample import network_shape, pad_to_multiple, resample

if TYPE_CHECKING:
    from Training.config import RunConfig

WINDOW_HU = (-1024.0, 1476.0)
# (stack in HU, spacing in mm) -> line integrals
WayBack = Callable[[np.ndarray, float], np.ndarray]
Translate = Callable[[Radiograph], tuple[np.ndarray, tuple[str, ...]]]


class Predictor(Protocol):
    """What the protocol measures."""

    def predict(self, integrals: np.ndarray, *, calibrated: bool = True) -> np.ndarray:
        """Slabs in HU (slabs, rows, cols) from line integrals (rows, cols) on the field of the evaluation; those that
        were mapped from grey values are not calibrated."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """Gives the same slabs whatever it is fed."""

    hu: np.ndarray

    def predict(self, integrals: np.ndarray, *, calibrated: bool = True) -> np.ndarray:
        return self.hu


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A generator with what its card says of it.

    Attributes:
        module: (n, 2, rows, cols) -> (n, slabs, rows, cols), evaluation mode: normalised line integrals, and whether
            they are calibrated, for those that know it.
        spacing: of the field that images come on, mm.
        grid_mm: (row, column) spacing that the network was trained at.
        mean, std: of the normalisation. slope, intercept: output to HU.
        back: stack in HU and its spacing -> line integrals, where a way back was learned; else the projector is it.
        folder: run or bundle.
        bundled: whether the folder is a bundle, which the engine can open as a user would.
    """

    module: nn.Module
    spacing: float
    grid_mm: tuple[float, float]
    multiple: int
    mean: float
    std: float
    slope: float
    intercept: float
    folder: Path
    bundled: bool
    back: WayBack | None = None

    def predict(self, integrals: np.ndarray, *, calibrated: bool = True) -> np.ndarray:
        return self.predict_at(integrals, (self.spacing, self.spacing), calibrated=calibrated)

    def predict_at(self, integrals: np.ndarray, spacing: tuple[float, float], *, calibrated: bool = True) -> np.ndarray:
        """As the engine does it: resampled to the network's grid, padded, translated, cut and resampled back."""
        size = (integrals.shape[0], integrals.shape[1])
        shape = network_shape(size, spacing, self.grid_mm)
        image = resample(np.ascontiguousarray(integrals, np.float32), shape) if shape != size else integrals
        padded = pad_to_multiple((image - self.mean) / self.std, self.multiple).astype(np.float32)
        channels = np.stack((padded, np.full_like(padded, float(calibrated))))
        with torch.inference_mode():
            output = self.module(torch.from_numpy(channels)[None])[0].float().numpy()
        hu = np.clip(output[:, : shape[0], : shape[1]] * self.slope + self.intercept, *WINDOW_HU)
        if shape == size:
            return np.ascontiguousarray(hu)
        return np.stack([resample(np.ascontiguousarray(slab), size) for slab in hu])


def open_network(folder: Path, field: Field) -> Network:
    """The network of a run or of a bundle, for images on ``field``.

    Raises:
        XrayToCTError: neither a bundle nor a run, or its slabs are not those of the field.
    """
    folder = Path(folder)
    network = _bundle(folder, field) if (folder / CARD_FILE).exists() else _run(folder, field)
    size = max(64, 2 * network.multiple)
    with torch.inference_mode():
        slabs = network.module(torch.zeros(1, 1, size, size)).shape[1]
    if slabs != field.slabs:
        raise XrayToCTError(
            f"{folder} gives {slabs} slabs, and the evaluation has {field.slabs}.",
            hint="Evaluate it with a configuration of its own field.",
        )
    return network


def _bundle(folder: Path, field: Field) -> Network:
    bundle = load_bundle(folder)
    card = bundle.card
    return Network(
        module=Scaled(bundle.load_network(), 1.0, 0.0),
        spacing=field.spacing,
        grid_mm=card.grid.spacing_mm,
        multiple=card.grid.multiple,
        mean=card.input.mean,
        std=card.input.std,
        slope=card.output.slope_hu,
        intercept=card.output.intercept_hu,
        folder=folder,
        bundled=True,
    )


def _run(folder: Path, field: Field) -> Network:
    from Training.engine.checkpoint import load_generator, load_run_config

    module = load_generator(folder).eval()
    config = load_run_config(folder)
    return Network(
        module=module,
        spacing=field.spacing,
        grid_mm=(config.field.spacing, config.field.spacing),
        multiple=module.multiple,
        mean=INPUT_MEAN,
        std=INPUT_STD,
        slope=1000.0,  # whatever the family, its generator gives HU / 1000 here
        intercept=0.0,
        folder=folder,
        bundled=False,
        back=_learned_way_back(folder, config),
    )


def _learned_way_back(folder: Path, config: RunConfig) -> WayBack | None:
    """The second generator of an unpaired CycleGAN; None for all other families."""
    if config.family.name != "cyclegan":
        return None
    from Training.engine.checkpoint import read_checkpoint
    from Training.families.cyclegan import _turned_round
    from Training.families.generator_in_hu import build_back_generator

    settings = config.family.back or _turned_round(config.network, config.field.slabs)
    generator = build_back_generator(settings)
    generator.network.load_state_dict(read_checkpoint(folder)["model"]["back"])
    generator.eval()
    grid = config.field.spacing

    def back(hu: np.ndarray, spacing: float) -> np.ndarray:
        size = (hu.shape[1], hu.shape[2])
        shape = network_shape(size, (spacing, spacing), (grid, grid))
        stack = np.stack([resample(np.ascontiguousarray(slab, np.float32), shape) for slab in hu]) / np.float32(1000.0)
        with torch.inference_mode():
            image = generator(torch.from_numpy(stack)[None])[0, 0].float().numpy()
        return resample(np.ascontiguousarray(image * np.float32(INPUT_STD) + np.float32(INPUT_MEAN)), size)

    return back


def translator(network: Network, reference: ReferenceQuantiles) -> Translate:
    """Radiograph -> (slabs in HU on its pixels, warnings), as a user would get them.

    A bundle goes through the engine, whose checks may warn; a run goes the same way without them.
    """
    if network.bundled:

        def through_the_engine(radiograph: Radiograph) -> tuple[np.ndarray, tuple[str, ...]]:
            stack = translate(radiograph, model=network.folder, device="cpu")
            return stack.hu, stack.warnings

        return through_the_engine

    def without_checks(radiograph: Radiograph) -> tuple[np.ndarray, tuple[str, ...]]:
        integrals, _ = to_line_integrals(radiograph.pixels[0], radiograph.scale, reference)
        calibrated = radiograph.scale is IntensityScale.LINE_INTEGRAL
        return network.predict_at(integrals, radiograph.spacing, calibrated=calibrated), ()

    return without_checks
