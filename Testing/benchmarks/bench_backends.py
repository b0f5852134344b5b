"""The network alone in every backend, against the classic generator in eager fp32, all interleaved in one run.

    python -m Testing.benchmarks.bench_backends [--model FOLDER] [--images FOLDER] [--repeats 15] [--threads N] [--json]

The image has 256 x 256 pixels, the network gives 16 slabs. Without --model, the architectures of the flagship and of
its fast variant as Training/configs states them, with random weights, are exported to ONNX first: what a run costs does
not depend on the weights. The baseline is the classic CycleGAN generator (ResNet-9, 64 filters, 11.4 M
parameters, one channel) in eager fp32, as scripts commonly run it: autograd on, no memory format. Ratios are of median
CPU seconds, which waiting for a core does not change, and of median wall seconds. PyTorch's threads sleep while they
wait for each other, as everywhere in the library; the baseline's too.

With --model and --images (PNG or DICOM files), the HU of each backend are also held against PyTorch in single
precision, through the whole translation. Peak memory is that of fresh processes, one a backend: of the network alone on
1024 x 1024 pixels, less the same process with 64 x 64; and of a whole translation of 4000 x 4000 pixels.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from Testing.benchmarks.interleaved import time_interleaved
from XrayToCTLib.models.bundle import Bundle, load_bundle, write_bundle
from XrayToCTLib.models.weights import require_torch
from XrayToCTLib.translation.backends.memory import network_bytes
from XrayToCTLib.translation.backends.protocol import GRAPH_FILE, backend_key
from XrayToCTLib.translation.backends.table import backend_called, candidates
from XrayToCTLib.translation.backends.threads import THREADS_ENVIRONMENT, thread_count

_CONFIGS = Path(__file__).resolve().parents[2] / "Training" / "configs"
FLAGSHIP, FAST = _CONFIGS / "physics-cyclegan-chest-ct.yaml", _CONFIGS / "fast-chest-ct.yaml"
BARS = {FLAGSHIP: "bars: 25, PyTorch alone 8", FAST: "bar: 60"}
SIDE = 256
BASELINE = "classic ResNet-9, eager fp32"
_MIB = 2**20


def with_random_weights(config: Path, folder: Path) -> Bundle:
    """A bundle of the architecture of a run's YAML; in ``folder``, which is made."""
    torch = require_torch()
    import yaml

    from Training.exporting.onnx_graph import onnx_graph
    from XrayToCTLib.models.weights import read_tensors, write_tensors
    from XrayToCTLib.networks.architectures import build_network

    given = yaml.safe_load(config.read_text(encoding="utf-8"))["network"]
    folder.mkdir()
    torch.manual_seed(0)
    network: Any = build_network(given["name"], given["parameters"]).eval()
    for parameter in network.parameters():
        if not parameter.any():  # the heads start as zero: a graph would drop what follows
            torch.nn.init.normal_(parameter, std=0.02)
    weights = folder / "weights.safetensors"
    write_tensors(weights, network.state_dict())
    network.load_state_dict({name: tensor.float() for name, tensor in read_tensors(weights).items()})
    probabilities = [step / 16 for step in range(17)]
    card = {
        "schema_version": 1,
        "id": f"{config.stem}-random",
        "version": "0.0.0",
        "title": "An architecture with random weights",
        "description": "For timing only.",
        "source_modality": "radiograph",
        "target_modality": "CT",
        "anatomy": "chest",
        "views": ["PA"],
        "architecture": {"name": given["name"], "parameters": given["parameters"]},
        "grid": {"spacing_mm": [1.5, 1.5], "trained_shape": [SIDE, SIDE], "multiple": int(network.multiple)},
        "slabs": {"count": 16, "thickness_mm": 20.0},
        "input": {
            "quantity": "line_integral",
            "mean": 2.5,
            "std": 1.5,
            "channels": ["line_integral", "calibrated"],
            "reference_quantiles": {"probabilities": probabilities, "line_integrals": [6 * p for p in probabilities]},
        },
        "output": {"slope_hu": 1000.0, "intercept_hu": 0.0, "window_hu": [-1024.0, 1476.0]},
        "training_data": [{"name": "none", "patients": 0, "licence": "CC0-1.0", "credit": "nobody", "url": ""}],
        "fidelity": [{"metric": "MAE", "value": 0.0, "unit": "HU", "protocol": "Random weights: not measured."}],
        "limits": ["It knows nothing."],
        "licence": "CC0-1.0",
    }
    files = {"LICENSE.txt": "CC0-1.0\n", "CREDITS.txt": "Nobody.\n", GRAPH_FILE: onnx_graph(network, weights)}
    return write_bundle(folder / "bundle", card, network.state_dict(), files)


def measure_times(bundles: list[Bundle], repeats: int) -> dict[str, Any]:
    """Median wall and CPU seconds of each model in each backend that works, and of the baseline; the first two rounds
    warm up. ``models``: name -> backend -> seconds and ratios, and ``left_out``: backend -> why."""
    torch = require_torch()
    from XrayToCTLib.networks.architectures import build_network

    threads = thread_count()
    if threads:
        torch.set_num_threads(threads)
    classic = build_network("resnet9", {"in_channels": 1, "out_channels": 1, "filters": 64})
    one_channel = torch.randn(1, 1, SIDE, SIDE)
    cases: dict[str, Callable[[], object]] = {BASELINE: lambda: classic(one_channel)}
    left_out: dict[str, str] = {}
    places: dict[str, tuple[str, str]] = {}
    for bundle in bundles:
        shape = (len(bundle.card.input.channels), SIDE, SIDE)
        image = np.random.default_rng(0).normal(size=shape).astype(np.float32)
        for backend in candidates("auto"):
            if reason := backend.unusable() or backend.unfit(bundle):
                left_out[backend_key(backend)] = reason
                continue
            network = backend.load(bundle, threads)
            case = f"{bundle.card.name} {backend_key(backend)}"
            cases[case] = lambda network=network, image=image: network.run(image)
            places[case] = (bundle.card.name, backend_key(backend))
    times = time_interleaved(cases, repeats)
    baseline = times.pop(BASELINE)
    models: dict[str, Any] = {bundle.card.name: {} for bundle in bundles}
    for case, taken in times.items():
        name, key = places[case]
        models[name][key] = {**taken, **{f"{clock}_ratio": baseline[clock] / taken[clock] for clock in taken}}
    return {"threads": threads, "baseline": baseline, "models": models, "left_out": left_out}


def best_ratios(rows: dict[str, dict[str, float]], clock: str = "cpu") -> tuple[float, float]:
    """Of a model's rows: with any backend, and with PyTorch alone."""
    ratios = {key: row[f"{clock}_ratio"] for key, row in rows.items()}
    with_torch = max((ratio for key, ratio in ratios.items() if key.startswith("torch")), default=0.0)
    return max(ratios.values(), default=0.0), with_torch


def measure_differences(bundle: Bundle, files: list[Path]) -> dict[str, dict[str, float]]:
    """HU of each backend against PyTorch in single precision, over real radiographs: mean of images, and the worst."""
    from XrayToCTLib import read_radiograph, translate

    found: dict[str, list[np.ndarray]] = {}
    for file in files:
        radiograph = read_radiograph(file)
        exact = translate(radiograph, model=bundle.folder, device="torch-cpu/fp32").hu
        for backend in candidates("auto"):
            key = backend_key(backend)
            if key == "torch-cpu/fp32" or backend.unusable() or backend.unfit(bundle):
                continue
            apart = np.abs(translate(radiograph, model=bundle.folder, device=key).hu - exact)
            figures = np.array([apart.mean(), np.quantile(apart, 0.99), apart.max()])
            found.setdefault(key, []).append(figures)
    return {
        key: {
            "mean": float(np.mean(rows, 0)[0]),
            "p99": float(np.max(rows, 0)[1]),
            "largest": float(np.max(rows, 0)[2]),
        }
        for key, rows in found.items()
    }


def measure_memory(bundle: Bundle) -> dict[str, Any]:
    """Peak MiB of fresh processes."""
    rows: dict[str, Any] = {}
    side = 1024
    for backend in candidates("cpu"):
        if backend.unusable() or backend.unfit(bundle):
            continue
        key = backend_key(backend)
        small, large, whole = (_peak_of(bundle, key, task) for task in ("64", str(side), "translate"))
        rows[key] = {"network_1024": large - small, "translate_4000": whole}
    rows["estimate_1024"] = network_bytes(bundle.card, side * side) / _MIB
    return rows


def _peak_of(bundle: Bundle, key: str, task: str) -> float:
    command = [sys.executable, __file__, "--model", str(bundle.folder), "--peak-of", key, "--task", task]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def peak_of(folder: Path, key: str, task: str) -> float:
    from Testing.benchmarks.bench_translation import peak_mib, synthetic_radiograph

    bundle = load_bundle(folder)
    if task == "translate":
        from dataclasses import replace

        from XrayToCTLib import translate

        radiograph = synthetic_radiograph(4000)
        radiograph = replace(radiograph, pixels=np.round(radiograph.pixels * 20000))
        translate(radiograph, model=folder, device=key)
        return peak_mib()
    backend = backend_called(key)
    assert backend is not None
    side = int(task)
    backend.load(bundle, thread_count()).run(np.zeros((len(bundle.card.input.channels), side, side), np.float32))
    return peak_mib()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", type=Path, action="append", help="folder of a bundle or variant; may be repeated")
    parser.add_argument("--images", type=Path, help="folder of radiographs to compare the backends' HU on")
    parser.add_argument("--most-images", type=int, default=8, help="of that folder (default 8)")
    parser.add_argument("--repeats", type=int, default=15, help="timed rounds (default 15)")
    parser.add_argument("--threads", type=int, help=f"sets {THREADS_ENVIRONMENT}")
    parser.add_argument("--memory", action="store_true", help="measure peak memory too")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--peak-of", help=argparse.SUPPRESS)
    parser.add_argument("--task", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.threads:
        os.environ[THREADS_ENVIRONMENT] = str(options.threads)
    if options.peak_of:
        print(peak_of(options.model[0], options.peak_of, options.task))
        return
    with tempfile.TemporaryDirectory() as work:
        if options.model:
            bundles = [load_bundle(folder) for folder in options.model]
        else:
            bundles = [with_random_weights(config, Path(work) / config.stem) for config in (FLAGSHIP, FAST)]
        bundle = bundles[0]
        result = measure_times(bundles, options.repeats)
        if options.images:
            files = sorted(path for path in options.images.iterdir() if path.is_file())[: options.most_images]
            result["differences_hu"] = measure_differences(bundle, files)
        if options.memory:
            result["peak_mib"] = measure_memory(bundle)
    if options.json:
        print(json.dumps(result, indent=2))
        return
    print_table(result)


def print_table(result: dict[str, Any]) -> None:
    threads = result["threads"] or "as many as the backend likes"
    print(f"{SIDE} x {SIDE}, threads: {threads}; medians (CPU, wall), ratios:")
    print(f"  {BASELINE:30s} {result['baseline']['cpu']:.4f} s {result['baseline']['wall']:.4f} s")
    for model, rows in result["models"].items():
        print(model)
        for name, row in rows.items():
            print(
                f"  {name:30s} {row['cpu']:.4f} s {row['wall']:.4f} s  "
                f"{row['cpu_ratio']:5.1f} x CPU  {row['wall_ratio']:5.1f} x wall"
            )
        best, with_torch = best_ratios(rows)
        config = FAST if model.endswith(":fast") or model.startswith(FAST.stem) else FLAGSHIP
        print(f"  best {best:.1f} x, PyTorch alone {with_torch:.1f} x of CPU seconds ({BARS[config]})")
    for name, reason in result["left_out"].items():
        print(f"  {name:30s} left out: {reason}")
    for name, row in result.get("differences_hu", {}).items():
        print(
            f"  {name:30s} {row['mean']:.3f} HU from PyTorch in the mean; of the worst image 99 % of the voxels within "
            f"{row['p99']:.3f}, all within {row['largest']:.3f}"
        )
    if "peak_mib" in result:
        print(f"  network, 1024 x 1024: estimated {result['peak_mib'].pop('estimate_1024'):.0f} MiB")
        for name, row in result["peak_mib"].items():
            print(
                f"  {name:30s} {row['network_1024']:5.0f} MiB of the network at 1024 x 1024; "
                f"{row['translate_4000']:5.0f} MiB in all for a translation of 4000 x 4000 (bar: 1536)"
            )


if __name__ == "__main__":
    main()
