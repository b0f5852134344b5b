"""What a model's card says of its input gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """How often ordinary inputs raise the gate's flag (share of them), and the protocol it was measured by."""

    rate: float
    protocol: str


@dataclass(frozen=True, slots=True)
class InputGate:
    """A model's gate.

    Attributes:
        file: in the bundle; it says what ordinary inputs look like.
        threshold: the score above which an input is flagged; 1 is the calibrated limit.
        fitted_on: what kinds of inputs, and how many.
        false_alarms: as measured.
    """

    file: str
    threshold: float
    fitted_on: str
    false_alarms: tuple[FalseAlarms, ...]

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> InputGate:
        """The gate in a card that was checked against the schema."""
        return cls(
            file=record["file"],
            threshold=float(record["threshold"]),
            fitted_on=record["fitted_on"],
            false_alarms=tuple(FalseAlarms(float(row["rate"]), row["protocol"]) for row in record["false_alarms"]),
        )
