"""Starting and stopping the host; the few verbs that tests and the demo use."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

from .application import Application
from .faults import Faults
from .installed_modules import InstalledModules
from .layout_manager import LayoutManager
from .module_manager import ModuleManager
from .mrml_scene import MrmlScene

_REPOSITORY = Path(__file__).resolve().parents[2]


class SlicerHost:
    """One running Slicer without Slicer. There can be one at a time: `slicer` is one module in a process."""

    def __init__(self, *, qt: bool = False) -> None:
        import slicer

        self._folder = tempfile.TemporaryDirectory(prefix="slicer-host-")
        home = Path(self._folder.name)
        self._paths = list(sys.path)
        self.faults = Faults()
        self.mrml = MrmlScene(home)
        self.scene = self.mrml.scene
        self.modules = ModuleManager(self.faults, self.mrml.logics)
        self.app = Application(self.mrml, self.modules, home, self.faults)
        slicer.app = self.app
        self._installed = InstalledModules()
        self.gui: Any = None
        if qt:
            from .qt_host import QtHost

            self.gui = QtHost(self.app, self.modules, self.faults)

    def load_module(self, name: str, path: Path | None = None) -> ModuleType:
        """Loads `<repository>/<name>/<name>.py` (or ``path``) as a scripted module; returns its namespace."""
        return self.modules.hostLoad(name, path or _REPOSITORY / name / f"{name}.py")

    def finish_startup(self) -> None:
        """Emits startupCompleted(), on which modules register their sample data."""
        self.app.hostEmit("startupCompleted()")

    def load_volume(self, path: str | Path, name: str | None = None) -> Any:
        """slicer.util.loadVolume; RuntimeError when the file cannot be read."""
        import slicer

        return slicer.util.loadVolume(str(path), {"name": name} if name else {})

    def save_scene(self, path: str | Path) -> bool:
        """Writes .mrb or .mrml."""
        return self.app.coreIOManager().saveNodes("SceneFile", {"fileName": str(path)})

    def load_scene(self, path: str | Path) -> bool:
        """Replaces the scene by a file's."""
        return self.app.coreIOManager().loadNodes("SceneFile", {"fileName": str(path)}, None)

    def close_scene(self) -> None:
        """File > Close Scene."""
        self.scene.Clear(0)

    def open_panel(self, name: str) -> Any:
        """The module's Widget, set up and entered; needs ``start_slicer(qt=True)``."""
        return self.gui.open_panel(name)

    def grab(self, widget: Any, path: str | Path) -> Path:
        """Draws a widget into a PNG file."""
        return self.gui.grab(widget, Path(path))

    def show_main_window(self) -> LayoutManager:
        """From now on there is a layout manager, with Slicer's conventional layout; nothing is drawn."""
        if self.app.hostLayoutManager is None:
            self.app.hostLayoutManager = LayoutManager(self.mrml, self.faults)
        return self.app.hostLayoutManager

    def stop(self) -> None:
        """Ends the host; AssertionError if faults were recorded."""
        self.modules.hostUnloadAll()
        if self.gui is not None:
            self.gui.stop()
        self.app.close()
        self.mrml.stop()
        self._installed.remove()
        sys.path[:] = self._paths
        self._folder.cleanup()
        self.faults.check()

    def __enter__(self) -> SlicerHost:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.stop()
        except AssertionError:
            if error is None:  # the test's own error says more
                raise


def start_slicer(*, qt: bool = False) -> SlicerHost:
    """Starts the host.

    Args:
        qt: also make `qt`, `ctk` and the qMRML widgets, over PySide6, offscreen.
    """
    return SlicerHost(qt=qt)
