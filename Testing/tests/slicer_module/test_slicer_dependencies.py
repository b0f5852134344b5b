"""What is missing is asked for once, on the main thread, and never installed while Slicer runs tests."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from importlib.util import find_spec
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import slicer
from Testing.host import SlicerHost
from XrayToCTLib import XrayToCTError

from panel_driver import press
from scene_probe import add_volume, chest_values

RUNNERS = {"torch", "openvino", "onnxruntime"}


@pytest.fixture
def dependencies(gui: SlicerHost) -> ModuleType:
    from XrayToCTPanel import dependencies

    return dependencies


@pytest.fixture
def lacking(dependencies: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """A set of import names that seem not to be installed."""
    names: set[str] = set()
    monkeypatch.setattr(dependencies, "find_spec", lambda name: None if name in names else find_spec(name))
    yield names


def installed_by_pip(monkeypatch: pytest.MonkeyPatch, lacking: set[str]) -> list[Any]:
    """slicer.util.pip_install, kept: it makes everything importable."""
    calls: list[Any] = []

    def pip_install(requirements: Any) -> None:
        calls.append(requirements)
        lacking.clear()

    monkeypatch.setattr(slicer.util, "pip_install", pip_install)
    return calls


def test_nothing_is_missing_where_the_project_is_installed(dependencies: ModuleType) -> None:
    assert dependencies.missingPackages() == []
    dependencies.ensureDependencies()


def test_the_requirement_is_named_not_the_import(dependencies: ModuleType, lacking: set[str]) -> None:
    lacking.add("cv2")
    assert dependencies.missingPackages() == ["opencv-python-headless>=4.9"]


def test_nothing_is_installed_while_slicer_tests(dependencies: ModuleType, lacking: set[str], monkeypatch: Any) -> None:
    for names in ({"cv2"}, RUNNERS):
        calls = installed_by_pip(monkeypatch, lacking)
        lacking.update(names)
        with pytest.raises(XrayToCTError, match="Not installed"):
            dependencies.ensureDependencies()
        assert calls == []
        lacking.clear()


def test_slicer_5_10_asks_once_and_installs(
    gui: SlicerHost, dependencies: ModuleType, lacking: set[str], monkeypatch: Any
) -> None:
    import qt

    gui.app.hostTesting = False
    lacking.update({"cv2", "jsonschema"})
    calls = installed_by_pip(monkeypatch, lacking)
    gui.gui.dialogs.expect("opencv-python-headless", qt.QMessageBox.Ok)
    dependencies.ensureDependencies()
    assert "about 162 MB" in gui.gui.dialogs.shown[0]
    assert calls == [["opencv-python-headless>=4.9", "jsonschema>=4.20"]]
    assert len(gui.gui.dialogs.shown) == 1


def test_a_declined_question_installs_nothing(
    gui: SlicerHost, dependencies: ModuleType, lacking: set[str], monkeypatch: Any
) -> None:
    import qt

    gui.app.hostTesting = False
    lacking.add("cv2")
    calls = installed_by_pip(monkeypatch, lacking)
    gui.gui.dialogs.expect("opencv-python-headless", qt.QMessageBox.Cancel)
    with pytest.raises(XrayToCTError, match="were not installed"):
        dependencies.ensureDependencies()
    assert calls == []


def test_slicer_5_12_s_own_packaging_is_used_where_it_exists(
    gui: SlicerHost, dependencies: ModuleType, lacking: set[str], monkeypatch: Any
) -> None:
    gui.app.hostTesting = False
    lacking.add("cv2")
    calls: list[Any] = []
    packaging = ModuleType("slicer.packaging")
    packaging.load_requirements = lambda path: f"requirements of {path}"  # type: ignore[attr-defined]

    def pip_ensure(requirements: Any, requester: str) -> None:
        calls.append((requirements, requester))
        lacking.clear()

    packaging.pip_ensure = pip_ensure  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "slicer.packaging", packaging)
    monkeypatch.setattr(slicer, "packaging", packaging, raising=False)
    dependencies.ensureDependencies()
    ((requirements, requester),) = calls
    assert requirements.endswith("requirements.txt")
    assert requester == "X-ray to CT"


def test_an_installation_that_does_not_help_is_said(
    gui: SlicerHost, dependencies: ModuleType, lacking: set[str], monkeypatch: Any
) -> None:
    import qt

    gui.app.hostTesting = False
    lacking.add("cv2")
    monkeypatch.setattr(slicer.util, "pip_install", lambda requirements: None)
    gui.gui.dialogs.expect("opencv-python-headless", qt.QMessageBox.Ok)
    with pytest.raises(XrayToCTError, match="still missing"):
        dependencies.ensureDependencies()


def test_torch_comes_from_the_pytorch_extension(
    gui: SlicerHost, dependencies: ModuleType, lacking: set[str], monkeypatch: Any
) -> None:
    gui.app.hostTesting = False
    lacking.update(RUNNERS)
    asked: list[bool] = []

    class PyTorchUtilsLogic:
        answer: Any = "torch"

        def installTorch(self, askConfirmation: bool = False) -> Any:
            asked.append(askConfirmation)
            return PyTorchUtilsLogic.answer

    monkeypatch.setitem(sys.modules, "PyTorchUtils", SimpleNamespace(PyTorchUtilsLogic=PyTorchUtilsLogic))
    dependencies.ensureDependencies()
    assert asked == [True]
    PyTorchUtilsLogic.answer = None
    with pytest.raises(XrayToCTError, match="PyTorch was not installed"):
        dependencies.ensureDependencies()


def test_nobody_is_asked_for_torch_where_something_else_runs_the_models(
    gui: SlicerHost, dependencies: ModuleType, lacking: set[str]
) -> None:
    gui.app.hostTesting = False
    lacking.update(RUNNERS - {"onnxruntime"})
    dependencies.ensureDependencies()
    assert gui.gui.dialogs.shown == []


def test_without_the_pytorch_extension_its_name_is_said(
    gui: SlicerHost, dependencies: ModuleType, lacking: set[str], monkeypatch: Any
) -> None:
    gui.app.hostTesting = False
    lacking.update(RUNNERS)
    monkeypatch.setitem(sys.modules, "PyTorchUtils", None)
    with pytest.raises(XrayToCTError, match="Extensions Manager"):
        dependencies.ensureDependencies()


def test_another_thread_installs_nothing(gui: SlicerHost, dependencies: ModuleType, lacking: set[str]) -> None:
    gui.app.hostTesting = False
    lacking.add("cv2")
    caught: list[XrayToCTError] = []

    def work() -> None:
        try:
            dependencies.ensureDependencies()
        except XrayToCTError as error:
            caught.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert "from the panel" in str(caught[0])


def test_the_first_press_in_a_bare_slicer_asks_installs_and_translates(
    gui: SlicerHost, lacking: set[str], monkeypatch: Any
) -> None:
    import qt

    gui.app.hostTesting = False
    lacking.add("jsonschema")
    calls = installed_by_pip(monkeypatch, lacking)
    add_volume(chest_values())
    panel = gui.open_panel("XrayToCT")
    assert panel.ui.translateButton.enabled
    assert "will be asked" in panel.ui.modelCardLabel.text
    gui.gui.dialogs.expect("jsonschema", qt.QMessageBox.Ok)
    press(panel)
    assert len(calls) == 1
    assert panel.ui.translateStatusLabel.text.startswith("Made ")
    assert panel.ui.modelComboBox.currentText.startswith("A tiny model")
