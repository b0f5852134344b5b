"""Protocol: JSON lines between client and worker. Arrays never travel in them: they lie beside, as .npy files.

Client to worker: ``translate`` (id, radiograph, pixels, model, device), ``cancel`` (id), ``shutdown``.
Worker to client: ``hello`` (protocol, version), ``progress`` (id, fraction, phase), ``result`` (id, stack, hu),
``error`` (id, message, hint, cancelled).
A batch's child takes ``image`` (id, task, settings) and answers with ``outcome`` (id, outcome).
"""

from __future__ import annotations

import json
from typing import Any

PROTOCOL = 1
# A card with its credits is some ten kilobytes; a line beyond this is no message of ours.
LONGEST_LINE = 4_000_000
_FIELDS: dict[str, dict[str, type | tuple[type, ...]]] = {
    "hello": {"protocol": int, "version": str},
    "translate": {"id": int, "radiograph": dict, "pixels": str, "device": str},
    "cancel": {"id": int},
    "shutdown": {},
    "progress": {"id": int, "fraction": (int, float), "phase": str},
    "result": {"id": int, "stack": dict, "hu": str},
    "error": {"id": int, "message": str, "hint": str, "cancelled": bool},
    "image": {"id": int, "task": dict, "settings": dict},
    "outcome": {"id": int, "outcome": dict},
}


class BrokenMessage(Exception):  # noqa: N818 - never leaves this room
    """A line that is no message of this protocol."""


def encode(kind: str, **fields: Any) -> bytes:
    """A message as one line. ASCII only: no locale and no terminal can change it."""
    return json.dumps({"kind": kind, **fields}, allow_nan=False).encode("ascii") + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    """The message in a line.

    Raises:
        BrokenMessage: not whole, not JSON, of no known kind, or a field is missing or of another type.
    """
    if not line.endswith(b"\n"):
        raise BrokenMessage("a line without its end")
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BrokenMessage("a line that is not JSON") from error
    fields = _FIELDS.get(str(message.get("kind"))) if isinstance(message, dict) else None
    if fields is None:
        raise BrokenMessage("a message of no known kind")
    for name, types in fields.items():
        if not isinstance(message.get(name), types):
            raise BrokenMessage(f"a message {message['kind']!r} without a usable {name!r}")
    return dict(message)
