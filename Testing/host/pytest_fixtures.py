"""Fixtures over the host: import them into a test file by name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from XrayToCTLib.worker import WorkerClient

from Testing.host import SlicerHost, start_slicer


class KeptClient(WorkerClient):
    """A real client that outlives the panels that use it: starting a process for each test would take too long."""

    def close(self, *, wait: bool = True) -> None:
        """Not yet."""

    def really_close(self) -> None:
        super().close()


@pytest.fixture(scope="session")
def kept_client() -> Iterator[KeptClient]:
    """Its process starts at the first translation."""
    client = KeptClient()
    yield client
    client.really_close()


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one tiny model of 4 slabs, 50 mm each."""
    from tiny_bundle import write_tiny_bundle

    folder = tmp_path_factory.mktemp("models")
    write_tiny_bundle(folder / "tiny")
    return folder


@pytest.fixture
def only_tiny_model(tiny_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny model is the only one: the bundled ones would be slow and change with each training."""
    monkeypatch.setenv("XRAYTOCT_MODELS", str(tiny_models))
    monkeypatch.setattr("XrayToCTLib.models.registry._BUNDLED", tmp_path / "no-bundled-models")


@pytest.fixture
def host(only_tiny_model: None) -> Iterator[SlicerHost]:
    """Slicer's scene and logics, without Qt. Faults that were recorded fail the test."""
    running = start_slicer()
    yield running
    running.stop()


@pytest.fixture
def module(host: SlicerHost) -> ModuleType:
    """The module's namespace."""
    return host.load_module("XrayToCT")


@pytest.fixture
def gui(only_tiny_model: None, kept_client: KeptClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlicerHost]:
    """The same with Qt, and the module loaded, whose worker process all tests share."""
    running = start_slicer(qt=True)
    running.load_module("XrayToCT")
    monkeypatch.setattr("XrayToCTPanel.translation_worker._makeClient", lambda: kept_client)
    running.finish_startup()
    yield running
    running.stop()


@pytest.fixture
def qt_host() -> Iterator[SlicerHost]:
    """Slicer with Qt and no module."""
    running = start_slicer(qt=True)
    yield running
    running.stop()
