"""Fixtures that every test may use."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests, and the programs that they start, remember nothing in the cache folder of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XRAYTOCT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session", autouse=True)
def single_precision() -> Iterator[None]:
    """Half precision is used where it is the faster one, which a busy machine may measure one way in one process and
    the other way in the next: tests that compare stacks would fail now and then. ``measured_precision`` undoes it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XRAYTOCT_PRECISION", "fp32")
        yield


@pytest.fixture
def measured_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    """As users have it: the faster one."""
    monkeypatch.delenv("XRAYTOCT_PRECISION")


@pytest.fixture(scope="session", autouse=True)
def heard_interrupts() -> None:
    """A shell starts background jobs deaf to Ctrl-C, and so would be every program that the tests interrupt."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real images beside the checkout; the project does not contain them."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no ../shared/data beside this checkout")
    return folder


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20261122)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Where a worker and its client exchange arrays; empty when a test is done."""
    folder = tmp_path / "exchange"
    folder.mkdir()
    yield folder
    assert list(folder.iterdir()) == []
