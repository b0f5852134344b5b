"""Stand-in for slicer.app (qSlicerApplication), as far as scripted modules use it. Needs no Qt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from .faults import Faults
from .io_manager import CoreIOManager
from .layout_manager import LayoutManager
from .module_manager import ModuleManager
from .mrml_scene import MrmlScene
from .slots import SignalTable


class Application:
    """An attribute that is not here does not exist: AttributeError, as from PythonQt."""

    applicationName = "Slicer"
    documentationBaseUrl = "https://slicer.readthedocs.io/en/latest/"
    majorVersion, minorVersion = 5, 12

    def __init__(self, mrml: MrmlScene, modules: ModuleManager, home: Path, faults: Faults) -> None:
        self.slicerHome = str(home)
        self.temporaryPath = str(home)
        self._mrml = mrml
        self._modules = modules
        self._io = CoreIOManager(mrml.scene, mrml.logics["Volumes"])
        self._signals = SignalTable("qSlicerApplication", ("startupCompleted()", "aboutToQuit()"), faults)
        self._faults = faults
        self._windows: list[Any] = []
        self.hostSettings: Any = None  # Qt's, once there is Qt
        self.hostLayoutManager: LayoutManager | None = None
        self.hostTesting = True  # the host's own switch: what testingEnabled() answers
        self.hostCursors: list[Any] = []  # override cursors not yet restored
        self.hostProcessEvents: Callable[[], None] = lambda: None  # Qt's, once there is Qt

    def testingEnabled(self) -> bool:
        return self.hostTesting

    def connect(self, signature: str, function: Callable[..., Any]) -> bool:
        return self._signals.connect(signature, function)

    def disconnect(self, signature: str, function: Callable[..., Any]) -> bool:
        return self._signals.disconnect(signature, function)

    def hostEmit(self, signature: str) -> None:
        self._signals.emit(signature)

    def moduleDocumentationUrl(self, moduleName: str) -> str:
        return f"{self.documentationBaseUrl}user_guide/modules/{moduleName.lower()}.html"

    def applicationLogic(self) -> Any:
        return self._mrml.application_logic

    def mrmlScene(self) -> Any:
        return self._mrml.scene

    def coreIOManager(self) -> CoreIOManager:
        return self._io

    def ioManager(self) -> CoreIOManager:
        return self._io

    def moduleManager(self) -> ModuleManager:
        return self._modules

    def layoutManager(self) -> LayoutManager | None:
        """None, as in a Slicer that runs without its main window, until the host shows one."""
        return self.hostLayoutManager

    def topLevelWidgets(self) -> list[Any]:
        return list(self._windows)

    def userSettings(self) -> Any:
        return self.hostSettings

    def processEvents(self) -> None:
        self.hostProcessEvents()

    def setOverrideCursor(self, cursor: Any) -> None:
        self.hostCursors.append(cursor)

    def restoreOverrideCursor(self) -> None:
        if not self.hostCursors:
            self._faults.record("restoreOverrideCursor() without a cursor to restore")
            return
        self.hostCursors.pop()

    def hostAddWindow(self, window: Any) -> None:
        """Lets slicer.util.mainWindow() find a window."""
        self._windows.append(window)

    def close(self) -> None:
        """What is still held when the application ends is a fault: a wait cursor would stay on for ever."""
        if self.hostLayoutManager is not None:
            self.hostLayoutManager.hostClose()
            self.hostLayoutManager = None
        if self.hostCursors:
            self._faults.record(f"{len(self.hostCursors)} override cursor(s) were never restored")
            self.hostCursors.clear()
