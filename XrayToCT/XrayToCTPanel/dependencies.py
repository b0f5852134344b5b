"""Dependencies: Python packages that Slicer does not bring. torch comes from the PyTorch extension, never from pip."""

from __future__ import annotations

import re
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from XrayToCTLib.errors import XrayToCTError

REQUIREMENTS_FILE = Path(__file__).resolve().parents[1] / "Resources" / "requirements.txt"
# Where the package that pip installs is imported under another name.
_IMPORT_NAMES = {"opencv-python-headless": "cv2", "pylibjpeg-libjpeg": "libjpeg", "pylibjpeg-openjpeg": "openjpeg"}
_IMPORT_NAMES |= {"pylibjpeg-rle": "rle"}
_REQUESTER = "X-ray to CT"
# Of a package and what it brings, once installed: measured on Linux with Python 3.11, rounded up.
_MEGABYTES = {"opencv-python-headless": 160, "pydicom": 15, "pylibjpeg-libjpeg": 11, "pylibjpeg-openjpeg": 7}
_MEGABYTES |= {"matplotlib": 37}
_OTHERS_MEGABYTES = 2
# Any of these runs a model; without all of them, PyTorch is asked for.
_RUNNERS = ("torch", "openvino", "onnxruntime")


def requirements() -> list[str]:
    """The lines of requirements.txt, such as "safetensors>=0.4"."""
    lines = REQUIREMENTS_FILE.read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def missingPackages() -> list[str]:
    """The requirements that cannot be imported."""
    return [line for line in requirements() if find_spec(_importName(line)) is None]


def megabytes(requirementLines: list[str]) -> int:
    """About what installing them takes on disk."""
    return sum(_MEGABYTES.get(_packageName(line), _OTHERS_MEGABYTES) for line in requirementLines)


def ensureDependencies() -> None:
    """Makes sure that a translation can run; asks once before anything is installed.

    Raises:
        XrayToCTError: something is missing and was not installed: declined, failed, Slicer is testing, or this is not
            the main thread (pip and dialogs belong to it).
    """
    ensurePackages()
    if all(find_spec(name) is None for name in _RUNNERS):
        _refuseWhereNothingMayBeInstalled("PyTorch")
        _installTorch()


def ensurePackages() -> None:
    """The same without what runs a network, for all that runs none. Asks once, and raises as ``ensureDependencies``."""
    missing = missingPackages()
    if missing:
        _refuseWhereNothingMayBeInstalled(", ".join(missing))
        _installPackages(missing)
        if still := missingPackages():
            raise XrayToCTError(
                f"Python packages are still missing: {', '.join(still)}.", hint="Restart Slicer and try again."
            )


def _importName(requirement: str) -> str:
    name = _packageName(requirement)
    return _IMPORT_NAMES.get(name, name)


def _packageName(requirement: str) -> str:
    return re.match(r"[\w.-]+", requirement)[0]  # type: ignore[index]  # a requirement starts with a name


def _refuseWhereNothingMayBeInstalled(what: str) -> None:
    import slicer

    if slicer.app.testingEnabled():
        raise XrayToCTError(f"Not installed: {what}.", hint="Nothing is installed while Slicer runs tests.")
    if threading.current_thread() is not threading.main_thread():
        raise XrayToCTError(f"Not installed: {what}.", hint="Translate once from the panel, which can install it.")


def _installPackages(missing: list[str]) -> None:
    import slicer

    try:
        packaging = _slicerPackaging()
        if packaging is not None:  # 5.12 and later ask, show progress and respect Slicer's constraints
            packaging.pip_ensure(packaging.load_requirements(str(REQUIREMENTS_FILE)), requester=_REQUESTER)
            return
        question = (
            f"X-ray to CT needs these Python packages (about {megabytes(missing)} MB on disk). Install them into "
            "Slicer now? If not, nothing is installed, and you are asked again when you press Translate.\n\n"
        ) + "\n".join(missing)
        if not slicer.util.confirmOkCancelDisplay(question, _REQUESTER):
            raise RuntimeError("declined")
        slicer.util.pip_install(missing)
    except Exception as error:  # pip raises CalledProcessError, a declined question RuntimeError
        raise XrayToCTError(
            f"Python packages were not installed: {', '.join(missing)} ({error}).",
            hint="Press Translate again to be asked again, or see the log.",
        ) from error


def _slicerPackaging() -> Any:
    try:
        import slicer.packaging
    except ImportError:
        return None
    return slicer.packaging if hasattr(slicer.packaging, "pip_ensure") else None


def _installTorch() -> None:
    try:
        import PyTorchUtils
    except ImportError as error:
        raise XrayToCTError(
            "PyTorch is not installed.",
            hint="Install the extension 'PyTorch' in the Extensions Manager, restart Slicer, and press Translate.",
        ) from error
    if PyTorchUtils.PyTorchUtilsLogic().installTorch(askConfirmation=True) is None:
        raise XrayToCTError("PyTorch was not installed.", hint="Press Translate again to be asked again.")
