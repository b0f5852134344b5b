"""The README's table of speed: every bar with its measured value and the script that measures it.

    python -m Testing.benchmarks.speed_table [--model MODEL] [--variant fast] [--threads 2] [--quick] > table.md

Runs the benchmarks one after another, each in a process of its own, and prints one Markdown table; a benchmark that
fails has a row that says so. Ratios are to a baseline that is interleaved in the same run. Give the machine nothing
else to do: a ratio of wall times needs cores that are free. With another load, the ratios of CPU seconds beside them
are the better ones. The bars are those that the project set itself; they gate nothing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from Testing.benchmarks.bench_backends import best_ratios
from XrayToCTLib.errors import XrayToCTError
from XrayToCTLib.models.registry import find_model

HEADING = "| what | measured | bar | script |\n|---|---|---|---|"


@dataclass(frozen=True)
class Row:
    what: str
    measured: str
    bar: str
    script: str

    def markdown(self) -> str:
        return f"| {self.what} | {self.measured} | {self.bar} | `{self.script}` |"


@dataclass(frozen=True)
class Part:
    """One run of a benchmark and the rows that are made of its JSON."""

    script: str
    options: tuple[str, ...]
    rows: Callable[[Any], Iterator[Row]]


def parts(options: argparse.Namespace) -> list[Part]:
    base = find_model(options.model)
    models = ["--model", str(base.folder)]
    if options.variant in base.card.variants:
        models += ["--model", str(base.of_variant(options.variant).folder)]
    elif not options.model:
        said = f"{base.card.name} has no variant {options.variant}: both architectures, with random weights, are timed."
        print(said, file=sys.stderr)
        models = []
    one = ("--model", base.card.name)
    repeats = ("--repeats", "5" if options.quick else "15")
    few = ("--repeats", "3" if options.quick else "9")
    batch = ("--repeats", "1") if options.quick else ()
    return [
        Part("bench_backends", (*models, "--threads", str(options.threads), "--memory", *repeats), backend_rows),
        Part("bench_worker", (*one, *few), worker_rows),
        Part("bench_translation", (*one, *few), translation_rows),
        Part("bench_batch", (*one, *batch), batch_rows),
    ]


def backend_rows(result: Any) -> Iterator[Row]:
    for index, (name, rows) in enumerate(result["models"].items()):
        wall, wall_torch = best_ratios(rows, "wall")
        cpu, cpu_torch = best_ratios(rows, "cpu")
        best = max(rows, key=lambda key: rows[key]["cpu_ratio"])
        what = f"network alone, 256 x 256, 16 slabs, `{name}`, against classic ResNet-9 (ngf 64, eager fp32)"
        bars = ("25", "8") if index == 0 else ("60", "-")
        yield Row(f"{what}: {best}", f"{wall:.0f} x (CPU seconds {cpu:.0f} x)", bars[0], "bench_backends")
        if wall_torch:
            measured = f"{wall_torch:.0f} x (CPU seconds {cpu_torch:.0f} x)"
            yield Row(f"the same `{name}`: PyTorch alone", measured, bars[1], "bench_backends")
    peaks = [row["translate_4000"] for row in result["peak_mib"].values() if isinstance(row, dict)]
    yield Row(
        "4000 x 4000 x 16 bit: peak memory of a process that translates it",
        f"{min(peaks) * 2**20 / 1e9:.2f} to {max(peaks) * 2**20 / 1e9:.2f} GB by backend",
        "1.5 GB",
        "bench_backends",
    )


def worker_rows(result: Any) -> Iterator[Row]:
    seconds, size = result["seconds"], result["size"]
    press = seconds["press to result"]["wall"]
    yield Row(
        f"press to result, warm, {size} x {size} DICOM to node, against read + translate + write measured apart",
        f"{result['ratio']:.2f} (CPU seconds {result['cpu_ratio']:.2f}); {press:.2f} s",
        "1.6",
        "bench_worker",
    )
    cold = seconds["cold start to result"]
    measured = f"{cold['wall']:.1f} s (CPU {cold['cpu']:.1f} s)"
    yield Row("cold: start of the worker, import, load, translate", measured, "6 s", "bench_worker")


def translation_rows(result: Any) -> Iterator[Row]:
    yield Row(
        "warm translation of 2000 x 2000 against one forward pass of classic ResNet-9 at 256 x 256, eager fp32",
        f"{result['ratio']:.2f} of its time (CPU seconds {result['cpu_ratio']:.2f})",
        "0.25",
        "bench_translation",
    )
    yield Row("the same: peak extra memory", f"{result['peak_extra_mib']:.0f} MiB", "1024 MiB", "bench_translation")


def batch_rows(result: Any) -> Iterator[Row]:
    overlap, two = result["overlap"], result["two"]
    yield Row(
        f"batch of {result['size']} x {result['size']}: throughput against its slowest stage alone",
        f"{overlap['share']:.0%} (of {overlap['slowest']})",
        "85 %",
        "bench_batch",
    )
    measured = f"{two['speedup']:.2f} x (CPU seconds: at most {two['cpu_speedup']:.2f})"
    yield Row("two worker processes against one, where the network takes the time", measured, "1.7 x", "bench_batch")


def table(parts: list[Part]) -> Iterator[str]:
    """The table's lines, each as soon as it is known."""
    yield HEADING
    for part in parts:
        print(f"{part.script} ...", file=sys.stderr, flush=True)
        command = [sys.executable, "-m", f"Testing.benchmarks.{part.script}", *part.options, "--json"]
        done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).resolve().parents[2])
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            yield Row(part.script, f"failed: {last}", "-", part.script).markdown()
            continue
        yield from (row.markdown() for row in part.rows(json.loads(done.stdout)))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", help="id of an installed model; default: the default model")
    parser.add_argument("--variant", default="fast", help="of it that is measured beside it (default fast)")
    parser.add_argument("--threads", type=int, default=2, help="of the network alone (default 2)")
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    options = parser.parse_args()
    try:
        for line in table(parts(options)):
            print(line, flush=True)
    except XrayToCTError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
