"""Putting the stand-ins where `import` finds them: slicer.ScriptedLoadableModule, slicer.i18n, SampleData..."""

from __future__ import annotations

import sys
from types import ModuleType

from . import parameter_node, sample_data, scripted_classes, translation

# What the modules of this project leave in sys.modules: dropped at the end, so that the next host loads them afresh.
_PROJECT_PREFIXES = ("XrayToCT", "XrayToCTPanel")


class InstalledModules:
    def __init__(self) -> None:
        import slicer

        self._names: list[str] = []
        slicer.ScriptedLoadableModule = self._install("slicer.ScriptedLoadableModule", scripted_classes)
        slicer.parameterNodeWrapper = self._install("slicer.parameterNodeWrapper", parameter_node)
        slicer.i18n = self._install("slicer.i18n", translation)
        self._install("SampleData", sample_data)
        sample_data.forget()

    def _install(self, name: str, source: ModuleType) -> ModuleType:
        """A fresh module object with the public names of ``source``."""
        module = ModuleType(name, source.__doc__)
        names = getattr(source, "__all__", None) or [n for n in vars(source) if not n.startswith("_")]
        for public in names:
            setattr(module, public, getattr(source, public))
        module.__all__ = list(names)  # type: ignore[attr-defined]
        sys.modules[name] = module
        self._names.append(name)
        return module

    def remove(self) -> None:
        for name in self._names:
            sys.modules.pop(name, None)
        for name in tuple(sys.modules):
            if name.split(".")[0] in _PROJECT_PREFIXES:
                del sys.modules[name]
