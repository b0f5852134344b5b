"""Settings of the training loop; plain dataclasses that the run's YAML fills."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Literal


def _changeable(default: Any) -> Any:
    """A value that a resumed run may change: it decides when and where, not what is learned."""
    return field(default=default, metadata={"changeable": True})


@dataclass(frozen=True)
class EngineSettings:
    """The loop.

    Attributes:
        batch: simulated pairs in a step, in all processes together.
        accumulate: parts that a process's share of the batch is cut into, one after the other, to save memory.
        max_minutes: time in all, over all resumptions. max_steps: steps in all. With both, the schedule follows the
            steps, and the time only stops the run. ``--max-time`` is short for ``--engine.max_minutes``.
        precision: bf16 computes convolutions in bfloat16; weights, losses and averages stay float32.
        channels_last: pixels' channels side by side in memory, which convolutions prefer.
        compile: ``torch.compile`` the networks; on CPU it needs a C++ compiler.
        accelerator: auto, cpu, cuda or mps. How many processes and nodes there are is torchrun's affair.
        threads: CPU threads of each process; without it what torch chooses.
        prefetch: the next batch is made while the networks learn from this one.
    """

    batch: int = 4
    accumulate: int = 1
    max_minutes: float | None = _changeable(None)
    max_steps: int | None = _changeable(None)
    precision: Literal["bf16", "32"] = "bf16"
    channels_last: bool = True
    compile: bool = _changeable(False)
    accelerator: Literal["auto", "cpu", "cuda", "mps"] = _changeable("auto")
    threads: int | None = _changeable(None)
    prefetch: bool = _changeable(True)
    save_every_s: float = _changeable(150.0)
    pictures_every_s: float = _changeable(600.0)
    log_every: int = _changeable(25)
    tensorboard: bool = _changeable(False)


def changeable_names() -> set[str]:
    """Names of the engine's values that a resumed run may change."""
    return {item.name for item in fields(EngineSettings) if item.metadata.get("changeable")}
