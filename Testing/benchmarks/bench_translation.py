"""Time and memory of a warm translation, against the classic generator's forward pass in the same run.

    python -m Testing.benchmarks.bench_translation [--model MODEL] [--size 2000] [--repeats 9] [--json]

Ratio: median of translate() of one size x size radiograph (spacing set so that the field is 400 mm), model loaded,
against the median of one forward pass of the classic CycleGAN generator (ResNet-9, ngf 64, 11.4 M parameters) on
256 x 256, eager fp32 WITH autograd, which is the named baseline; the same under inference_mode is printed beside it.
They are interleaved, so that a busy machine slows all of them; the ratio of CPU seconds is printed too, which waiting
for a core does not change. A fourth case fills a new array of the stack's size: what the machine charges for the
memory alone, whatever is written there (a virtual machine that returned it to its host pays much more than a desktop).

Memory: peak resident memory of a fresh process after one cold translate(), less its value just before, everything
imported. The stack itself is 244 MiB of it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from Testing.benchmarks.interleaved import time_interleaved
from XrayToCTLib import Radiograph, translate
from XrayToCTLib.models.registry import find_model
from XrayToCTLib.networks.architectures import build_network
from XrayToCTLib.radiograph import IntensityScale, SpacingSource, View

FIELD_MM = 400.0


def synthetic_radiograph(size: int) -> Radiograph:
    """Smooth blobs and noise: translation time does not depend on what is in the picture."""
    rows, cols = np.mgrid[0:size, 0:size].astype(np.float32) / size
    pixels = np.exp(-8 * ((rows - 0.5) ** 2 + (cols - 0.5) ** 2)) + 0.2 * np.sin(9 * cols)
    pixels += np.random.default_rng(0).normal(0, 0.01, pixels.shape).astype(np.float32)
    return Radiograph(
        pixels=pixels[None].astype(np.float32),
        spacing=(FIELD_MM / size, FIELD_MM / size),
        spacing_source=SpacingSource.CALLER,
        scale=IntensityScale.DISPLAY,
        source="synthetic",
        identity="synthetic",
        view=View.PA,
    )


def measure_times(model: str, size: int, repeats: int) -> dict[str, Any]:
    import torch

    radiograph = synthetic_radiograph(size)
    classic: Any = build_network("resnet9", {"in_channels": 1, "out_channels": 1, "filters": 64})
    image = torch.randn(1, 1, 256, 256)

    def classic_inference() -> None:
        with torch.inference_mode():
            classic(image)

    seconds = time_interleaved(
        {
            "translate": lambda: translate(radiograph, model=model, device="cpu"),
            "classic_eager_autograd": lambda: classic(image),
            "classic_inference_mode": classic_inference,
            "memory_of_the_stack": lambda: np.empty((16, size, size), np.float32).fill(0),
        },
        repeats,
    )
    translated, baseline = seconds["translate"], seconds["classic_eager_autograd"]
    return {
        "seconds": seconds,
        "ratio": translated["wall"] / baseline["wall"],
        "cpu_ratio": translated["cpu"] / baseline["cpu"],
        "ratio_to_inference_mode": translated["wall"] / seconds["classic_inference_mode"]["wall"],
        "threads": torch.get_num_threads(),
    }


def measure_memory(model: str, size: int) -> float:
    """Peak extra MiB of one cold translate() in a fresh process."""
    command = [sys.executable, __file__, "--memory-of-one", "--model", model, "--size", str(size)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def memory_of_one(model: str, size: int) -> float:
    import cv2
    import torch

    radiograph = synthetic_radiograph(size)
    find_model(model)
    cv2.resize(radiograph.pixels[0][:64, :64], (32, 32))
    torch.nn.functional.conv2d(torch.ones(1, 1, 4, 4), torch.ones(1, 1, 3, 3))
    before = peak_mib()
    translate(radiograph, model=model, device="cpu")
    return peak_mib() - before


def peak_mib() -> float:
    """High-water mark of this process's resident memory."""
    status = Path("/proc/self/status")
    if status.exists():  # on Linux ru_maxrss starts from the parent's, which has run the classic network
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1024
    import resource  # not on Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", help="id or folder; default: the bundled model")
    parser.add_argument("--size", type=int, default=2000, help="rows and cols of the radiograph (default 2000)")
    parser.add_argument("--repeats", type=int, default=9, help="timed rounds (default 9)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--memory-of-one", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory_of_one:
        print(memory_of_one(options.model, options.size))
        return
    model = options.model or find_model(None).card.id
    result = measure_times(model, options.size, options.repeats)
    result |= {"peak_extra_mib": measure_memory(model, options.size), "model": model}
    if options.json:
        print(json.dumps(result, indent=2))
        return
    print(f"{result['model']}, {options.size} x {options.size}, {result['threads']} threads, medians (wall, CPU):")
    for name, label in (
        ("translate", "warm translate"),
        ("memory_of_the_stack", "new memory of the stack's size"),
        ("classic_eager_autograd", "classic ResNet-9 256^2, eager, autograd"),
        ("classic_inference_mode", "classic ResNet-9 256^2, inference_mode"),
    ):
        seconds = result["seconds"][name]
        print(f"  {label:40s} {seconds['wall']:.3f} s  {seconds['cpu']:.3f} s")
    print(
        f"  ratio to the baseline {result['ratio']:.3f} (target: at most 0.25), "
        f"of CPU seconds {result['cpu_ratio']:.3f}"
    )
    print(f"  ratio to inference_mode {result['ratio_to_inference_mode']:.3f}")
    print(f"  peak extra memory {result['peak_extra_mib']:.0f} MiB (target: under 1024)")


if __name__ == "__main__":
    main()
