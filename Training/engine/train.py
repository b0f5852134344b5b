"""Train: a resumable run on any number of processes."""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Callable
from typing import Any

import cv2
from lightning_fabric import Fabric
from tqdm import tqdm

from ..config import RunConfig, config_text
from ..families.family import Family
from ..families.table import build_family
from .batches import Batches, Streams
from .checkpoint import start_from, write_checkpoint
from .estimate import measure
from .log import RunLog
from .pictures import Pictures
from .processes import agreed, check_shares, gathered, start_processes
from .run_folder import open_run, save_config
from .schedule import Progress, is_over, moment_of
from .stopping import StopRequest, stop_on_signals
from .streams import open_streams
from .teacher import open_teacher

# Of the first lanes of the first step: on every picture of a run.
_PAIRS, _RADIOGRAPHS = 2, 3


def train(config: RunConfig, *, resume: bool = False, streams: Streams | None = None) -> Progress:
    """Train until the run's steps or minutes are used up, Ctrl-C or SIGTERM; returns how far it came.

    The run's folder then holds ``config.yaml``, ``checkpoint.pt``, ``log.jsonl``, ``log.csv``, ``samples-*.png``
    and ``examples.png``, what the simulation makes.
    Under torchrun every process calls this; the first one writes. On CPU a run that was stopped and resumed equals one
    that was not, bit for bit, if its schedule follows the steps (``engine.max_steps``).

    Args:
        streams: instead of those of the prepared data.

    Raises:
        XrayToCTError: the run cannot begin or go on (see ``open_run``, ``build_family``, ``open_streams``), the loss is
            no longer finite, or the disk is full; the last checkpoint is whole.
    """
    # Signals are minded from here on, and not within the step alone: a checkpoint that is being written is finished.
    with stop_on_signals() as request:
        cv2.setNumThreads(1)
        fabric = start_processes(config.engine)
        check_shares(config, fabric.world_size)
        state = open_run(config, resume=resume)
        fabric.barrier()
        family = build_family(config, fabric)
        if config.family.teacher is not None:
            family.follow(open_teacher(config.family.teacher, config.field))
        if streams is None:
            streams = open_streams(config, fabric.device, radiographs=family.uses_radiographs)
        batches = Batches(config, streams, fabric.device, fabric.global_rank, fabric.world_size)
        try:
            return _Run(config, fabric, family, batches, streams, state).go(request)
        finally:
            batches.close()


class _Run:
    """One call of ``train``."""

    def __init__(
        self,
        config: RunConfig,
        fabric: Fabric,
        family: Family,
        batches: Batches,
        streams: Streams,
        state: dict[str, Any] | None,
    ) -> None:
        self.config, self.fabric, self.family, self.batches = config, fabric, family, batches
        self.progress = Progress()
        if state is not None:
            family.load_state(state["model"], batches.lanes)
            self.progress = Progress(**state["progress"])
        elif config.start_from is not None:
            network, average = family.networks["generator"], family.average.network.network
            self._say(start_from(network, average, config.start_from))
        self.log: RunLog | None = None
        if fabric.is_global_zero:
            save_config(config)
            self.log = RunLog(config.run, step=self.progress.step, tensorboard=config.engine.tensorboard)
            shown = streams.shown or streams
            real = None if shown.radiographs is None else shown.radiographs.batch(0, range(_RADIOGRAPHS))
            self.pictures = Pictures(shown.paired.batch(0, range(_PAIRS)), real)
            if streams.write_examples is not None and state is None:
                streams.write_examples(config.run / "examples.png")
        self._steps_logged = self.progress.step
        self._since = time.monotonic()

    def go(self, request: StopRequest) -> Progress:
        config, engine = self.config, self.config.engine
        if is_over(self.progress, engine):
            self._say("This run is over; raise engine.max_steps or engine.max_minutes to go on.")
            return self.progress
        self._say(measure(config, self.family, self.batches, self.progress).sentence(config, self.progress))
        sums: dict[str, list[float]] = {}
        started = saved = pictured = self._since = time.monotonic()
        started -= self.progress.seconds
        bar = tqdm(total=engine.max_steps, initial=self.progress.step, unit="step", disable=None if self.log else True)
        while True:
            moment = moment_of(config, self.progress)
            parts = self.batches.parts(self.progress.step, self.family.wants_radiographs(moment.share))
            for name, value in self.family.step(parts, moment).items():
                sums.setdefault(name, []).append(value)
            # The clock includes what is written between the steps: max_minutes is what the run takes.
            seconds, stop = agreed(self.fabric, time.monotonic() - started, request.made)
            self.progress = Progress(self.progress.step + 1, seconds)
            bar.update()
            over = stop or is_over(self.progress, engine)
            if over or self.progress.step % engine.log_every == 0:
                self._log(sums, moment.generator_rate, bar)
                sums = {}
            now = self.progress.seconds + started
            if over or now - saved >= engine.save_every_s:
                self._save()
                saved = now
            if over or now - pictured >= engine.pictures_every_s:
                self._first_writes(self._draw)
                pictured = now
            if over:
                bar.close()
                self._say(f"{'Stopped' if stop else 'Done'} after {self.progress.step} steps.")
                return self.progress

    def _save(self) -> None:
        state = self.family.state()
        pools = gathered(self.fabric, state["pools"])
        if pools is not None:
            state["pools"] = {name: {k: v for own in pools for k, v in own[name].items()} for name in state["pools"]}
        progress = dataclasses.asdict(self.progress)
        text = config_text(self.config)
        self._first_writes(
            lambda: write_checkpoint(self.config.run, {"model": state, "progress": progress, "config": text})
        )

    def _draw(self) -> None:
        self.pictures.write(self.config.run / f"samples-{self.progress.step:06d}.png", self.family)

    def _log(self, sums: dict[str, list[float]], rate: float, bar: Any) -> None:
        now = time.monotonic()
        images = (self.progress.step - self._steps_logged) * self.config.engine.batch
        speed = images / max(1e-9, now - self._since)
        self._steps_logged, self._since = self.progress.step, now
        terms = {name: sum(values) / len(values) for name, values in sums.items()}
        record = {"step": self.progress.step, "seconds": self.progress.seconds, "rate": rate, "images_per_s": speed}
        self._first_writes(lambda: self.log.write({**record, **terms}) if self.log else None)
        text = f"{speed:.1f} images/s, {self._left()}, " + ", ".join(f"{k} {v:.3g}" for k, v in terms.items())
        bar.set_postfix_str(text, refresh=False)
        if bar.disable:
            self._say(f"step {self.progress.step}: {text}")

    def _left(self) -> str:
        engine, done = self.config.engine, self.progress
        left = [] if engine.max_minutes is None else [engine.max_minutes * 60.0 - done.seconds]
        if engine.max_steps is not None:
            left.append((engine.max_steps - done.step) * done.seconds / max(1, done.step))
        return f"{max(0.0, min(left)) / 60.0:.1f} min left"

    def _first_writes(self, write: Callable[[], object]) -> None:
        """The first process writes; if it fails, all of them stop, each with an error."""
        failure: Exception | None = None
        if self.fabric.is_global_zero:
            try:
                write()
            except Exception as error:
                failure = error
        _, failed = agreed(self.fabric, 0.0, failure is not None)
        if failure is not None:
            raise failure
        if failed:
            raise SystemExit(1)  # the first process says why

    def _say(self, sentence: str) -> None:
        if self.fabric.is_global_zero:
            tqdm.write(sentence, file=sys.stderr)
