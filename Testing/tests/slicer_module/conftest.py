"""Fixtures for the tests of the Slicer module."""

from __future__ import annotations

from Testing.host.pytest_fixtures import gui, host, kept_client, module, only_tiny_model, qt_host, tiny_models

__all__ = ["gui", "host", "kept_client", "module", "only_tiny_model", "qt_host", "tiny_models"]
