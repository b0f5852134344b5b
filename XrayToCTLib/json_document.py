"""JSON documents that a schema describes: read strictly, and refused with the name of the first field that is wrong."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn

from .errors import XrayToCTError

_LONGEST_MESSAGE = 200


@dataclass(frozen=True, slots=True)
class DocumentKind:
    """What a document is called in messages, where its JSON schema lies, and what to do about a wrong one."""

    noun: str
    schema: Path
    version: int
    hint: str

    def parse(self, text: str, source: str) -> Any:
        """The document in a text.

        Raises:
            XrayToCTError: the text is no JSON, or holds NaN or Infinity, which Python's json would take.
        """
        try:
            return json.loads(text, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise XrayToCTError(f"{source} is not valid JSON: {error}.", hint=self.hint) from error

    def check(self, record: Any, source: str) -> None:
        """Check a parsed document against the schema and its ``schema_version``.

        Raises:
            XrayToCTError: naming the first field that is wrong; or jsonschema is not installed.
        """
        if not isinstance(record, dict):
            raise XrayToCTError(f"{source} is not a {self.noun}: a JSON object is expected.", hint=self.hint)
        version = record.get("schema_version")
        if version != self.version or isinstance(version, bool):
            raise XrayToCTError(
                f"{source} has schema_version {version!r}; this version of XrayToCT reads {self.version}.",
                hint=f"Update XrayToCT, or use a {self.noun} made for this version.",
            )
        found = _validator(self.schema).iter_errors(record)
        errors = sorted(found, key=lambda error: [str(step) for step in error.absolute_path])
        if errors:
            where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in errors[0].absolute_path)
            field = where.lstrip(".") or f"(the whole {self.noun.split()[-1]})"
            raise XrayToCTError(f"{source}: field {field} is wrong: {_shortened(errors[0].message)}.", hint=self.hint)


@lru_cache
def _validator(schema: Path) -> Any:
    try:
        import jsonschema
    except ImportError as error:
        raise XrayToCTError(
            "The Python package jsonschema, which checks model cards and pipelines, is not installed.",
            hint="Install it with: pip install jsonschema",
        ) from error
    return jsonschema.Draft202012Validator(json.loads(schema.read_text(encoding="utf-8")))


def _shortened(message: str) -> str:
    return message if len(message) <= _LONGEST_MESSAGE else message[: _LONGEST_MESSAGE - 3] + "..."


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")
