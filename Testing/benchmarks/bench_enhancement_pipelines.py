"""How long the presets take: in the panel's preview, and at 2048 x 2048 in 16 bits.

    python -m Testing.benchmarks.bench_enhancement_pipelines [--repeats N]

The baseline is OpenCV's 16-bit CLAHE alone on the same pixels, interleaved with the presets in the same run.
CPU seconds of this process, best of the repeats.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from XrayToCTLib.enhancement.enhance import enhance
from XrayToCTLib.enhancement.presets import presets
from XrayToCTLib.enhancement.preview import PreviewRunner
from XrayToCTLib.radiograph import IntensityScale, Radiograph, SpacingSource

_SIDE = 2048


def simulated(side: int = _SIDE) -> Radiograph:
    """A chest-like 16-bit radiograph of 430 mm with noise: two lungs with ribs in a body."""
    rng = np.random.default_rng(1)
    rows, cols = np.mgrid[0:side, 0:side] / side - 0.5
    image = 0.75 - 0.5 * rows**2 - 0.6 * cols**2 + 0.04 * (np.sin(rows * 120 + cols * 20) > 0.8)
    for middle in (-0.2, 0.2):
        image[((cols - middle) / 0.15) ** 2 + (rows / 0.35) ** 2 < 1] -= 0.45
    image += 0.01 * rng.standard_normal(image.shape)
    pixels = np.rint(np.clip(image, 0, 1) * 65535).astype(np.float32)[np.newaxis]
    step = 430.0 / side
    return Radiograph(pixels, (step, step), SpacingSource.CALLER, IntensityScale.DISPLAY, "simulated", "simulated")


def cpu_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    import cv2

    radiograph = simulated()
    stored = radiograph.pixels[0].astype(np.uint16)
    equaliser = cv2.createCLAHE(2.0, (8, 8))
    runner = PreviewRunner(radiograph)
    chosen = presets().bundled
    best: dict[str, float] = {}

    def note(name: str, work: Callable[[], object]) -> None:
        best[name] = min(best.get(name, float("inf")), cpu_seconds(work))

    for _ in range(repeats):
        note("OpenCV CLAHE", lambda: equaliser.apply(stored))
        note("reduce once", lambda: PreviewRunner(radiograph))
        for preset in chosen:
            note(f"preview, whole: {preset.name}", lambda preset=preset: _fresh(runner).run(preset))
            step = preset.steps[-1]
            name = next(key for key, value in step.values.items() if isinstance(value, float))
            moved = replace(preset, steps=(*preset.steps[:-1], step.with_values(**{name: step.values[name] * 0.9})))
            runner.run(preset)
            note(f"preview, last slider: {preset.name}", lambda moved=moved: runner.run(moved))
            note(f"full: {preset.name}", lambda preset=preset: enhance(radiograph, preset))
        shown = runner.run(chosen[0])
        note("transfer curve", lambda shown=shown: runner.transfer_curve(shown))
    baseline = best["OpenCV CLAHE"]
    print(f"{'':45} {'CPU ms':>8} {'of OpenCV CLAHE at 2048':>24}")
    for name, seconds in best.items():
        print(f"{name:45} {1000 * seconds:8.1f} {seconds / baseline:24.2f}")


def _fresh(runner: PreviewRunner) -> PreviewRunner:
    """The same reduced image with nothing kept."""
    return PreviewRunner(runner.source)


if __name__ == "__main__":
    main()
