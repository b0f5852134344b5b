"""Driving the panel: press, and let Qt's events in until the run is done."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import slicer

PATIENCE_S = 120.0  # how long a test waits before it fails; nothing waits this long when all is well


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Lets events in until ``condition`` holds; AssertionError when it takes too long."""
    until = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until, f"waited too long for {what}"
        slicer.app.processEvents()
        time.sleep(0.002)


def run_of(panel: Any) -> Any:
    """The translation that is under way, or None."""
    return panel.sections.loaded["TranslateSection"].controls.run


def press(panel: Any) -> None:
    """Presses Translate, and waits until the run is done."""
    panel.ui.translateButton.click()
    wait_until(lambda: run_of(panel) is None, "the translation")
