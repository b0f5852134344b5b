"""Press to result: what the worker's process costs beside the work itself.

    python -m Testing.benchmarks.bench_worker [--model MODEL] [--device auto] [--size 2000] [--repeats 9] [--json]
    python -m Testing.benchmarks.bench_worker --runs 1000      # the long form of the leak test, with its numbers

Warm: a size x size 16-bit DICOM file is read, translated by a warm worker and turned into the int16 array of a node,
against reading, translating and writing the array, each measured apart in this process and summed: the named baseline,
interleaved in the same run. The bar is 1.6. "network alone" is the part of the translation that the progress calls
"translating": the strictest baseline sums reading, that and writing.

Cold: from a new client to the result: starting the process, importing, loading the model, translating. The bar is 6 s
with ONNX Runtime or OpenVINO.

CPU seconds are of this process and the worker together: waiting for a core does not change them.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import psutil

from Testing.benchmarks.bench_translation import FIELD_MM, synthetic_radiograph
from XrayToCTLib import CtStack, Radiograph, read_radiograph, translate
from XrayToCTLib.dicom.write_dx import write_dx
from XrayToCTLib.worker import WorkerClient

POLL_S = 0.01  # a QTimer's, in the panel


def node_array(stack: CtStack) -> np.ndarray:
    """int16 HU (slabs, rows, cols), as a volume node holds them."""
    out = np.empty(stack.hu.shape, np.int16)
    for slab, target in zip(stack.hu, out, strict=True):
        np.rint(slab, out=target, casting="unsafe")
    return out


class Bench:
    def __init__(self, file: Path, model: str | None, device: str) -> None:
        self.file, self.model, self.device = file, model, device
        self.seconds: dict[str, list[tuple[float, float]]] = {}

    def time(self, name: str, case: Callable[[], Any], worker: psutil.Process | None = None) -> Any:
        start, start_cpu = time.perf_counter(), cpu_seconds(worker)
        result = case()
        taken = time.perf_counter() - start, cpu_seconds(worker) - start_cpu
        self.seconds.setdefault(name, []).append(taken)
        return result

    def press(self, client: WorkerClient) -> np.ndarray:
        """What happens between the button and the node."""
        job = client.submit(read_radiograph(self.file), model=self.model, device=self.device)
        while not job.poll().done:
            time.sleep(POLL_S)
        return node_array(job.result())

    def translate(self, radiograph: Radiograph) -> CtStack:
        marks: dict[str, float] = {}
        stack = translate(
            radiograph,
            model=self.model,
            device=self.device,
            progress=lambda fraction, phase: marks.setdefault(phase, time.perf_counter()) and None,
        )
        after = next(at for phase, at in marks.items() if phase.startswith("resampling"))
        self.seconds.setdefault("network alone", []).append((after - marks["translating"], float("nan")))
        return stack

    def warm(self, repeats: int) -> str:
        device = ""
        with WorkerClient() as client:
            self.press(client)
            worker = psutil.Process(client.process_id)
            for round_number in range(repeats + 2):
                radiograph = self.time("read", lambda: read_radiograph(self.file))
                stack = self.time("translate", lambda radiograph=radiograph: self.translate(radiograph))
                self.time("write", lambda stack=stack: node_array(stack))
                device = str(stack.provenance["device"])
                del radiograph, stack
                self.time("press to result", lambda: self.press(client), worker)
                if round_number < 2:  # warming up
                    self.seconds.clear()
        return device

    def cold(self, repeats: int) -> None:
        for _ in range(repeats):
            client = WorkerClient()
            start, start_cpu = time.perf_counter(), cpu_seconds(None)
            self.press(client)
            wall = time.perf_counter() - start
            cpu = cpu_seconds(psutil.Process(client.process_id)) - start_cpu
            self.seconds.setdefault("cold start to result", []).append((wall, cpu))
            client.close()

    def median(self, name: str) -> tuple[float, float]:
        walls, cpus = zip(*self.seconds[name], strict=True)
        return statistics.median(walls), statistics.median(cpus)


def cpu_seconds(worker: psutil.Process | None) -> float:
    own = time.process_time()
    if worker is None:
        return own
    times = worker.cpu_times()
    return own + times.user + times.system


def measure(model: str | None, device: str, size: int, repeats: int, cold_repeats: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "radiograph.dcm"
        write_dx(synthetic_radiograph(size), file, patient_id="BENCH", derivation="Blobs and noise for a benchmark.")
        bench = Bench(file, model, device)
        used = bench.warm(repeats)
        bench.cold(cold_repeats)
    seconds = {name: dict(zip(("wall", "cpu"), bench.median(name), strict=True)) for name in bench.seconds}

    def ratio(kind: str, network: str) -> float:
        apart = seconds["read"][kind] + seconds[network][kind] + seconds["write"][kind]
        return seconds["press to result"][kind] / apart

    return {
        "model": model or "default",
        "device": used,
        "size": size,
        "field_mm": FIELD_MM,
        "seconds": seconds,
        "ratio": ratio("wall", "translate"),
        "cpu_ratio": ratio("cpu", "translate"),
        "ratio_to_network_alone": ratio("wall", "network alone"),
    }


def count_leaks(model: str | None, device: str, runs: int) -> dict[str, Any]:
    """Memory, files and processes before and after ``runs`` runs of a 512 x 512 radiograph."""
    radiograph = synthetic_radiograph(512)
    here = psutil.Process()
    with tempfile.TemporaryDirectory() as folder, WorkerClient(folder=folder) as client:

        def held() -> dict[str, float]:
            there = psutil.Process(client.process_id)
            return {
                "MiB here": here.memory_info().rss / 2**20,
                "MiB in the worker": there.memory_info().rss / 2**20,
                "open files here": here.num_fds(),
                "open files in the worker": there.num_fds(),
                "threads here": here.num_threads(),
                "processes": len(here.children(recursive=True)),
                "files": sum(path.is_file() for path in Path(folder).rglob("*")),
            }

        for run in range(20 + runs):
            client.submit(radiograph, model=model, device=device).result()
            if run == 19:
                before = held()
        after = held()
    return {name: {"before": before[name], "after": after[name]} for name in before}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", help="id or folder; default: the bundled model")
    parser.add_argument("--device", default="auto", help="as of translate (default auto)")
    parser.add_argument("--size", type=int, default=2000, help="rows and cols of the radiograph (default 2000)")
    parser.add_argument("--repeats", type=int, default=9, help="timed rounds (default 9)")
    parser.add_argument("--cold-repeats", type=int, default=3, help="cold starts (default 3)")
    parser.add_argument("--runs", type=int, default=0, metavar="N", help="count leaks over N runs instead")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    if options.runs:
        leaks = count_leaks(options.model, options.device, options.runs)
        if options.json:
            print(json.dumps(leaks, indent=2))
            return
        print(f"{options.runs} runs after 20 to warm up:")
        for name, numbers in leaks.items():
            print(f"  {name:26s} {numbers['before']:8.1f} -> {numbers['after']:8.1f}")
        return
    result = measure(options.model, options.device, options.size, options.repeats, options.cold_repeats)
    if options.json:
        print(json.dumps(result, indent=2))
        return
    print(f"{result['model']} on {result['device']}, {options.size} x {options.size}, 16 bit, medians (wall, CPU):")
    for name, numbers in result["seconds"].items():
        print(f"  {name:24s} {numbers['wall']:.3f} s  {numbers['cpu']:.3f} s")
    print(f"  press to result / (read + translate + write) {result['ratio']:.2f} (target: at most 1.6)", end="")
    print(f", of CPU seconds {result['cpu_ratio']:.2f}")
    print(f"  press to result / (read + network alone + write) {result['ratio_to_network_alone']:.2f}")
    cold = result["seconds"]["cold start to result"]["wall"]
    print(f"  cold start to result {cold:.2f} s (target: under 6 with ONNX Runtime or OpenVINO)")


if __name__ == "__main__":
    main()
