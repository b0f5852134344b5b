"""Faults: what the user is told when files or processes fail."""

from __future__ import annotations

from pathlib import Path

from ..errors import XrayToCTError

RETRY_HINT = "Try again: a fresh process is started. Its log says more."


def disk_error(folder: Path, error: OSError) -> XrayToCTError:
    """Arrays could not be handed over through ``folder``."""
    return XrayToCTError(
        f"The temporary folder {folder.parent} could not be written to or read ({error.strerror or error}).",
        hint="Free some space there, or set TMPDIR (on Windows TEMP) to a folder with more.",
    )


def memory_error() -> XrayToCTError:
    return XrayToCTError(
        "There is not enough memory for this translation.", hint="Close other data, or reduce the radiograph first."
    )


def ended_error(how: str, phase: str, last_words: str) -> XrayToCTError:
    """The worker went away in the middle of ``phase``; ``last_words`` is the last line of its log."""
    hint = RETRY_HINT
    if how.endswith("SIGKILL"):
        hint += " Systems do this when memory is short: if it happens again, close other data first."
    elif "status" in how and last_words:
        how += f" ({last_words})"
    return XrayToCTError(f"The translation process {how} while {phase}.", hint=hint)
