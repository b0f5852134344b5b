"""Console: what a verb says, and where. stdout carries results only, so that it can be piped."""

from __future__ import annotations

import json
import sys
from typing import Any


def say(text: str) -> None:
    """A line for people, on stderr."""
    print(text, file=sys.stderr, flush=True)


def print_result(text: str) -> None:
    """A line of the result, on stdout."""
    print(text, flush=True)


def print_json(content: Any) -> None:
    """The result as JSON, on stdout."""
    print(json.dumps(content, indent=2, ensure_ascii=False), flush=True)


class ProgressLine:
    """Progress of one file on stderr: one line that changes on a terminal, one line a phase elsewhere (logs)."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._phase = ""
        self._on_terminal = sys.stderr.isatty()
        self._width = 0

    def __call__(self, fraction: float, phase: str) -> None:
        if self._on_terminal:
            line = f"{self._name}: {100 * fraction:3.0f} % {phase}"
            print("\r" + line.ljust(self._width), end="", file=sys.stderr, flush=True)
            self._width = len(line)
        elif phase != self._phase:
            say(f"{self._name}: {phase}")
        self._phase = phase

    def end(self) -> None:
        """Leave the line, whatever happened."""
        if self._width:
            print(file=sys.stderr, flush=True)
            self._width = 0
