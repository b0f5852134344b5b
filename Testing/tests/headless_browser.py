"""A headless Chromium for the tests of pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@contextmanager
def chromium() -> Iterator[Any]:
    """Playwright's Browser over $CHROMIUM, a Chromium of this machine, or Playwright's own; else the tests skip."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no page was checked")
    program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    with playwright.sync_playwright() as running:
        try:
            # Without its sandbox, because containers lack the privileges for it; the pages are our own.
            browser = running.chromium.launch(executable_path=program, args=["--no-sandbox"])
        except playwright.Error as error:
            pytest.skip(f"no Chromium: no page was checked ({str(error).strip().splitlines()[0]})")
        yield browser
        browser.close()
