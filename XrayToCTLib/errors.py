"""The one error that users see."""

from __future__ import annotations


class XrayToCTError(Exception):
    """Something the user can act on: what happened (``message``) and what to do next (``hint``).

    The panel and the command line print ``str(error)`` and never a traceback.
    """

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}"
