"""Evaluate: the averaged generator on patients that training never saw, beside the mean-CT predictor."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
import torch

from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.fidelity import metrics
from XrayToCTLib.networks.architectures import build_network
from XrayToCTLib.projection import read_ct, remove_table
from XrayToCTLib.radiograph import IntensityScale
from XrayToCTLib.translation.harmonise import to_line_integrals

from .config import RunConfig
from .prepare import load_cts
from .samples import field_of, normalised, reference_of
from .simulate import Field, Sample, plain_geometry, render

EVALUATION_FILE = "evaluation.json"
_WINDOW = (-1024.0, 1476.0)


@dataclass(frozen=True, slots=True)
class Row:
    """One number of one patient: which predictor, fed what, on which grid, over which slabs and mask."""

    patient: str
    predictor: str
    input: str
    grid_mm: float
    slabs: str
    mask: str
    metric: str
    value: float


def evaluate(config: RunConfig) -> list[Row]:
    """Measure, print the body-masked means over patients, and write ``evaluation.json`` into the run.

    Protocol: one PA view of each test patient (source 1.8 m, no tilt), table removed, at the network's grid and, for
    comparison, averaged to twice its spacing; HU clipped to the window of the targets; rays that leave the scanned
    length left out; the body mask is that of ``metrics.body_mask`` on the reference slab; PSNR and SSIM at range 2500,
    PSNR from one MSE over all voxels of the patient.
    """
    network = averaged_generator(config)
    field = field_of(config)
    reference = reference_of(config)
    mean_ct = _mean_stack(config, field)
    rows: list[Row] = []
    for name in config.ct.test:
        sample = evaluation_sample(config, name, field)
        target = sample.hu.astype(np.float32)
        shown, _ = to_line_integrals(display_look(sample.integrals), IntensityScale.DISPLAY, reference)
        for fed, image in (("line integrals", sample.integrals), ("display-processed", shown)):
            with torch.inference_mode():
                made = network(torch.from_numpy(normalised(image))[None, None])[0].numpy() * 1000.0
            rows += _measure(name, "model", fed, made, target, sample.valid, config.grid_mm)
        rows += _measure(name, "mean CT", "nothing", mean_ct, target, sample.valid, config.grid_mm)
    text = json.dumps([{key: getattr(row, key) for key in Row.__slots__} for row in rows], indent=1)
    (config.run / EVALUATION_FILE).write_text(text, encoding="utf-8")
    for key, value in means(rows).items():
        if key[-1] == "body":
            print(f"{value:9.3f}  {'  '.join(key)}")
    return rows


def means(rows: list[Row]) -> Mapping[tuple[str, ...], float]:
    """Means over patients, by everything else."""
    groups: dict[tuple[str, ...], list[float]] = {}
    for row in rows:
        key = (row.metric, row.predictor, row.input, f"{row.grid_mm:g} mm", row.slabs, row.mask)
        groups.setdefault(key, []).append(row.value)
    return {key: float(np.mean(values)) for key, values in sorted(groups.items())}


def averaged_generator(config: RunConfig) -> torch.nn.Module:
    """The run's averaged generator, in evaluation mode.

    Raises:
        XrayToCTError: the run has no checkpoint.
    """
    path = config.run / "checkpoint.pt"
    if not path.exists():
        raise XrayToCTError(f"{config.run} has no checkpoint.", hint="Run `python -m Training train` first.")
    state = torch.load(path, weights_only=True, map_location="cpu")
    network = build_network("unet-slabs", architecture_of(config))
    network.load_state_dict(state["model"]["average"])
    return network.eval()


def architecture_of(config: RunConfig) -> dict[str, object]:
    return {"in_channels": 1, "slabs": config.slabs, "widths": list(config.widths), "unshuffle": 2}


def evaluation_sample(config: RunConfig, name: str, field: Field) -> Sample:
    """The plain PA view of a test patient, from the CT as it is (not from the prepared array)."""
    volume = remove_table(read_ct(config.data / "chest_ct" / f"{name}.nii.gz"))
    attenuation = volume.relative_attenuation().transpose(1, 0, 2)
    return render(attenuation, volume.spacing, volume.centre, plain_geometry(field), field)


def display_look(integrals: np.ndarray) -> np.ndarray:
    """A console's look of a radiograph: an S-shaped curve and 8 bits."""
    low, high = np.quantile(integrals, (0.02, 0.995))
    curve = 1.0 / (1.0 + np.exp(-5.0 * ((integrals - low) / (high - low) - 0.5)))
    return np.round(curve * 255.0).astype(np.float32)


def _mean_stack(config: RunConfig, field: Field) -> np.ndarray:
    """The mean-CT predictor: the mean of the training patients' plain PA stacks, where they are scanned."""
    total = np.zeros((field.slabs, field.size, field.size))
    count = np.zeros((field.size, field.size))
    for ct in load_cts(config.prepared, config.ct.train):
        attenuation = np.asarray(ct.attenuation, np.float32)
        sample = render(attenuation, ct.spacing, ct.centre, plain_geometry(field), field)
        total += np.clip(sample.hu.astype(np.float32), *_WINDOW) * sample.valid
        count += sample.valid
    return (total / np.maximum(count, 1)).astype(np.float32)


def _measure(
    patient: str, predictor: str, fed: str, made: np.ndarray, target: np.ndarray, valid: np.ndarray, grid_mm: float
) -> Iterator[Row]:
    made, target = (np.clip(hu, *_WINDOW).astype(np.float32) for hu in (made, target))
    seen = valid.astype(np.float32)
    for times in (1, 2):
        if times == 2:
            made, target = _halved(made), _halved(target)
            seen = _halved(seen[None])[0]
        inside = seen > 0.99
        body = metrics.body_mask(target) & inside
        whole = np.broadcast_to(inside, target.shape)
        for slabs, chosen in (
            ("central slab", slice(len(target) // 2, len(target) // 2 + 1)),
            ("all slabs", slice(None)),
        ):
            for mask_name, mask in (("body", body[chosen]), ("whole field", whole[chosen])):
                values = {
                    "MAE": metrics.mae(made[chosen], target[chosen], mask),
                    "ME": metrics.me(made[chosen], target[chosen], mask),
                    "PSNR": metrics.psnr(made[chosen], target[chosen], mask, data_range=2500.0),
                    "SSIM": metrics.ssim(made[chosen], target[chosen], mask, data_range=2500.0),
                }
                for metric, value in values.items():
                    yield Row(patient, predictor, fed, grid_mm * times, slabs, mask_name, metric, float(value))


def _halved(stack: np.ndarray) -> np.ndarray:
    rows, cols = stack.shape[1] // 2, stack.shape[2] // 2
    return np.stack([cv2.resize(slab, (cols, rows), interpolation=cv2.INTER_AREA) for slab in stack])
