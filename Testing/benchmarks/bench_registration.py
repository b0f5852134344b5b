"""2D/3D registration: how often, how well and how fast a pose is found again, on radiographs simulated from real CT.

    python -m Testing.benchmarks.bench_registration --data ../shared/data/chest_ct [--poses 20] [--optimisers]

Each of the random poses turns the patient by up to 10 degrees about each axis and moves it by up to 20 mm along each.
The radiograph is made by ANOTHER projector than the registration uses (nanodrr: trilinear samples along the rays), on
1 mm pixels, with Poisson noise (20 000 photons a pixel in air) and an S-shaped display curve that the registration is
not told.
A pose counts as found within 1 degree (each of three rotations) and 1.5 mm (each of two shifts parallel to the
detector); with the distance along the rays, which one view shows through the magnification alone, counted separately.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from Testing.independent_projectors import nanodrr_line_integrals
from XrayToCTLib.alignment.local_contrast import similarity
from XrayToCTLib.alignment.pose import (
    NAMES,
    UNITS,
    box_points,
    pose_of,
    projection_distance,
    target_registration_error,
    with_pose,
)
from XrayToCTLib.alignment.pyramid import Level, level
from XrayToCTLib.alignment.registration import register
from XrayToCTLib.alignment.search import local_search
from XrayToCTLib.projection import CtVolume, ProjectionGeometry, project, read_ct, remove_table
from XrayToCTLib.radiograph import IntensityScale, Radiograph

CASES = ("LIDC-IDRI-0001", "R01-001", "LIDC-IDRI-0314", "TotalSegmentator-aorta")
RANGE = np.array((10.0, 10.0, 10.0, 20.0, 20.0, 20.0))
TARGETS = box_points((250.0, 180.0, 250.0))
PHOTONS = 2e4
DETECTOR = ProjectionGeometry(shape=(384, 384), spacing=(1.0, 1.0))


def simulated(volume: CtVolume, geometry: ProjectionGeometry, rng: np.random.Generator) -> Radiograph:
    """A noisy, display-processed radiograph by an independent projector."""
    integrals = nanodrr_line_integrals(volume.relative_attenuation(), volume.spacing, volume.centre, geometry)
    noisy = -np.log(np.maximum(rng.poisson(PHOTONS * np.exp(-integrals.astype(np.float64))), 1) / PHOTONS)
    shown = 1 / (1 + np.exp(-1.2 * (noisy - 2.0)))
    radiograph = project(volume, geometry=geometry)
    return replace(radiograph, pixels=shown.astype(np.float32)[None], scale=IntensityScale.DISPLAY)


def run_poses(data: Path, poses: int, seed: int) -> None:
    volumes = {name: remove_table(read_ct(data / f"{name}.nii.gz")) for name in CASES}
    errors, lines, seconds = [], [], []
    for number in range(poses):
        name = CASES[number % len(CASES)]
        rng = np.random.default_rng((seed, number))
        true = with_pose(DETECTOR, pose_of(DETECTOR) + rng.uniform(-RANGE, RANGE))
        radiograph = simulated(volumes[name], true, rng)
        start, start_cpu = time.perf_counter(), time.process_time()
        found = register(volumes[name], radiograph, DETECTOR)
        seconds.append((time.perf_counter() - start, time.process_time() - start_cpu))
        errors.append(pose_of(found.geometry) - pose_of(true))
        lines.append(
            (
                target_registration_error(DETECTOR, true, TARGETS),
                target_registration_error(found.geometry, true, TARGETS),
                projection_distance(found.geometry, true, TARGETS),
                found.record.end_similarity,
                found.record.residual_mm,
                found.record.evaluations,
            )
        )
        print(
            f"{number + 1:2d} {name:24s} errors "
            + " ".join(f"{error:+6.2f}" for error in errors[-1])
            + " | mTRE {:5.1f} -> {:5.2f} mm, mPD {:5.2f} mm | LNCC {:.3f}, shift {:.2f} mm | {} projections".format(
                *lines[-1]
            )
            + f", {seconds[-1][0]:.1f} s wall, {seconds[-1][1]:.1f} s CPU",
            flush=True,
        )
    size = np.abs(errors)
    in_plane = (size[:, :3] <= 1.0).all(1) & (size[:, 3:5] <= 1.5).all(1)
    all_six = in_plane & (size[:, 5] <= 1.5)
    print(f"within 1 degree and 1.5 mm, rotations and shifts parallel to the detector: {in_plane.sum()} of {poses}")
    print(f"the same and the distance along the rays within 1.5 mm: {all_six.sum()} of {poses}")
    for index, (name, unit) in enumerate(zip(NAMES, UNITS, strict=True)):
        print(f"  {name:22s} median {np.median(size[:, index]):.3f}, largest {size[:, index].max():.3f} {unit}")
    table = np.array(lines)
    before, after = table[:, 0], table[:, 1]
    print(f"mTRE median {np.median(after):.2f}, largest {after.max():.2f} mm (before: median {np.median(before):.1f})")
    print(f"mPD  median {np.median(table[:, 2]):.2f}, largest {table[:, 2].max():.2f} mm")
    wall, cpu = np.median(np.array(seconds), axis=0)
    print(f"seconds: median {wall:.1f} wall, {cpu:.1f} CPU")


def compare_optimisers(data: Path, poses: int, seed: int) -> None:
    """The same local search from the same starts, 3 mm pixels, by several optimisers; least squares is the baseline."""
    rng = np.random.default_rng(seed)
    volume = remove_table(read_ct(data / f"{CASES[0]}.nii.gz"))
    outcome: dict[str, list[tuple[float, float, int]]] = {}
    for _ in range(poses):
        true = with_pose(DETECTOR, pose_of(DETECTOR) + rng.uniform(-RANGE, RANGE))
        image = simulated(volume, true, rng).pixels[0]
        start = pose_of(true) + rng.uniform(-1, 1, 6) * (3, 3, 3, 6, 6, 10)
        at = level(volume, image, DETECTOR, 3.0, 14.0)
        for name, optimise in _OPTIMISERS.items():
            began = time.process_time()
            found, evaluations = optimise(at, start)
            took = time.process_time() - began
            error = projection_distance(with_pose(DETECTOR, found), true, TARGETS)
            outcome.setdefault(name, []).append((error, took, evaluations))
    base = np.median([took for _, took, _ in outcome["least squares"]])
    for name, rows in outcome.items():
        error, took, evaluations = np.median(np.array(rows), axis=0)
        worst = max(row[0] for row in rows)
        print(
            f"{name:14s} mPD median {error:.2f}, largest {worst:.2f} mm; {evaluations:.0f} projections, "
            f"{took:.2f} s CPU, {took / base:.1f} x least squares"
        )


def _least_squares(at: Level, start: np.ndarray) -> tuple[np.ndarray, int]:
    return local_search(at, start)


def _scalar(method: str) -> Callable[[Level, np.ndarray], tuple[np.ndarray, int]]:
    def optimise(at: Level, start: np.ndarray) -> tuple[np.ndarray, int]:
        from scipy.optimize import minimize

        scale = np.array((1.0, 1.0, 1.0, 2.0, 2.0, 20.0))
        weight = at.weight(start, 20.0)

        def cost(x: np.ndarray) -> float:
            return -similarity(at.features(start + x * scale), at.target, weight)

        options = {"L-BFGS-B": {"eps": 0.3}}.get(method, {})
        found = minimize(cost, np.zeros(6), method=method, options=options)
        return start + found.x * scale, int(found.nfev)

    return optimise


_OPTIMISERS = {
    "least squares": _least_squares,
    **{name: _scalar(name) for name in ("Powell", "Nelder-Mead", "L-BFGS-B")},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the chest CTs")
    parser.add_argument("--poses", type=int, default=20)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--optimisers", action="store_true", help="compare optimisers instead")
    options = parser.parse_args()
    (compare_optimisers if options.optimisers else run_poses)(options.data, options.poses, options.seed)


if __name__ == "__main__":
    main()
