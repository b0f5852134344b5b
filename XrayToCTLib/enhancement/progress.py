"""Progress: telling the caller how far an enhancement is, and hearing from it that it should stop."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import XrayToCTError

ProgressCallback = Callable[[float, str], object]
"""Called with (fraction from 0 to 1, phase). Returning False, and only False, cancels."""


class EnhancementCancelled(XrayToCTError):  # noqa: N818 - a wish of the user, not an error
    """The caller's progress callback returned False. The radiograph is as it was."""

    def __init__(self) -> None:
        super().__init__("The enhancement was cancelled.", hint="Start it again when you like.")


def report(progress: ProgressCallback | None, fraction: float, phase: str) -> None:
    """Call ``progress``, if there is one.

    Raises:
        EnhancementCancelled: it returned False. Whatever it raises itself passes through.
    """
    if progress is not None and progress(fraction, phase) is False:
        raise EnhancementCancelled
