"""Simulated pairs a second: both executors and what they are built from, on the same records, all in one run.

    python -m Testing.benchmarks.bench_simulation [--steps 24] [--lanes 8] [--json]

Patients are phantoms. A sample is what training is fed: image, target and valid of one lane at one step, averaged over
whole periods (4 poses of a body, 3 looks of a pose). Rows of the CPU give samples per second of one core (process CPU
time); rows of a GPU give samples per second of wall clock. Baselines, under their names:
"torch executor on the CPU" (the same code that runs on a GPU), and "a new pose for every sample, by the library's
projector" (no re-use, no deformation, no look: project and slice alone).
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace

import cv2
import numpy as np
import torch

from Training.data.manifest import PreparedCt
from Training.simulation import Field, SampleStream, SimulationSettings, plain_geometry
from Training.simulation.phantoms import torso_phantom
from XrayToCTLib.models.card import ReferenceQuantiles
from XrayToCTLib.projection.ct_volume import body_centre
from XrayToCTLib.projection.opencv_projector import slab_means

_GRIDS = {
    "3 mm, 128 x 128, 16 slabs, CT at 3 x 6 x 3 mm": (Field(128, 3.0, 16, 20.0), (3.0, 6.0, 3.0)),
    "1.5 mm, 256 x 256, 16 slabs, CT at 2 x 4 x 1.5 mm": (Field(256, 1.5, 16, 20.0), (2.0, 4.0, 1.5)),
}
_REFERENCE = ReferenceQuantiles(
    tuple(float(p) for p in np.linspace(0, 1, 65)), tuple(float(v) for v in np.linspace(0, 6, 65))
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=24, help="a multiple of 12 shows the steady state")
    parser.add_argument("--lanes", type=int, default=8)
    parser.add_argument("--patients", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    rows = []
    for label, (field, spacing) in _GRIDS.items():
        cts = [_prepared(seed, spacing) for seed in range(options.patients)]
        rows.append(_row(label, "OpenCV executor", *_stream(cts, field, "opencv", "cpu", options)))
        rows.append(_row(label, "torch executor on the CPU", *_stream(cts, field, "torch", "cpu", options)))
        rows.append(_row(label, "a new pose for every sample, by the library's projector", *_poses(cts, field)))
        if torch.cuda.is_available():
            name = f"torch executor on {torch.cuda.get_device_name()}"
            rows.append(_row(label, name, *_stream(cts, field, "torch", "cuda", options)))
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    for row in rows:
        print("  ".join(f"{key}: {value}" for key, value in row.items()))


def _prepared(seed: int, spacing: tuple[float, float, float]) -> PreparedCt:
    hu, spacing = torso_phantom(seed, spacing)
    attenuation = np.maximum(hu.astype(np.float32) / 1000 + 1, 0).transpose(1, 0, 2)
    name = f"phantom {seed}"
    return PreparedCt(name, name, attenuation.astype(np.float16), spacing, body_centre(hu))


def _stream(
    cts: list[PreparedCt], field: Field, executor: str, device: str, options: argparse.Namespace
) -> tuple[int, float, float]:
    settings = replace(SimulationSettings(workers=0), executor=executor)
    stream = SampleStream(cts, [1.0] * len(cts), field, settings, _REFERENCE, 0, device)
    stream.batch(0, range(options.lanes))  # landmarks and first bodies
    _wait(device)
    cpu, wall = time.process_time(), time.monotonic()
    for step in range(1, options.steps + 1):
        stream.batch(step, range(options.lanes))
    _wait(device)
    return options.steps * options.lanes, time.process_time() - cpu, time.monotonic() - wall


def _poses(cts: list[PreparedCt], field: Field) -> tuple[int, float, float]:
    volumes = [np.asarray(ct.attenuation, np.float32).transpose(1, 0, 2) for ct in cts]
    geometry = replace(plain_geometry(field), rotation_deg=(2.0, -2.0, 1.0))
    cpu, wall = time.process_time(), time.monotonic()
    for ct, volume in zip(cts, volumes, strict=True):
        slab_means(volume, ct.spacing, ct.centre, geometry, field.slabs, field.slab_thickness)
    return len(cts), time.process_time() - cpu, time.monotonic() - wall


def _row(grid: str, what: str, samples: int, cpu: float, wall: float) -> dict[str, object]:
    on_gpu = torch.cuda.is_available() and "CPU" not in what and what.startswith("torch")
    seconds = wall if on_gpu else cpu
    return {
        "grid": grid,
        "executor": what,
        "samples_per_second": round(samples / seconds, 1),
        "clock": "wall" if on_gpu else "one core",
        "samples": samples,
    }


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


if __name__ == "__main__":
    main()
