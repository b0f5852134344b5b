"""Progress: telling the caller how far a long task is, and hearing from it that it should stop."""

from __future__ import annotations

from collections.abc import Callable

from .errors import XrayToCTError

ProgressCallback = Callable[[float, str], object]
"""Called with (fraction from 0 to 1, phase). Returning False, and only False, cancels."""


class TranslationCancelled(XrayToCTError):  # noqa: N818 - a wish of the user, not an error
    """The caller's progress callback returned False. Nothing was written."""

    def __init__(self) -> None:
        super().__init__("The translation was cancelled.", hint="Start it again when you like.")


class EnhancementCancelled(XrayToCTError):  # noqa: N818 - a wish of the user, not an error
    """The caller's progress callback returned False. The radiograph is as it was."""

    def __init__(self) -> None:
        super().__init__("The enhancement was cancelled.", hint="Start it again when you like.")


class ComparisonCancelled(XrayToCTError):  # noqa: N818 - a wish of the user, not an error
    """The caller's progress callback returned False. Nothing was measured and nothing written."""

    def __init__(self) -> None:
        super().__init__("The comparison was cancelled.", hint="Start it again when you like.")


class ImportCancelled(XrayToCTError):  # noqa: N818 - a wish of the user, not an error
    """The caller's progress callback returned False. No model was installed; what was downloaded is kept to go on."""

    def __init__(self) -> None:
        super().__init__("The import was cancelled.", hint="Start it again when you like: a download goes on.")


def report(
    progress: ProgressCallback | None,
    fraction: float,
    phase: str,
    *,
    cancelled: type[XrayToCTError] = TranslationCancelled,
) -> None:
    """Call ``progress``, if there is one.

    Raises:
        TranslationCancelled, or what ``cancelled`` says: it returned False. What it raises itself passes through.
    """
    if progress is not None and progress(fraction, phase) is False:
        raise cancelled()  # type: ignore[call-arg]  # each brings its own words
