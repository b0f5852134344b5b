"""Pipeline: an ordered list of filters with their parameters, and what it is as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, replace
from pathlib import Path
from typing import Any

from ..errors import XrayToCTError
from ..json_document import DocumentKind
from .parameters import FilterParameters
from .table import FILTERS, FilterEntry

SCHEMA_VERSION = 1
_HINT = "Correct the file, or export the pipeline again."
_PIPELINE = DocumentKind("pipeline", Path(__file__).with_name("pipeline.schema.json"), SCHEMA_VERSION, _HINT)


@dataclass(frozen=True, slots=True)
class Step:
    """One filter of a pipeline. A step that is not enabled keeps its place and its parameters, and does nothing."""

    filter: str
    parameters: FilterParameters
    enabled: bool = True

    @classmethod
    def of(cls, filter: str, *, enabled: bool = True, **values: Any) -> Step:
        """A step with the filter's defaults but for ``values``.

        Raises:
            XrayToCTError: no such filter, no such parameter, or a value that it cannot have; the message names it.
        """
        return cls(filter, _parameters(filter, values), enabled)

    def with_values(self, **values: Any) -> Step:
        """The same step with some parameters changed. Raises as ``of``."""
        return replace(self, parameters=_parameters(self.filter, {**self.values, **values}))

    @property
    def entry(self) -> FilterEntry:
        return FILTERS[self.filter]

    @property
    def values(self) -> dict[str, Any]:
        """Every parameter by its name."""
        return {item.name: getattr(self.parameters, item.name) for item in fields(self.parameters)}

    def describe(self) -> str:
        """ "clahe (clip_limit 2, tile 50 mm, strength 1)"."""
        parts = []
        for item in fields(self.parameters):
            value = getattr(self.parameters, item.name)
            unit = item.metadata.get("unit", "")
            text = _text(value)
            parts.append(f"{item.name} {text}{' mm' if unit == 'mm' else ''}")
        return f"{self.filter} ({', '.join(parts)})" if parts else self.filter

    def to_record(self) -> dict[str, Any]:
        return {"filter": self.filter, "parameters": self.values, "enabled": self.enabled}


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Filters in the order in which they run.

    Attributes:
        name: what people call it.
        steps: none at all is a pipeline too: it changes nothing.
        description: what it is good for.
    """

    name: str
    steps: tuple[Step, ...] = ()
    description: str = ""

    @classmethod
    def of_filter(cls, filter: str, **values: Any) -> Pipeline:
        """A pipeline of one filter, by whose name it goes. Raises as ``Step.of``."""
        return cls(filter, (Step.of(filter, **values),))

    @classmethod
    def from_json(cls, text: str, source: str = "The pipeline") -> Pipeline:
        """Read a pipeline.

        Args:
            text: JSON.
            source: where the text came from, for messages.

        Raises:
            XrayToCTError: broken JSON, another schema version, a field that breaks the schema, an unknown filter or
                parameter, or a value that a parameter cannot have; the message names it.
        """
        return cls.from_record(_PIPELINE.parse(text, source), source)

    @classmethod
    def from_record(cls, record: Any, source: str = "The pipeline") -> Pipeline:
        """The pipeline in a parsed JSON document. Raises as ``from_json``."""
        _PIPELINE.check(record, source)
        steps = []
        for number, given in enumerate(record["steps"], 1):
            try:
                parameters = _parameters(given["filter"], given.get("parameters", {}))
            except XrayToCTError as error:
                raise XrayToCTError(f"{source}, step {number}: {error.message}", hint=error.hint) from error
            steps.append(Step(given["filter"], parameters, given.get("enabled", True)))
        return cls(record["name"], tuple(steps), record.get("description", ""))

    def to_record(self) -> dict[str, Any]:
        """The pipeline as JSON types."""
        record = {
            "schema_version": SCHEMA_VERSION,
            "name": self.name,
            "description": self.description,
            "steps": [step.to_record() for step in self.steps],
        }
        return json.loads(json.dumps(record))  # tuples become lists

    def to_json(self) -> str:
        return json.dumps(self.to_record(), indent=2, ensure_ascii=False) + "\n"

    @property
    def active(self) -> tuple[Step, ...]:
        """The steps that are enabled."""
        return tuple(step for step in self.steps if step.enabled)

    def describe(self) -> str:
        """What runs, in one line."""
        return ", then ".join(step.describe() for step in self.active) or "nothing"


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return f"of {len(value)} values from {_text(value[0])} to {_text(value[-1])}" if value else "of no values"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _parameters(filter: str, values: Mapping[str, Any]) -> FilterParameters:
    """A filter's parameter record from names and JSON values."""
    entry = FILTERS.get(filter)
    if entry is None:
        raise XrayToCTError(f"There is no filter {filter!r}.", hint=f"Choose one of: {', '.join(FILTERS)}.")
    record = entry.parameters_class
    known = {item.name: item for item in fields(record)}
    given = {}
    for name, value in values.items():
        if name not in known:
            raise XrayToCTError(
                f"The filter {filter} has no parameter {name!r}.",
                hint=f"It has: {', '.join(known)}." if known else "It has none.",
            )
        default = known[name].default
        if isinstance(default, tuple) and isinstance(value, list):
            value = tuple(value)  # JSON knows lists only
        elif isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        elif type(default) is int and isinstance(value, float) and value.is_integer():
            value = int(value)
        given[name] = value
    missing = [name for name, item in known.items() if item.default is MISSING and name not in given]
    if missing:
        raise XrayToCTError(f"The filter {filter} needs {', '.join(missing)}.", hint="Give a value.")
    try:
        return record(**given)
    except XrayToCTError as error:
        raise XrayToCTError(f"{filter}: {error.message}", hint=error.hint) from error
