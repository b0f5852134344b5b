"""Calling a Python function as PythonQt calls a slot: as many arguments as it takes, exceptions kept."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from .faults import Faults


def accepted_arguments(function: Callable[..., Any]) -> int | None:
    """How many positional arguments PythonQt would pass: those with defaults count; None means all (``*args``)."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # a builtin without a signature takes what it is given
        return None
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return None
    return sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)


class Slot:
    """A Python function connected to a signal.

    Equal to another slot of the same function, so that ``disconnect`` finds it.
    """

    def __init__(self, function: Callable[..., Any], faults: Faults, signal: str) -> None:
        if not callable(function):
            raise TypeError(f"{signal}: a slot must be callable, not {type(function).__name__}")
        self.function = function
        self._faults = faults
        self._signal = signal
        self._accepted = accepted_arguments(function)

    def __call__(self, *arguments: Any) -> None:
        taken = arguments if self._accepted is None else arguments[: self._accepted]
        try:
            self.function(*taken)
        except Exception as error:
            self._faults.record_exception(f"slot of {self._signal}", error)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Slot) and self.function == other.function and self._signal == other._signal

    def __hash__(self) -> int:
        return hash((self.function, self._signal))


class SignalTable:
    """The signals of an object that is not made by Qt: declared by signature, connected and emitted by signature."""

    def __init__(self, owner: str, signatures: tuple[str, ...], faults: Faults) -> None:
        self._owner = owner
        self._faults = faults
        self._slots: dict[str, list[Slot]] = {signature: [] for signature in signatures}

    def connect(self, signature: str, function: Callable[..., Any]) -> bool:
        """As PythonQt: a signal that does not exist gives False and no word; the host records it."""
        if signature not in self._slots:
            self._faults.record(f"{self._owner} has no signal '{signature}'; it has {sorted(self._slots)}")
            return False
        self._slots[signature].append(Slot(function, self._faults, signature))
        return True

    def disconnect(self, signature: str, function: Callable[..., Any]) -> bool:
        slot = Slot(function, self._faults, signature)
        if slot not in self._slots.get(signature, []):
            self._faults.record(f"{self._owner}: '{signature}' was not connected to {function}")
            return False
        self._slots[signature].remove(slot)
        return True

    def emit(self, signature: str, *arguments: Any) -> None:
        for slot in tuple(self._slots[signature]):
            slot(*arguments)

    def connected(self, signature: str) -> int:
        """How many functions listen."""
        return len(self._slots[signature])
