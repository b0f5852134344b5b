"""Stand-ins for slicer.modules, the module manager, and the C++ object that a scripted module describes itself on."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from .faults import Faults
from .slots import SignalTable

_TEXTS = ("title", "helpText", "acknowledgementText")
_LISTS = ("categories", "dependencies", "contributors")


class ScriptedModule:
    """Stand-in for qSlicerScriptedLoadableModule: takes the properties that it has, of the type they have."""

    def __init__(self, name: str, path: Path) -> None:
        values = {"name": name, "path": str(path), "icon": None, "hidden": False, "index": -1, "widgetCreator": None}
        values |= dict.fromkeys(_TEXTS, "") | {key: [] for key in _LISTS}
        object.__setattr__(self, "__dict__", values)

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self.__dict__:
            raise AttributeError(
                f"'{name}' does not exist on qSlicerScriptedLoadableModule and creating new attributes on C++ "
                "objects is not allowed"
            )
        if name in _TEXTS and not isinstance(value, str):
            raise AttributeError(f"{name} takes a string, not {type(value).__name__}")
        if name in _LISTS and not (isinstance(value, (list, tuple)) and all(isinstance(v, str) for v in value)):
            raise AttributeError(f"{name} takes a list of strings")
        object.__setattr__(self, name, value)

    def widgetRepresentation(self) -> Any:
        """The container that holds the panel; made on first use. None where the host runs without Qt."""
        creator = self.__dict__["widgetCreator"]
        return creator(self.__dict__["name"]) if creator else None


class ModuleManager:
    """Loads scripted modules as Slicer does, and answers for the modules that are there."""

    def __init__(self, faults: Faults, logics: dict[str, Any]) -> None:
        import slicer

        self._signals = SignalTable("qSlicerModuleManager", ("moduleAboutToBeUnloaded(QString)",), faults)
        self._modules: dict[str, Any] = {}
        self._loaded: dict[str, Any] = {}
        self.hostWidgetCreator: Callable[[str], Any] | None = None
        slicer.modules = SimpleNamespace()
        slicer.selfTests = {}
        for name, logic in logics.items():
            self._register(name, SimpleNamespace(name=name, logic=lambda logic=logic: logic))

    def _register(self, name: str, module: Any) -> None:
        import slicer

        self._modules[name] = module
        setattr(slicer.modules, name.lower(), module)

    def module(self, name: str) -> Any:
        return self._modules.get(name)

    def hostHave(self, name: str, module: Any) -> None:
        """Pretends that a module of another extension is there."""
        self._register(name, module)

    def connect(self, signature: str, function: Callable[..., Any]) -> bool:
        return self._signals.connect(signature, function)

    def disconnect(self, signature: str, function: Callable[..., Any]) -> bool:
        return self._signals.disconnect(signature, function)

    def hostLoad(self, name: str, path: Path) -> ModuleType:
        """Executes the file, appends its folder to sys.path and makes the module object, as Slicer's factory does."""
        if str(path.parent) not in sys.path:
            sys.path.append(str(path.parent))
        specification = importlib.util.spec_from_file_location(name, path)
        assert specification is not None and specification.loader is not None
        namespace = importlib.util.module_from_spec(specification)
        sys.modules[name] = namespace
        specification.loader.exec_module(namespace)
        module = ScriptedModule(name, path)
        module.widgetCreator = self.hostWidgetCreator
        self._register(name, module)
        self._loaded[name] = getattr(namespace, name)(module)
        return namespace

    def hostUnloadAll(self) -> None:
        import slicer

        for name in tuple(self._loaded):
            self._signals.emit("moduleAboutToBeUnloaded(QString)", name)
            del self._loaded[name]
            sys.modules.pop(name, None)
        slicer.selfTests = {}

    def hostListeners(self) -> int:
        return self._signals.connected("moduleAboutToBeUnloaded(QString)")
