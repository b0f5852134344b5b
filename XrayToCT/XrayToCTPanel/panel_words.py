"""Panel words: what the library says to programmers, said to the panel's user."""

from __future__ import annotations

import re
from typing import Any

from slicer.i18n import tr as _

from .provenance import BETWEEN_WARNINGS, PREFIX

# The library's sentences name Python arguments; the panel has other means.
_FOR_THE_PANEL = (
    (re.compile(r"Pass patient_id=[^.]*\."), "Fill in the patient ID under Export."),
    (re.compile(r"Pass [^.]*spacing=\([^.]*\."), "Set it in the Volumes module (Volume Information)."),
    (re.compile(r'Pass polarity="bone-dark"[^.]*\.'), "If bone is dark in it, choose bone-dark as its polarity."),
    (re.compile(r'Pass polarity="bone-bright"[^.]*\.'), "If that was wrong, choose bone-bright as its polarity."),
)


_OVERWRITING = "or allow overwriting."


def forPanel(text: str, *, canReplace: bool = False) -> str:
    """The text with hints that a user of the panel can follow.

    Args:
        canReplace: files can be replaced by a choice of the section that says it.
    """
    replacing = "or allow replacing files." if canReplace else "or delete the one that is there first."
    text = text.replace(_OVERWRITING, replacing)
    for pattern, words in _FOR_THE_PANEL:
        text = pattern.sub(words, text)
    return text


def resultText(stackNode: Any, seconds: float) -> str:
    """What was made, on which device, how fast, and one line a warning."""
    device = stackNode.GetAttribute(PREFIX + "Device") or ""
    warnings = (stackNode.GetAttribute(PREFIX + "Warnings") or "").split(BETWEEN_WARNINGS)
    made = _("Made {name} in {seconds:.1f} s on {device}.").format(
        name=stackNode.GetName(), seconds=seconds, device=device
    )
    return forPanel("\n".join([made, *(f"• {warning}" for warning in warnings if warning)]))


def manyResultsText(results: Any, seconds: float) -> str:
    """How many were made, where they are, and one line for each that failed."""
    if results.sequence is not None:
        count = results.sequence.GetNumberOfDataNodes()
        made = _("Made {count} stacks in {seconds:.1f} s: the sequence {name}.").format(
            count=count, seconds=seconds, name=results.sequence.GetName()
        )
    else:
        made = _("Made {count} stacks in {seconds:.1f} s, in a folder of the subject hierarchy.").format(
            count=len(results.nodes), seconds=seconds
        )
    failed = [_("Failed: {sentence}").format(sentence=sentence) for sentence in results.failures]
    return forPanel("\n".join([made, *(f"• {sentence}" for sentence in failed)]))
