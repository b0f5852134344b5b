"""Loading the module where Slicer would."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_the_module_loads_where_only_its_folder_is_on_the_path(repository: Path) -> None:
    """As in Slicer with a source checkout; and nothing that Slicer lacks is imported at start."""
    code = f"""
import sys
sys.path = [p for p in sys.path if p not in ("", {str(repository)!r})]
import importlib.util, types
class Lacking:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "cv2", "pydicom", "matplotlib", "jsonschema", "safetensors", "skimage"):
            raise ModuleNotFoundError(name + " is imported at start", name=name)
sys.meta_path.insert(0, Lacking())
import slicer
slicer.mrmlScene = slicer.vtkMRMLScene()
slicer.app = types.SimpleNamespace(connect=lambda *a: True)
host = types.ModuleType("Testing")
host.__path__ = [{str(repository / "Testing")!r}]
sys.modules["Testing"] = host
from Testing.host.installed_modules import InstalledModules
InstalledModules()
sys.path.append({str(repository / "XrayToCT")!r})
import XrayToCT
print(XrayToCT.XrayToCTLogic.__name__, "qt" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd="/", check=False)
    assert done.stdout.split() == ["XrayToCTLogic", "False"], done.stderr[-2000:]
