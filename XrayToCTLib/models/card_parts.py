"""The parts of a card that a model and its variants have alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Architecture:
    """One of the library's own networks (see networks/architectures.py) and its parameters: data, never code."""

    name: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MeasuredFidelity:
    """One number and the protocol it was measured by: without it, it compares with nothing."""

    metric: str
    value: float
    unit: str
    protocol: str
    interval95: tuple[float, float] | None = None

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> MeasuredFidelity:
        """The row in a card that was checked against the schema."""
        interval = record.get("interval95")
        return cls(**{**record, "interval95": None if interval is None else (float(interval[0]), float(interval[1]))})

    def to_record(self) -> dict[str, Any]:
        record = {"metric": self.metric, "value": self.value, "unit": self.unit, "protocol": self.protocol}
        return record if self.interval95 is None else {**record, "interval95": list(self.interval95)}
