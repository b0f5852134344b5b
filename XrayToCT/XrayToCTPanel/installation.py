"""Installation: what is there, what is missing, and whether each device really computes."""

from __future__ import annotations

import platform
from collections.abc import Generator
from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _
from XrayToCTLib import version
from XrayToCTLib.worker.process_tree import python_interpreter

from .dependencies import missingPackages
from .process_job import ProcessJob
from .run import Wait

OLDEST_SLICER = (5, 10)
_LIBRARY_PARENT = Path(version.__file__).resolve().parents[1]
_COMMAND = "import sys; sys.path.append({root!r}); from XrayToCTLib.cli import main; sys.exit(main({arguments!r}))"


def tooOldText() -> str:
    """Why this Slicer is too old, or ""."""
    found = (int(slicer.app.majorVersion), int(slicer.app.minorVersion))
    if found >= OLDEST_SLICER:
        return ""
    return _("This is Slicer {found}. X-ray to CT needs {oldest} or later: parts of it may not work here.").format(
        found=".".join(map(str, found)), oldest=".".join(map(str, OLDEST_SLICER))
    )


def installationSteps(modelId: str) -> Generator[Any, Any, str]:
    """Steps of a run: a text on versions, packages and, from a process of its own, every device with a tiny run."""
    missing = missingPackages()
    lines = [
        f"X-ray to CT {version.__version__}, Slicer {slicer.app.majorVersion}.{slicer.app.minorVersion}, "
        f"Python {platform.python_version()}, {platform.platform()}",
        _("Missing packages: {names}").format(names=", ".join(missing)) if missing else _("No package is missing."),
        tooOldText(),
    ]
    if not missing:
        arguments = ["models", "--devices", *(["--model", modelId] if modelId else [])]
        code = _COMMAND.format(root=str(_LIBRARY_PARENT), arguments=arguments)
        job = ProcessJob([python_interpreter(), "-u", "-c", code], phase="trying the devices")
        lines.append((yield Wait(job)))
    return "\n".join(line for line in lines if line)
