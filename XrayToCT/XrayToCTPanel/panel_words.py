"""Panel words: what the library says to programmers, said to the panel's user."""

from __future__ import annotations

import re
from typing import Any

from .provenance import BETWEEN_WARNINGS, PREFIX

# The library's sentences name Python arguments; the panel has other means.
_FOR_THE_PANEL = (
    (re.compile(r"Pass patient_id=[^.]*\."), "Fill in the patient ID under Export."),
    (re.compile(r"or allow overwriting\."), "or allow replacing files."),
    (re.compile(r"Pass [^.]*spacing=\([^.]*\."), "Set it in the Volumes module (Volume Information)."),
    (re.compile(r'Pass polarity="bone-dark"[^.]*\.'), "If bone is dark in it, invert the image first."),
    (re.compile(r' ?Pass polarity="bone-bright"[^.]*\.'), ""),
)


def forPanel(text: str) -> str:
    """The text with hints that a user of the panel can follow."""
    for pattern, words in _FOR_THE_PANEL:
        text = pattern.sub(words, text)
    return text


def resultText(stackNode: Any, seconds: float) -> str:
    """What was made, on which device, how fast, and one line a warning."""
    device = stackNode.GetAttribute(PREFIX + "Device") or ""
    warnings = (stackNode.GetAttribute(PREFIX + "Warnings") or "").split(BETWEEN_WARNINGS)
    lines = [f"Made {stackNode.GetName()} in {seconds:.1f} s on {device}.", *(f"• {w}" for w in warnings if w)]
    return forPanel("\n".join(lines))


def manyResultsText(results: Any, seconds: float) -> str:
    """How many were made, where they are, and one line for each that failed."""
    if results.sequence is not None:
        count = results.sequence.GetNumberOfDataNodes()
        first = f"Made {count} stacks in {seconds:.1f} s: the sequence {results.sequence.GetName()}."
    else:
        first = f"Made {len(results.nodes)} stacks in {seconds:.1f} s, in a folder of the subject hierarchy."
    return forPanel("\n".join([first, *(f"• Failed: {sentence}" for sentence in results.failures)]))
