"""Processes: the same command on one CPU, one GPU, or under torchrun on several machines."""

from __future__ import annotations

import os
from typing import Any

import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies import DDPStrategy

from XrayToCTLib.errors import XrayToCTError

from ..config import RunConfig
from ..families.table import uses_radiographs
from .settings import EngineSettings


def start_processes(engine: EngineSettings) -> Fabric:
    """Fabric for the processes that torchrun started, or for this one alone.

    Raises:
        XrayToCTError: the accelerator is not there.
    """
    here = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if engine.threads is not None:
        torch.set_num_threads(engine.threads)
    accelerator = engine.accelerator
    if accelerator == "auto":
        accelerator = "cuda" if torch.cuda.is_available() else "cpu"
    if accelerator == "cuda" and torch.cuda.device_count() < here:
        raise XrayToCTError(
            f"{here} CUDA device(s) are wanted and {torch.cuda.device_count()} are there.",
            hint="Start fewer processes, or set engine.accelerator to cpu.",
        )
    strategy: Any = DDPStrategy() if world > 1 else "auto"
    fabric = Fabric(
        accelerator=accelerator,
        devices=here,
        num_nodes=max(1, world // here),
        strategy=strategy,
        precision="bf16-mixed" if engine.precision == "bf16" else "32-true",
    )
    fabric.launch()
    return fabric


def check_shares(config: RunConfig, processes: int) -> None:
    """Every process must get the same number of images, in every part.

    Raises:
        XrayToCTError: the batch or the radiographs cannot be divided.
    """
    parts = processes * config.engine.accumulate
    for name, count, counts in (
        ("engine.batch", config.engine.batch, True),
        ("family.radiographs", config.family.radiographs, uses_radiographs(config)),
    ):
        if counts and count % parts:
            raise XrayToCTError(
                f"{name} ({count}) cannot be divided among {processes} process(es) with engine.accumulate "
                f"{config.engine.accumulate}.",
                hint=f"Make it a multiple of {parts}.",
            )


def agreed(fabric: Fabric, seconds: float, stop: bool) -> tuple[float, bool]:
    """The first process's clock, and whether any process was asked to stop: all must do the same step."""
    if fabric.world_size == 1:
        return seconds, stop
    mine = torch.tensor([seconds if fabric.is_global_zero else 0.0, float(stop)], device=fabric.device)
    mine = mine.double() if fabric.device.type == "cpu" else mine
    summed = fabric.all_reduce(mine, reduce_op="sum")
    assert isinstance(summed, torch.Tensor)
    clock, stops = summed.tolist()
    return clock, stops > 0


def gathered(fabric: Fabric, value: Any) -> list[Any] | None:
    """One process's value from each, in the order of the processes; None where it is not the first."""
    if fabric.world_size == 1:
        return [value]
    values: list[Any] | None = [None] * fabric.world_size if fabric.is_global_zero else None
    torch.distributed.gather_object(value, values, dst=0)
    return values
