"""Parameter records: what every filter's parameters have in common."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import Any

from ..errors import XrayToCTError


def parameter(
    default: Any,
    help: str,
    *,
    unit: str = "",
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[str, ...] = (),
) -> Any:
    """A field of a parameter record.

    Args:
        default: its type (bool, int, float, str or tuple of float) is the parameter's.
        help: one sentence for people.
        unit: "mm", "share of the value range", "noise standard deviations"...; "" for a pure number.
        minimum, maximum: both allowed themselves.
        choices: of a str.
    """
    metadata = {"help": help, "unit": unit, "minimum": minimum, "maximum": maximum, "choices": choices}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class FilterParameters:
    """Base of all parameter records: checks each field against its metadata.

    Raises:
        XrayToCTError: a value of the wrong type, out of its range, not finite, or none of the choices.
    """

    def __post_init__(self) -> None:
        for item in fields(self):
            _check(item.name, getattr(self, item.name), item.default, item.metadata)


def _check(name: str, value: Any, default: Any, metadata: Any) -> None:
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise XrayToCTError(f"{name} is {value!r}.", hint="Give true or false.")
    elif isinstance(default, str):
        if value not in metadata["choices"]:
            raise XrayToCTError(f"{name} is {value!r}.", hint=f"Choose one of: {', '.join(metadata['choices'])}.")
    elif isinstance(default, tuple):
        if not isinstance(value, tuple):
            raise XrayToCTError(f"{name} is {value!r}.", hint="Give a tuple of numbers.")
        for number in value:
            _check_number(name, number, metadata)
    else:
        _check_number(name, value, metadata)
        if isinstance(default, int) and value != int(value):
            raise XrayToCTError(f"{name} is {value!r}.", hint="Give a whole number.")


def _check_number(name: str, value: Any, metadata: Any) -> None:
    minimum, maximum, unit = metadata["minimum"], metadata["maximum"], metadata["unit"]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise XrayToCTError(f"{name} is {value!r}.", hint="Give a finite number.")
    if (minimum is not None and value < minimum) or (maximum is not None and value > maximum):
        low = "any" if minimum is None else f"{minimum:g}"
        high = "any" if maximum is None else f"{maximum:g}"
        raise XrayToCTError(f"{name} is {value:g} {unit}".rstrip() + ".", hint=f"Give a number from {low} to {high}.")
