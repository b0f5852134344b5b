"""What every family shares: networks set up for any number of processes, one guarded step, an average, a state."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from XrayToCTLib.errors import XrayToCTError

from ..config import RunConfig
from .discriminators import Judge, build_discriminator
from .generator_in_hu import Scaled, build_generator
from .moment import Moment, Part
from .settings import OptimiserSettings
from .weight_average import WeightAverage

Terms = dict[str, Tensor]


class Family(ABC):
    """Networks, optimisers and one training step.

    A family says which terms its generators' loss has (``_terms``) and what its discriminators look at (``_judged``);
    everything else is here. Randomness comes from the moment alone, so a step is its number.

    Attributes:
        networks: plain modules by name; "generator" is the one of the card, radiograph -> stack.
        judges: discriminators by name.
        average: moving average of the generator, HU / 1000.
    """

    uses_radiographs = False

    def __init__(self, config: RunConfig, fabric: Fabric) -> None:
        self.config = config
        self.fabric = fabric
        self.networks: dict[str, nn.Module] = {}
        self.judges: dict[str, Judge] = {}
        self._learning: list[Any] = []  # wrapped generators, whose gradients are clipped and shared
        with torch.random.fork_rng():
            torch.manual_seed(config.seed)
            generator = build_generator(config.network)
            self.networks["generator"] = generator.network
            self.generator = self._set_up(generator)
            self.average = WeightAverage(generator, config.family.average)
            self._build(config)
        settings = config.family
        self.generator_optimiser = _optimiser(
            settings.optimiser, (p for wrapped in self._learning for p in wrapped.parameters())
        )
        self.judge_optimiser = (
            _optimiser(
                settings.discriminator.optimiser, (p for j in self.judges.values() for p in j.network.parameters())
            )
            if self.judges
            else None
        )

    def _build(self, config: RunConfig) -> None:  # noqa: B027  # a family with nothing beside is whole
        """Build what the family has beside the generator."""

    def follow(self, teacher: Scaled) -> None:
        """Learn from this frozen generator too.

        Raises:
            XrayToCTError: this family has no teacher.
        """
        raise XrayToCTError(
            f"The family {self.config.family.name} learns from no teacher.",
            hint="Leave family.teacher out, or set family.name to distillation.",
        )

    @abstractmethod
    def _terms(self, part: Part, moment: Moment, joined: bool) -> tuple[Terms, Any]:
        """Weighted terms of the generators' loss, and what ``_judged`` needs of it, detached.

        ``joined``: the unpaired and adversarial part of the run has begun.
        """

    def _judged(self, part: Part, moment: Moment, seen: Any) -> Terms:
        """Losses of the discriminators on what ``_terms`` left."""
        return {}

    def joined(self, share: float) -> bool:
        """Whether the unpaired and adversarial part of the run has begun at this share of it."""
        return share >= self.config.family.gan_from

    def wants_radiographs(self, share: float) -> bool:
        """Whether a step at this share of the run needs real radiographs."""
        return self.uses_radiographs and self.joined(share)

    def step(self, parts: Sequence[Part], moment: Moment) -> dict[str, float]:
        """One update from this process's parts of the batch. Returns the terms, means over all processes.

        Raises:
            XrayToCTError: a term is no longer finite; no network was changed by this step.
        """
        joined = self.joined(moment.share)
        _set_rate(self.generator_optimiser, moment.generator_rate)
        self.generator_optimiser.zero_grad(set_to_none=True)
        sums: Terms = {}
        seen = []
        for part in parts:
            with self._shared_at(part is parts[-1], self._learning):
                terms, left = self._terms(part, moment, joined)
                if not terms:
                    raise XrayToCTError(
                        "No term of the loss has a weight.", hint="Set family.weights, at least l1 for most families."
                    )
                self.fabric.backward(torch.stack(list(terms.values())).sum() / len(parts))
            _add(sums, terms, len(parts))
            seen.append(left)
        parameters = [p for wrapped in self._learning for p in wrapped.parameters() if p.grad is not None]
        norm = nn.utils.clip_grad_norm_(parameters, self.config.family.clip or float("inf"))
        values = self._checked({**sums, "gradient norm": norm}, moment)
        self.generator_optimiser.step()
        self.average.move(self._plain_generator(), moment.step)
        if joined and self.judge_optimiser is not None:
            values |= self._judge_step(parts, moment, seen)
        return values

    def _judge_step(self, parts: Sequence[Part], moment: Moment, seen: Sequence[Any]) -> dict[str, float]:
        assert self.judge_optimiser is not None
        _set_rate(self.judge_optimiser, moment.discriminator_rate)
        self.judge_optimiser.zero_grad(set_to_none=True)
        sums: Terms = {}
        for part, left in zip(parts, seen, strict=True):
            with ExitStack() as stack:
                stack.enter_context(self._shared_at(part is parts[-1], [j.wrapped for j in self.judges.values()]))
                for judge in self.judges.values():
                    stack.enter_context(judge.learning(part is parts[0]))
                losses = self._judged(part, moment, left)
                self.fabric.backward(torch.stack(list(losses.values())).sum() / len(parts))
            _add(sums, losses, len(parts))
        values = self._checked(sums, moment)
        self.judge_optimiser.step()
        return values

    def _checked(self, terms: Mapping[str, Tensor], moment: Moment) -> dict[str, float]:
        """Means over the processes, all of which see the same and stop together."""
        together = torch.stack([value.detach().float() for value in terms.values()])
        if self.fabric.world_size > 1:
            reduced = self.fabric.all_reduce(together, reduce_op="mean")
            assert isinstance(reduced, Tensor)
            together = reduced
        values = dict(zip(terms, together.tolist(), strict=True))
        wrong = [name for name, value in values.items() if not abs(value) < float("inf")]
        if wrong:
            raise XrayToCTError(
                f"The loss is no longer finite at step {moment.step}: {', '.join(wrong)}.",
                hint="The last checkpoint is from before. Look at the newest pictures; then resume with a smaller "
                "learning rate or a smaller weight of that term, in another run that starts from this one.",
            )
        return values

    @contextmanager
    def _shared_at(self, last: bool, networks: Sequence[Any]) -> Iterator[None]:
        """Processes exchange gradients once a step: with the last part."""
        with ExitStack() as stack:
            for network in networks:
                stack.enter_context(self.fabric.no_backward_sync(network, enabled=not last))
            yield

    def _set_up(self, network: nn.Module) -> Any:
        wrapped = self._wrap(network)
        self._learning.append(wrapped)
        return wrapped

    def _add_judge(self, name: str, channels: int, filters: int) -> None:
        """A discriminator, unless the adversarial term has no weight."""
        if not self.config.family.weights.adversarial:
            return
        settings = self.config.family.discriminator
        network = build_discriminator(settings, channels, filters)
        self.networks[f"judge_{name}"] = network
        self.judges[name] = Judge(network, self._wrap(network), settings, self.config.engine.batch)

    def _wrap(self, network: nn.Module) -> Any:
        engine = self.config.engine
        if engine.channels_last:
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's stubs
        return self.fabric.setup_module(torch.compile(network) if engine.compile else network)  # type: ignore[arg-type]

    def _plain_generator(self) -> Scaled:
        plain: Scaled = self.generator.module
        return plain

    @torch.no_grad()
    def predict(self, image: Tensor) -> Tensor:
        """(n, 1, rows, cols) normalised line integrals -> (n, slabs, rows, cols) HU / 1000, by the averaged weights."""
        with self.fabric.autocast():
            stack: Tensor = self.average.network(image.to(self.fabric.device))
        return stack.float()

    def state(self) -> dict[str, Any]:
        """Everything that a resumed run needs, of this process; pools hold its own lanes."""
        optimisers = {"generator_optimiser": self.generator_optimiser, "judge_optimiser": self.judge_optimiser}
        return {
            **{name: network.state_dict() for name, network in self.networks.items()},
            "average": self.average.network.network.state_dict(),
            **{name: optimiser.state_dict() for name, optimiser in optimisers.items() if optimiser is not None},
            "pools": {name: judge.pool.state() for name, judge in self.judges.items()},
        }

    def load_state(self, state: Mapping[str, Any], lanes: Sequence[int]) -> None:
        """Take over what ``state`` gave; of the pools, what belongs to this process's ``lanes``."""
        for name, network in self.networks.items():
            network.load_state_dict(state[name])
        self.average.network.network.load_state_dict(state["average"])
        self.generator_optimiser.load_state_dict(state["generator_optimiser"])
        if self.judge_optimiser is not None:
            self.judge_optimiser.load_state_dict(state["judge_optimiser"])
        for name, judge in self.judges.items():
            judge.pool.load_state(state["pools"][name], lanes, self.fabric.device)


def _optimiser(settings: OptimiserSettings, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    kind = torch.optim.AdamW if settings.name == "adamw" else torch.optim.Adam
    return kind(
        list(parameters),
        lr=settings.learning_rate,
        betas=settings.betas,
        weight_decay=settings.weight_decay,
        fused=True,
    )


def _set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = rate


def _add(sums: Terms, terms: Terms, parts: int) -> None:
    for name, value in terms.items():
        sums[name] = sums.get(name, torch.zeros_like(value)) + value.detach() / parts
