"""Choice: which backends run a model here, the fastest first. Measured once, then remembered."""

from __future__ import annotations

import hashlib
import json
import platform
import sys
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...models.bundle import Bundle
from ...version import __version__
from . import remembered
from .protocol import Backend, backend_key
from .table import backend_called, candidates
from .threads import thread_count
from .tolerance import Difference
from .trial import Trial, try_backends

# Half precision costs HU, so it must gain this much in time.
_HALF_PRECISION_GAIN = 1.2
_TORCH_NOT_TRIED = "not tried: its import takes longer than it could save"

_choices: dict[str, Choice] = {}
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Choice:
    """The outcome for one model on this machine.

    Attributes:
        order: to be used, the best first; each further one is for when those before it fail.
        trials: of every candidate, with what it was measured or why it is not used.
        key: under which it is remembered; "" when there was nothing to measure.
    """

    order: tuple[Backend, ...]
    trials: tuple[Trial, ...] = ()
    key: str = ""


def choose_backends(bundle: Bundle, wanted: str = "auto", *, fresh: bool = False) -> Choice:
    """The backends for a model, by the name that a user gave.

    Args:
        bundle: of the model.
        wanted: see ``table.candidates``.
        fresh: measure all of them now, whatever is remembered.

    Returns:
        Those that work, and run this model, within the tolerance. None may.

    Raises:
        XrayToCTError: there is no such name.
    """
    found = candidates(wanted)
    if len(found) == 1 and not fresh:
        backend = found[0]
        reason = backend.unusable() or backend.unfit(bundle)
        trial = Trial(backend_key(backend), backend.version(), reason=reason)
        return Choice(() if reason else found, (trial,))
    key = _key(bundle, wanted, found)
    with _lock:
        if not fresh:
            known = _choices.get(key) or _from_record(key, remembered.recall(key))
            if known is not None:
                _choices[key] = known
                return known
        choice = _measured(bundle, found, key, everything=fresh)
        _choices[key] = choice
        if choice.order:
            remembered.remember(key, _to_record(choice))
        return choice


def forget_choice(choice: Choice) -> None:
    """Measure again the next time: what was remembered turned out not to work."""
    with _lock:
        _choices.pop(choice.key, None)
        if choice.key:
            remembered.forget(choice.key)


def forget_choices() -> None:
    """Forget what this process remembers; the file stays."""
    with _lock:
        _choices.clear()


def _measured(bundle: Bundle, found: tuple[Backend, ...], key: str, *, everything: bool) -> Choice:
    waiting: tuple[Backend, ...] = ()
    if not everything and "torch" not in sys.modules:
        waiting = tuple(backend for backend in found if backend.name == "torch-cpu")
    trials = try_backends(bundle, tuple(backend for backend in found if backend not in waiting))
    if waiting and not any(trial.seconds is not None and not trial.reason for trial in trials):
        trials, waiting = try_backends(bundle, found), ()
    order = _ranked(found, trials)
    trials += tuple(Trial(backend_key(backend), backend.version(), reason=_TORCH_NOT_TRIED) for backend in waiting)
    # Untried, but better than nothing when all that was tried fails.
    order += tuple(backend for backend in waiting if backend.version() and backend.precision == "fp32")
    return Choice(order, trials, key)


def _ranked(found: Iterable[Backend], trials: tuple[Trial, ...]) -> tuple[Backend, ...]:
    by_key = {trial.key: trial for trial in trials}

    def cost(backend: Backend) -> float:
        seconds = by_key[backend_key(backend)].seconds
        assert seconds is not None
        return seconds * (1.0 if backend.precision == "fp32" else _HALF_PRECISION_GAIN)

    good = {trial.key for trial in trials if trial.seconds is not None and not trial.reason}
    return tuple(sorted((backend for backend in found if backend_key(backend) in good), key=cost))


def _key(bundle: Bundle, wanted: str, found: Iterable[Backend]) -> str:
    """Another model, package, processor or number of threads is another question."""
    parts: list[Any] = [__version__, bundle.sha256, wanted, thread_count(), platform.machine(), _processor()]
    parts += [[backend_key(backend), backend.version()] for backend in found]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor()
    return next((line for line in text.splitlines() if line.startswith("model name")), platform.processor())


def _to_record(choice: Choice) -> dict[str, Any]:
    return {
        "order": [backend_key(backend) for backend in choice.order],
        "trials": [asdict(trial) for trial in choice.trials],
    }


def _from_record(key: str, record: Any) -> Choice | None:
    """None when there is no record, or somebody changed it."""
    try:
        order = [backend_called(name) for name in record["order"]]
        trials = []
        for given in record["trials"]:
            apart = Difference(**given["difference"]) if given["difference"] else None
            trials.append(Trial(**{**given, "difference": apart}))
    except (TypeError, KeyError, AttributeError):
        return None
    usable = tuple(backend for backend in order if backend is not None)
    return Choice(usable, tuple(trials), key) if usable and len(usable) == len(order) else None
