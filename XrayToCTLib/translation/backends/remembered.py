"""Remembered: which backend was fastest, in a small file in the user's cache folder.

It may be deleted at any time, and it may be written by several processes at once: the last one wins, which costs a few
tenths of a second the next time.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

CACHE_ENVIRONMENT = "XRAYTOCT_CACHE"
_FILE = "backends.json"
_MOST_ENTRIES = 64  # each some 500 bytes; the oldest go


def cache_folder() -> Path:
    """$XRAYTOCT_CACHE, else the platform's cache folder. It need not exist."""
    if given := os.environ.get(CACHE_ENVIRONMENT):
        return Path(given).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "XrayToCT" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "XrayToCT"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "xray-to-ct"


def recall(key: str) -> Any:
    """What was remembered under ``key``; None when nothing was, or the file cannot be read."""
    return _read().get(key)


def remember(key: str, record: Any) -> None:
    """Keep ``record`` (JSON types). A folder that cannot be written is no reason to fail: it is measured again."""
    entries = _read()
    entries.pop(key, None)
    if record is not None:
        entries[key] = record
    kept = dict(list(entries.items())[-_MOST_ENTRIES:])
    target = cache_folder() / _FILE
    temporary = target.with_name(f".{_FILE}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(kept, indent=1), encoding="utf-8")
        temporary.replace(target)
    except OSError:
        try:
            temporary.unlink(missing_ok=True)
        except OSError:
            return


def forget(key: str) -> None:
    """Drop what was remembered under ``key``."""
    if key in _read():
        remember(key, None)


def _read() -> dict[str, Any]:
    try:
        entries = json.loads((cache_folder() / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # not there, or half a file of a full disk
        return {}
    return entries if isinstance(entries, dict) else {}
