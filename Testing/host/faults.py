"""What went wrong without an exception reaching the test: exceptions in slots, misspelt signals, forgotten cursors."""

from __future__ import annotations

import traceback


class Faults:
    """Collects faults; ``check`` turns them into one failure."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def record(self, message: str) -> None:
        self.messages.append(message)

    def record_exception(self, where: str, error: BaseException) -> None:
        """PythonQt only prints an exception that a slot raises: here it is kept."""
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        self.record(f"exception in {where}:\n{text}")

    def clear(self) -> list[str]:
        """Forgets the faults and returns them: for tests that expect one."""
        messages, self.messages = self.messages, []
        return messages

    def check(self) -> None:
        """Raises AssertionError if a fault was recorded."""
        messages = self.clear()
        if messages:
            raise AssertionError(f"{len(messages)} fault(s) in Slicer's stead:\n" + "\n".join(messages))
