"""A batch against its slowest stage, and two processes against one.

    python -m Testing.benchmarks.bench_batch [--model FOLDER] [--images 24] [--size 1024] [--repeats 3] [--json]

Overlap: 16-bit DICOM radiographs (size x size, 400 mm) are read, translated and written to NRRD one after another in
this process, each stage timed by itself. The throughput of the slowest stage alone is the named baseline; a batch of
the same files with one process is held against it. Bar: at least 85 %. XRAYTOCT_THREADS is 1, so that there is a core
for reading and writing beside the network's.

Two processes: a batch with two processes against one with one, one thread each, on small radiographs with the classic
ResNet-9, whose network takes nearly all of the time. Bar: 1.7 times the throughput.

The throughput of a batch is (n - 1) / (time of the last of n images - time of the first): the start of its process is
not in it. Rounds are interleaved, medians are given. Wall time needs cores that are free: with another load, run it
with `nice -n -5`, and look at the CPU seconds beside it. They give what two cores without another load allow at most:
twice the CPU seconds of the slowest stage over those of the batch; twice those of one process over those of two.

Memory (--only memory): the highest resident memory of a batch's process that makes the NRRD stack of one radiograph of
4000 x 4000 16-bit pixels, Python and its libraries included; the stack's float32 values are 977 MiB of it. Bar: 1.5 GB.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import psutil

import XrayToCTLib as x2ct
from Testing.benchmarks.bench_translation import FIELD_MM, synthetic_radiograph
from XrayToCTLib.dicom.write_dx import write_dx
from XrayToCTLib.models.bundle import Bundle, load_bundle, write_bundle
from XrayToCTLib.models.registry import find_model
from XrayToCTLib.translation.backends.threads import THREADS_ENVIRONMENT

HEAVY_SIZE = 256
LARGE_SIZE = 4000
STAGES = ("read", "translate", "write")


def write_radiographs(folder: Path, count: int, size: int) -> list[Path]:
    """Files of the same size and of different content."""
    radiograph = synthetic_radiograph(size)
    folder.mkdir()
    return [
        write_dx(radiograph, folder / f"{number:03d}.dcm", patient_id=str(number), derivation="Made up.")
        for number in range(count)
    ]


def classic_bundle(folder: Path) -> Bundle:
    """The classic ResNet-9 with 16 outputs and random weights, on a grid that fits HEAVY_SIZE pixels of 400 mm."""
    import torch

    from XrayToCTLib.networks.architectures import build_network

    torch.manual_seed(0)
    parameters = {"in_channels": 1, "out_channels": 16, "filters": 64}
    record = find_model(None).card.to_record()
    for name in ("files", "gate", "variants"):
        record.pop(name, None)
    record |= {
        "id": "classic-random",
        "architecture": {"name": "resnet9", "parameters": parameters},
        "grid": {"spacing_mm": [FIELD_MM / HEAVY_SIZE] * 2, "trained_shape": [HEAVY_SIZE] * 2, "multiple": 4},
    }
    record["input"].pop("channels", None)
    files = {"LICENSE.txt": "CC0-1.0\n", "CREDITS.txt": "Nobody.\n"}
    return write_bundle(folder, record, build_network("resnet9", parameters).state_dict(), files)


def time_stages(files: list[Path], out: Path, model: Path, device: str) -> dict[str, dict[str, float]]:
    """Mean wall and CPU seconds an image of each stage, one image after another."""
    taken: dict[str, dict[str, float]] = {stage: {"wall": 0.0, "cpu": 0.0} for stage in STAGES}

    def timed(stage: str, case: Callable[[], Any]) -> Any:
        start, start_cpu = time.perf_counter(), time.process_time()
        result = case()
        taken[stage]["wall"] += (time.perf_counter() - start) / len(files)
        taken[stage]["cpu"] += (time.process_time() - start_cpu) / len(files)
        return result

    for file in files:
        radiograph = timed("read", lambda file=file: x2ct.read_radiograph(file))
        stack = timed("translate", lambda r=radiograph: x2ct.translate(r, model=model, device=device))
        written = timed("write", lambda s=stack, f=file: x2ct.write_stack(s, out / f"{f.stem}.nrrd"))
        written.unlink()
    return taken


def time_batch(files: list[Path], out: Path, model: Path, device: str, jobs: int) -> dict[str, float]:
    """Wall and CPU seconds an image, from the first that is done to the last."""
    marks: list[tuple[float, float]] = []
    processes: dict[psutil.Process, float] = {}

    def mark(row: object) -> None:
        if not processes:
            processes.update(dict.fromkeys(psutil.Process().children(), 0.0))
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):  # it had nothing more to do: its last value stays
                times = process.cpu_times()
                processes[process] = times.user + times.system
        marks.append((time.perf_counter(), time.process_time() + sum(processes.values())))

    report = x2ct.batch(files, out, model=model, device=device, jobs=jobs, on_row=mark)
    assert report.done == len(files), report
    for file in out.glob("*.nrrd"):
        file.unlink()
    (first, first_cpu), (last, last_cpu) = marks[0], marks[-1]
    steps = len(files) - 1
    return {"wall": (last - first) / steps, "cpu": (last_cpu - first_cpu) / steps}


def median_of(rounds: list[dict[str, float]]) -> dict[str, float]:
    return {clock: statistics.median(each[clock] for each in rounds) for clock in rounds[0]}


def measure_overlap(folder: Path, bundle: Bundle, device: str, count: int, size: int, repeats: int) -> dict[str, Any]:
    files = write_radiographs(folder / "in", count, size)
    (folder / "out").mkdir()
    time_stages(files[:2], folder / "out", bundle.folder, device)
    stages, batches = [], []
    for number in range(repeats):
        stages.append(time_stages(files, folder / "out", bundle.folder, device))
        batches.append(time_batch(files, folder / f"batch{number}", bundle.folder, device, 1))
    rows = {stage: median_of([each[stage] for each in stages]) for stage in STAGES}
    slowest = max(rows, key=lambda stage: rows[stage]["wall"])
    each_round = [s[slowest]["wall"] / b["wall"] for s, b in zip(stages, batches, strict=True)]
    return {
        "seconds": {**rows, "batch": median_of(batches)},
        "slowest": slowest,
        "share": statistics.median(each_round),
        "shares": each_round,
        "cpu_share": min(1.0, 2 * rows[slowest]["cpu"] / median_of(batches)["cpu"]),
    }


def measure_two(folder: Path, count: int, repeats: int) -> dict[str, Any]:
    bundle = classic_bundle(folder / "classic")
    files = write_radiographs(folder / "small", count, HEAVY_SIZE)
    found: dict[int, list[dict[str, float]]] = {1: [], 2: []}
    for number in range(repeats):
        for jobs in found:
            out = folder / f"jobs{jobs}-{number}"
            found[jobs].append(time_batch(files, out, bundle.folder, "torch-cpu/fp32", jobs))
    one, two = median_of(found[1]), median_of(found[2])
    each_round = [a["wall"] / b["wall"] for a, b in zip(found[1], found[2], strict=True)]
    return {
        "seconds": {"one process": one, "two processes": two},
        "speedup": statistics.median(each_round),
        "speedups": each_round,
        "cpu_speedup": 2 * one["cpu"] / two["cpu"],
    }


def measure_memory(folder: Path, bundle: Bundle, device: str) -> float:
    """Peak MiB."""
    peaks: list[float] = []
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            for process in psutil.Process().children():
                with contextlib.suppress(OSError, IndexError):  # Linux only
                    status = Path(f"/proc/{process.pid}/status").read_text()
                    peaks.append(int(status.partition("VmHWM:")[2].split()[0]) / 1024)

    files = write_radiographs(folder / "large", 1, LARGE_SIZE)
    watcher = threading.Thread(target=watch)
    watcher.start()
    report = x2ct.batch(files, folder / "large-out", model=bundle.folder, device=device)
    done.set()
    watcher.join()
    assert report.done == 1, report
    return max(peaks, default=float("nan"))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", help="id or folder; default: the bundled model")
    parser.add_argument("--device", default="cpu", help="for the overlap (default cpu, the fastest there)")
    parser.add_argument("--images", type=int, default=24, help="of a batch (default 24)")
    parser.add_argument("--size", type=int, default=1024, help="rows and columns (default 1024)")
    parser.add_argument("--repeats", type=int, default=3, help="rounds (default 3)")
    parser.add_argument("--only", choices=("overlap", "two", "memory"), help="one of the parts")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    os.environ[THREADS_ENVIRONMENT] = "1"
    import cv2

    cv2.setNumThreads(1)
    given = options.model
    bundle = load_bundle(given) if given and Path(given).is_dir() else find_model(given)
    result: dict[str, Any] = {"model": bundle.card.name, "size": options.size, "images": options.images}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.only in (None, "memory"):
            result["peak_mib"] = measure_memory(folder, bundle, options.device)
        if options.only in (None, "overlap"):
            arguments = (folder, bundle, options.device, options.images, options.size, options.repeats)
            result["overlap"] = measure_overlap(*arguments)
        if options.only in (None, "two"):
            result["two"] = measure_two(folder, options.images, options.repeats)
    if options.json:
        print(json.dumps(result, indent=2))
        return
    if options.only != "memory":
        print(
            f"seconds an image (wall, CPU), one thread, medians of {options.repeats} rounds of {options.images} images"
        )
    if overlap := result.get("overlap"):
        print(f"{result['model']}, {options.size} x {options.size}, one after another, then as a batch:")
        _print_rows(overlap["seconds"])
        shares = ", ".join(f"{share:.0%}" for share in overlap["shares"])
        print(
            f"  throughput / that of {overlap['slowest']} alone: {overlap['share']:.0%} ({shares}; target: 85 %)",
            end="",
        )
        print(f", by CPU seconds on two cores at most {overlap['cpu_share']:.0%}")
    if two := result.get("two"):
        print(f"classic ResNet-9, {HEAVY_SIZE} x {HEAVY_SIZE}:")
        _print_rows(two["seconds"])
        speedups = ", ".join(f"{speedup:.2f}" for speedup in two["speedups"])
        print(f"  two processes / one: {two['speedup']:.2f} ({speedups}; target: 1.7)", end="")
        print(f", by CPU seconds at most {two['cpu_speedup']:.2f}")
    if "peak_mib" in result:
        print(f"{LARGE_SIZE} x {LARGE_SIZE}, 16 bit, {bundle.card.name}: peak {result['peak_mib']:.0f} MiB", end="")
        print(f" = {result['peak_mib'] * 2**20 / 1e9:.2f} GB (target: 1.5)")


def _print_rows(rows: dict[str, dict[str, float]]) -> None:
    for name, seconds in rows.items():
        print(f"  {name:14s} {seconds['wall']:.3f}  {seconds['cpu']:.3f}")


if __name__ == "__main__":
    main()
