"""Runs these tests outside of Slicer, over the host; inside Slicer they are plain unittest, without this file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from Testing.host import SlicerHost
from Testing.host.pytest_fixtures import gui, kept_client, only_tiny_model, tiny_models

__all__ = ["gui", "kept_client", "only_tiny_model", "slicer_runs", "tiny_models"]


@pytest.fixture(autouse=True)
def slicer_runs(gui: SlicerHost) -> Iterator[None]:
    """Slicer has started and its module is loaded. The panel is opened by slicer.util.getModuleWidget."""
    yield
