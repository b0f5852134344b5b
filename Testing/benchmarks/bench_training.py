"""Images a second of the flagship's training step, against the classic CycleGAN step in the same run.

    python -m Testing.benchmarks.bench_training [--config YAML] [--repeats 3] [--threads N] [--compile] [--json]

Classic: Zhu et al. (ICCV 2017) with ResNet-9 of 64 filters and two 70-pixel PatchGANs, one pair of 256 x 256 a step,
LSGAN, cycle 10, identity 5, image pool 50, Adam, float32. Flagship: the step that the YAML states (unpaired part and
discriminators included), and the same step without them, as in its regression. Both on random images; the making of
batches is not in it. The steps are interleaved, so that a busy machine slows all of them; CPU seconds are printed too,
which waiting for a core does not change. Goal: at least 20 times faster a pair on CPU.

On a GPU each step's achieved rate is also given as a share of what the card reaches in a large bfloat16 matrix product.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from Training.config import RunConfig, read_config
from Training.engine.processes import start_processes
from Training.engine.schedule import Progress, moment_of
from Training.families.family import Family
from Training.families.moment import Part
from Training.families.table import build_family
from Training.simulation.field import PairedBatch
from XrayToCTLib.networks.architectures import build_network

FLAGSHIP = Path("Training/configs/physics-cyclegan-chest-ct.yaml")
CLASSIC_SIZE = 256


class ClassicStep:
    """One step of the classic CycleGAN on one pair, as its authors train it."""

    def __init__(self, device: torch.device) -> None:
        def network(name: str, **parameters: Any) -> nn.Module:
            return build_network(name, parameters).to(device)

        self.forth, self.back = (network("resnet9", filters=64) for _ in range(2))
        self.judge_a, self.judge_b = (network("patch-discriminator", filters=64, spectral=False) for _ in range(2))
        self.generators = torch.optim.Adam(
            chain(self.forth.parameters(), self.back.parameters()), 2e-4, betas=(0.5, 0.999)
        )
        self.judges = torch.optim.Adam(
            chain(self.judge_a.parameters(), self.judge_b.parameters()), 2e-4, betas=(0.5, 0.999)
        )
        self.a, self.b = (torch.rand(1, 1, CLASSIC_SIZE, CLASSIC_SIZE, device=device) * 2 - 1 for _ in range(2))
        self.pools: tuple[list[Tensor], list[Tensor]] = ([], [])

    def __call__(self) -> None:
        l1, mse = nn.functional.l1_loss, nn.functional.mse_loss
        for judge in (self.judge_a, self.judge_b):
            judge.requires_grad_(False)
        fake_b, fake_a = self.forth(self.a), self.back(self.b)
        score_b, score_a = self.judge_b(fake_b), self.judge_a(fake_a)
        loss = mse(score_b, torch.ones_like(score_b)) + mse(score_a, torch.ones_like(score_a))
        loss = loss + 10.0 * (l1(self.back(fake_b), self.a) + l1(self.forth(fake_a), self.b))
        loss = loss + 5.0 * (l1(self.forth(self.b), self.b) + l1(self.back(self.a), self.a))
        self.generators.zero_grad()
        loss.backward()
        self.generators.step()
        for judge in (self.judge_a, self.judge_b):
            judge.requires_grad_(True)
        self.judges.zero_grad()
        for judge, real, fake, pool in (
            (self.judge_a, self.a, fake_a, self.pools[0]),
            (self.judge_b, self.b, fake_b, self.pools[1]),
        ):
            scores, fakes = judge(real), judge(self._pooled(pool, fake.detach()))
            (0.5 * (mse(scores, torch.ones_like(scores)) + mse(fakes, torch.zeros_like(fakes)))).backward()
        self.judges.step()

    @staticmethod
    def _pooled(pool: list[Tensor], image: Tensor) -> Tensor:
        if len(pool) < 50:
            pool.append(image.clone())
            return image
        if random.random() < 0.5:
            slot = random.randrange(50)
            old, pool[slot] = pool[slot], image.clone()
            return old
        return image


class FlagshipStep:
    """One step of a run's family at a share of the run, on random images."""

    def __init__(self, config: RunConfig, family: Family, share: float) -> None:
        self.family, self.device = family, family.fabric.device
        self.moment = moment_of(config, Progress(1000, 0.0), share)
        batch, size = config.engine.batch, config.field.size
        image = self._images(batch, 1, size, config)
        pairs = PairedBatch(image, self._images(batch, config.field.slabs, size, config), torch.ones_like(image))
        count = config.family.radiographs
        real = self._images(count, 1, size, config) if family.wants_radiographs(share) else None
        self.parts = [Part(pairs, range(batch), real, range(count))]

    def __call__(self) -> None:
        self.family.step(self.parts, self.moment)

    def _images(self, count: int, channels: int, size: int, config: RunConfig) -> Tensor:
        images = torch.randn(count, channels, size, size, device=self.device)
        layout = torch.channels_last if config.engine.channels_last else torch.contiguous_format
        return images.contiguous(memory_format=layout)


def time_interleaved(
    steps: dict[str, Callable[[], None]], repeats: int, each: int, device: torch.device
) -> dict[str, dict[str, float]]:
    """Median wall and CPU seconds of each step; on the CPU the classic one once a round, the others ``each`` times."""
    wall: dict[str, list[float]] = {name: [] for name in steps}
    cpu: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(repeats):
        for name, step in steps.items():
            for _ in range(1 if name == "classic" and device.type == "cpu" else each):
                start, start_cpu = time.perf_counter(), time.process_time()
                step()
                if device.type == "cuda":
                    torch.cuda.synchronize(device)
                wall[name].append(time.perf_counter() - start)
                cpu[name].append(time.process_time() - start_cpu)
    return {name: {"wall": statistics.median(wall[name]), "cpu": statistics.median(cpu[name])} for name in steps}


def matrix_rate(device: torch.device) -> float:
    """FLOP/s of a large bfloat16 matrix product: what the card can do at best."""
    size = 8192
    a, b = (torch.randn(size, size, device=device, dtype=torch.bfloat16) for _ in range(2))
    best = float("inf")
    for _ in range(10):
        torch.cuda.synchronize(device)
        start = time.perf_counter()
        _ = a @ b
        torch.cuda.synchronize(device)
        best = min(best, time.perf_counter() - start)
    return 2.0 * size**3 / best


def flops(step: Callable[[], None]) -> int:
    """Floating-point operations of matrix products and convolutions of one step, forward and backward."""
    with FlopCounterMode(display=False) as counter:
        step()
    return int(counter.get_total_flops())


def measure(path: Path, options: argparse.Namespace) -> dict[str, Any]:
    overrides = [f"--engine.compile={str(options.compile).lower()}"]
    if options.threads:
        overrides.append(f"--engine.threads={options.threads}")
    if options.cpu:
        overrides.append("--engine.accelerator=cpu")
    config = read_config(path, overrides)
    regression = read_config(path, [*overrides, "--family.name=cnn"])
    fabric = start_processes(config.engine)
    device = fabric.device
    steps: dict[str, Callable[[], None]] = {
        "classic": ClassicStep(device),
        "flagship": FlagshipStep(config, build_family(config, fabric), 1.0),
        "regression": FlagshipStep(regression, build_family(regression, fabric), 0.0),
    }
    images = {"classic": 1, "flagship": config.engine.batch, "regression": config.engine.batch}
    # Counting is the step that warms up; what is compiled cannot be counted, and is warmed up twice.
    counted = {name: flops(step) for name, step in steps.items() if not (options.compile and name != "classic")}
    for name in steps.keys() - counted.keys():
        steps[name]()
        steps[name]()
    seconds = time_interleaved(steps, options.repeats, 3, device)
    result: dict[str, Any] = {
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU",
        "threads": torch.get_num_threads(),
        "compiled": options.compile,
        "network": config.network.name,
        "grid": config.field.size,
        "batch": config.engine.batch,
        "seconds": seconds,
        "flops_a_pair": {name: counted[name] / images[name] for name in counted},
        "pairs_per_s": {name: images[name] / seconds[name]["wall"] for name in steps},
        "pairs_per_cpu_s": {name: images[name] / seconds[name]["cpu"] for name in steps},
    }
    if device.type == "cuda":
        rate = matrix_rate(device)
        result["matrix_flops_per_s"] = rate
        result["share_of_matrix_rate"] = {name: counted[name] / seconds[name]["wall"] / rate for name in counted}
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--config", type=Path, default=FLAGSHIP, help="the flagship's YAML")
    parser.add_argument("--repeats", type=int, default=3, help="timed rounds (default 3)")
    parser.add_argument("--threads", type=int, help="CPU threads")
    parser.add_argument("--compile", action="store_true", help="torch.compile the flagship's networks")
    parser.add_argument("--cpu", action="store_true", help="on the CPU, though there is a GPU")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    result = measure(options.config, options)
    if options.json:
        print(json.dumps(result, indent=2))
        return
    print(
        f"{result['device']}, {result['threads']} threads; {result['network']}, {result['grid']} x {result['grid']}, "
        f"batch {result['batch']}{', compiled' if result['compiled'] else ''}; medians:"
    )
    for name, label in (
        ("classic", "classic CycleGAN, ResNet-9, float32"),
        ("flagship", "flagship, unpaired part included"),
        ("regression", "flagship's network, regression"),
    ):
        wall, cpu = result["pairs_per_s"], result["pairs_per_cpu_s"]
        line = f"  {label:38s} {wall[name]:9.3f} pairs/s  {cpu[name]:8.3f} pairs/CPU s"
        if name in result["flops_a_pair"]:
            line += f"  {result['flops_a_pair'][name] / 1e9:8.1f} GFLOP a pair"
        if "share_of_matrix_rate" in result and name in result["share_of_matrix_rate"]:
            line += f"  {100 * result['share_of_matrix_rate'][name]:5.1f} % of the card's bf16 matrix rate"
        print(line)
    for name in ("flagship", "regression"):
        wall, cpu = (result[key][name] / result[key]["classic"] for key in ("pairs_per_s", "pairs_per_cpu_s"))
        goal = " (goal on CPU: at least 20)" if name == "flagship" else ""
        print(f"  {name} is {wall:.1f} times as fast a pair as classic, by CPU seconds {cpu:.1f}{goal}")


if __name__ == "__main__":
    main()
