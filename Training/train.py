"""Train: a time-limited, resumable run."""

from __future__ import annotations

import json
import math
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import cv2
import numpy as np
import torch

from XrayToCTLib.errors import XrayToCTError

from .config import RunConfig
from .physics_cyclegan import PhysicsCycleGan
from .samples import PairedBatch, Radiographs, paired_batches

_WARM_UP_STEPS = 200
_SAVE_EVERY_S = 150.0
_LOG_EVERY = 25
_REAL_PER_BATCH = 2


def train(config: RunConfig, *, resume: bool) -> None:
    """Train for ``config.minutes`` in all and leave ``checkpoint.pt``, ``log.jsonl`` and ``samples-*.png`` in the run.

    The learning rate falls as a cosine over the share of the time that is used; the unpaired cycle and the
    discriminators join at ``config.gan_from``. Ctrl-C and SIGTERM stop after the step at hand, with a checkpoint.

    Raises:
        XrayToCTError: the run exists and ``resume`` is false, or it is asked for and there is none.
    """
    config.run.mkdir(parents=True, exist_ok=True)
    checkpoint = config.run / "checkpoint.pt"
    if checkpoint.exists() != resume:
        hint = "Pass --resume, or give another run folder." if checkpoint.exists() else "Leave --resume out."
        raise XrayToCTError(f"{config.run} {'already has' if checkpoint.exists() else 'has no'} checkpoint.", hint=hint)
    torch.manual_seed(config.seed)
    cv2.setNumThreads(1)
    model = PhysicsCycleGan(config)
    progress: dict[str, float] = {"step": 0, "seconds": 0.0, "groups": 0}
    if resume:
        state = torch.load(checkpoint, weights_only=True)
        model.load_state(state["model"])
        progress = state["progress"]
    rng = np.random.default_rng((config.seed, 1, int(progress["step"])))
    with _stop_on_signals() as stopping:
        _loop(config, model, progress, rng, stopping)


def _loop(
    config: RunConfig,
    model: PhysicsCycleGan,
    progress: dict[str, float],
    rng: np.random.Generator,
    stopping: Mapping[str, bool],
) -> None:
    radiographs = Radiographs(config)
    total = config.minutes * 60.0
    started, saved = time.monotonic() - progress["seconds"], time.monotonic()
    sums: dict[str, float] = {}
    since = time.monotonic()
    for groups, batch in paired_batches(config, int(progress["groups"]), rng):
        share = progress["seconds"] / total
        with_gan = share >= config.gan_from
        real = radiographs.batch(_REAL_PER_BATCH, rng) if with_gan else None
        warm = min(1.0, (progress["step"] + 1) / _WARM_UP_STEPS)
        rate = config.learning_rate * warm * (0.02 + 0.98 * 0.5 * (1.0 + math.cos(math.pi * min(1.0, share))))
        for name, value in model.step(batch, real, rate, rng).items():
            sums[name] = sums.get(name, 0.0) + value / _LOG_EVERY
        progress = {"step": progress["step"] + 1, "seconds": time.monotonic() - started, "groups": groups}
        if progress["step"] % _LOG_EVERY == 0:
            speed = _LOG_EVERY / (time.monotonic() - since)
            _log(config.run, {**progress, "rate": rate, "steps_per_s": speed, **sums}, total)
            sums, since = {}, time.monotonic()
        over = progress["seconds"] >= total or stopping["now"]
        if over or time.monotonic() - saved > _SAVE_EVERY_S:
            _save(config.run / "checkpoint.pt", {"model": model.state(), "progress": progress})
            _write_examples(config.run / f"samples-{progress['step']:06.0f}.png", model, batch, radiographs, rng)
            saved = time.monotonic()
        if over:
            return


@contextmanager
def _stop_on_signals() -> Iterator[dict[str, bool]]:
    """Ctrl-C and SIGTERM set a flag instead of tearing the step at hand."""
    stopping = {"now": False}

    def stop(signum: int, frame: FrameType | None) -> None:
        stopping["now"] = True

    before = {name: signal.signal(name, stop) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopping
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def _log(run: Path, values: Mapping[str, float], total: float) -> None:
    with (run / "log.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(json.dumps({name: round(float(value), 5) for name, value in values.items()}) + "\n")
    left = max(0.0, total - values["seconds"]) / 60.0
    print(f"step {values['step']:.0f}  L1 {values['l1'] * 1000:.0f} HU  {left:.0f} min left", flush=True)


def _save(path: Path, state: dict[str, Any]) -> None:
    """A checkpoint is whole or the one before it stays."""
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(path)


@torch.no_grad()
def _write_examples(
    path: Path, model: PhysicsCycleGan, batch: PairedBatch, radiographs: Radiographs, rng: np.random.Generator
) -> None:
    """Rows of pictures: input, four slabs of the result; for pairs the same slabs of the target below."""
    images = torch.cat((batch.image[:2], radiographs.batch(3, rng)))
    stacks = model.average(images)
    rows = []
    for index in range(len(images)):
        rows.append(_picture_row(images[index, 0], stacks[index]))
        if index < 2:
            rows.append(_picture_row(batch.image[index, 0], batch.target[index]))
    cv2.imwrite(str(path), np.vstack(rows))


def _picture_row(image: torch.Tensor, stack: torch.Tensor) -> np.ndarray:
    chosen = [stack[slab] for slab in np.linspace(2, len(stack) - 3, 6).astype(int)]
    grey = [(image + 1.7) / 4.2, *((slab + 1.0) / 1.4 for slab in chosen)]
    return np.hstack([np.uint8(part.clamp(0, 1).numpy() * 255) for part in grey])
